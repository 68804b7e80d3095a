#include "instseg/mask.h"

#include <algorithm>
#include <climits>
#include <numeric>
#include <vector>

#include "instseg/errors.h"
#include "mask_cases.h"
#include "testing.h"

namespace instseg {
namespace {

using testing::Bytes;
using testing::MaskCase;
using testing::Random;

TEST(Mask, OfNothingIsEmpty) {
  const Mask mask;
  EXPECT_EQ(mask.image_height(), 0);
  EXPECT_EQ(mask.area(), 0);
  EXPECT_TRUE(mask.polygons().empty());
  mask.write_crop(nullptr, 0);
  mask.write_bitmap(nullptr, 0);
}

TEST(Mask, StartsAsBackground) {
  const Mask mask(10, 200, {100, 2, 65, 8});
  EXPECT_EQ(mask.words_per_row(), std::size_t{2});
  EXPECT_EQ(mask.area(), 0);
  EXPECT_TRUE(mask.region() == (Region{100, 2, 65, 8}));
}

TEST(Mask, RefusesRegionsOutsideTheImage) {
  const Region outside[] = {{-1, 0, 2, 2}, {0, -1, 2, 2},      {0, 0, 11, 2},     {0, 0, 2, 6},
                            {9, 0, 2, 2},  {0, 4, 2, 2},       {0, 0, -1, 2},     {0, 0, 2, -1},
                            {11, 0, 0, 0}, {2, 0, INT_MAX, 2}, {0, 2, 2, INT_MAX}};
  for (const Region& region : outside) {
    EXPECT_THROWS(InvalidArgument, "inside the image", Mask(5, 10, region));
  }
  EXPECT_THROWS(InvalidArgument, "inside the image", Mask(-1, 10, {0, 0, 0, 0}));
  EXPECT_THROWS(InvalidArgument, "width 10", Mask(5, 10, {0, 0, 11, 2}));
  EXPECT_EQ(Mask(5, 10, {10, 5, 0, 0}).area(), 0);
  EXPECT_EQ(Mask(5, 10, {0, 0, 10, 5}).area(), 0);
}

TEST(Mask, RefusesImagesBeyondCocoRunLengths) {
  EXPECT_THROWS(InvalidArgument, "4294967295", Mask(65536, 65536, {0, 0, 1, 1}));
  EXPECT_THROWS(InvalidArgument, "4294967295", Mask(INT_MAX, INT_MAX, {0, 0, 1, 1}));
  EXPECT_EQ(Mask(65535, 65537, {0, 0, 1, 1}).area(), 0);
}

TEST(Mask, PacksAndUnpacksEveryWidth) {
  Random random(1);
  for (int width = 0; width <= 200; ++width) {
    const int height = 3;
    Bytes crop = testing::random_bytes(height, width, random);
    const Mask expected = testing::mask_of(crop, 40, 260, 50, 30);
    // Any value but 0 is foreground; rows apart by more than their width, then from bottom to top.
    std::vector<std::uint8_t> padded(static_cast<std::size_t>(height) * (width + 5), 77);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        padded[static_cast<std::size_t>(y) * (width + 5) + x] =
            static_cast<std::uint8_t>(crop.get(y, x) * random.integer(1, 255));
      }
    }
    const Region region{50, 30, width, height};
    EXPECT_TRUE(Mask::from_crop(40, 260, region, padded.data(), width + 5) == expected);

    std::vector<std::uint8_t> out(padded.size(), 9);
    expected.write_crop(out.data(), width + 5);
    std::vector<std::uint8_t> upside_down(padded.size(), 9);
    expected.write_crop(upside_down.data() + 2 * (width + 5), -(width + 5));
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width + 5; ++x) {
        const int value = x < width ? crop.get(y, x) : 9;
        ASSERT_EQ(out[static_cast<std::size_t>(y) * (width + 5) + x], value);
        ASSERT_EQ(upside_down[static_cast<std::size_t>(2 - y) * (width + 5) + x], value);
      }
    }
    EXPECT_TRUE(Mask::from_crop(40, 260, region, upside_down.data() + 2 * (width + 5),
                                -(width + 5)) == expected);
  }
}

TEST(Mask, BitmapShowsTheRegionInItsPlaceAndNothingElse) {
  Random random(2);
  for (int i = 0; i < 300; ++i) {
    const MaskCase c = testing::random_mask(random, 150);
    const int stride = c.image.width + random.integer(0, 3);
    std::vector<std::uint8_t> out(static_cast<std::size_t>(c.image.height) * stride, 9);
    c.mask.write_bitmap(out.data(), stride);
    for (int y = 0; y < c.image.height; ++y) {
      for (int x = 0; x < stride; ++x) {
        const int expected = x < c.image.width ? c.image.get(y, x) : 9;
        if (!EXPECT_EQ(out[static_cast<std::size_t>(y) * stride + x], expected)) {
          testing::fail(__FILE__, __LINE__, c.name);
          return;
        }
      }
    }
  }
}

TEST(Mask, AreaCountsForegroundPixels) {
  Random random(3);
  for (int i = 0; i < 300; ++i) {
    const MaskCase c = testing::random_mask(random, 150);
    EXPECT_EQ(c.mask.area(), std::accumulate(c.image.values.begin(), c.image.values.end(), 0));
  }
}

TEST(Mask, IsEqualOnlyWithTheSameImageRegionAndBits) {
  const Mask mask = testing::mask_of(testing::picture("##. .#."), 9, 9, 1, 1);
  Mask copy = mask;
  EXPECT_TRUE(copy == mask);
  copy.row(0)[0] ^= 4;
  EXPECT_TRUE(copy != mask);
  EXPECT_TRUE(testing::mask_of(testing::picture("##. .#."), 9, 9, 1, 2) != mask);
  EXPECT_TRUE(testing::mask_of(testing::picture("##. .#."), 9, 8, 1, 1) != mask);
}

}  // namespace
}  // namespace instseg
