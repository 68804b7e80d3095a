#include <vector>

#include "instseg/mask.h"
#include "mask_cases.h"
#include "testing.h"

namespace instseg {
namespace {

using testing::Bytes;
using testing::MaskCase;
using testing::Random;
using Counts = std::vector<std::uint32_t>;

// The definition: walk down every column, count how long the value stays.
Counts slow_counts(const Bytes& image) {
  Counts counts;
  int value = 0;
  std::uint32_t length = 0;
  for (int x = 0; x < image.width; ++x) {
    for (int y = 0; y < image.height; ++y) {
      if (image.get(y, x) != value) {
        counts.push_back(length);
        length = 0;
        value = image.get(y, x);
      }
      ++length;
    }
  }
  counts.push_back(length);
  return counts;
}

// Reads COCO's compressed string.
Counts decode(const std::string& text) {
  std::vector<long long> counts;
  for (std::size_t i = 0; i < text.size();) {
    long long value = 0;
    for (int shift = 0;; shift += 5) {
      const int group = text[i++] - 48;
      value |= static_cast<long long>(group & 0x1f) << shift;
      if ((group & 0x20) != 0) continue;
      if ((group & 0x10) != 0) value -= 1LL << (shift + 5);
      break;
    }
    if (counts.size() > 2) value += counts[counts.size() - 2];
    counts.push_back(value);
  }
  return {counts.begin(), counts.end()};
}

TEST(Rle, CountsDownTheColumnsOfTheWholeImage) {
  const Mask mask = testing::mask_of(testing::picture("#.# ###"), 4, 6, 1, 1);
  //  ......
  //  .#.#..
  //  .###..
  //  ......
  EXPECT_TRUE((mask.rle_counts() == Counts{5, 2, 3, 1, 2, 2, 9}));
}

TEST(Rle, StartsWithAnEmptyRunWhereTheFirstPixelIsForeground) {
  EXPECT_TRUE((testing::mask_of(testing::picture("## ##")).rle_counts() == Counts{0, 4}));
  EXPECT_TRUE((testing::mask_of(testing::picture("#. ..")).rle_counts() == Counts{0, 1, 3}));
  EXPECT_TRUE((testing::mask_of(testing::picture(".. .#")).rle_counts() == Counts{3, 1}));
}

TEST(Rle, OfBackgroundIsOneRun) {
  EXPECT_TRUE((Mask(3, 4, {1, 1, 2, 2}).rle_counts() == Counts{12}));
  EXPECT_TRUE((Mask(3, 4, {0, 0, 0, 0}).rle_counts() == Counts{12}));
  EXPECT_TRUE((Mask().rle_counts() == Counts{0}));
}

// The strings were written by pycocotools 2.0 for the same pixels.
TEST(Rle, StringsAreThoseOfPycocotools) {
  EXPECT_EQ(Mask().rle(), "0");
  EXPECT_EQ(Mask(3, 4, {0, 0, 4, 3}).rle(), "<");
  EXPECT_EQ(testing::mask_of(testing::picture("#### #### ####")).rle(), "0<");
  Bytes stripes(100, 70);
  for (int x = 5; x < 65; ++x) {
    for (int y = 10; y < 90; y += 3) stripes.at(y, x) = 1;
  }
  for (int y = 0; y < 100; ++y) stripes.at(y, 69) = 1;
  const std::string text = testing::mask_of(stripes).rle();
  EXPECT_EQ(text.size(), std::size_t{3363});
  EXPECT_EQ(text.substr(0, 60), "n?12000000000000000000000000000000000000000000000000000c00]O");
}

TEST(Rle, RunsGoOnFromTheBottomOfAColumnToTheTopOfTheNext) {
  for (const int height : {1, 2, 63, 64, 65, 127, 128, 129}) {
    Bytes image(height, 70);
    for (int x = 2; x < 66; ++x) {
      for (int y = 0; y < height; ++y) image.at(y, x) = 1;
    }
    const auto h = static_cast<std::uint32_t>(height);
    EXPECT_TRUE((testing::mask_of(image).rle_counts() == Counts{2 * h, 64 * h, 4 * h}));
  }
}

TEST(Rle, IsThatOfTheSlowWalk) {
  Random random(11);
  for (int i = 0; i < 2000; ++i) {
    const MaskCase c = testing::random_mask(random, i % 10 == 0 ? 300 : 80);
    const Counts expected = slow_counts(c.image);
    if (!EXPECT_TRUE(c.mask.rle_counts() == expected) ||
        !EXPECT_TRUE(decode(c.mask.rle()) == expected)) {
      testing::fail(__FILE__, __LINE__, c.name);
      return;
    }
  }
}

TEST(Rle, HoldsRunsBeyondSignedIntegers) {
  Mask mask(65535, 65537, {65536, 65534, 1, 1});
  mask.row(0)[0] = 1;
  EXPECT_TRUE((mask.rle_counts() == Counts{4294967294u, 1}));
  EXPECT_TRUE((decode(mask.rle()) == Counts{4294967294u, 1}));
}

}  // namespace
}  // namespace instseg
