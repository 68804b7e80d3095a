// Every property of many random masks at once: what one format says, the others say too.

#include <cstdlib>

#include "instseg/mask.h"
#include "mask_cases.h"
#include "polygon_checks.h"
#include "testing.h"

namespace instseg {
namespace {

using testing::Bytes;
using testing::MaskCase;
using testing::Random;

Bytes decode(const std::vector<std::uint32_t>& counts, int height, int width) {
  Bytes image(height, width);
  std::size_t position = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    for (std::uint32_t k = 0; k < counts[i]; ++k, ++position) {
      image.at(static_cast<int>(position % static_cast<std::size_t>(height)),
               static_cast<int>(position / static_cast<std::size_t>(height))) = i % 2;
    }
  }
  return image;
}

std::string fault_of(const MaskCase& c) {
  if (testing::bytes_of(c.mask) != c.image) return "the bits are wrong";
  Bytes bitmap(c.image.height, c.image.width);
  c.mask.write_bitmap(bitmap.values.data(), bitmap.width);
  if (bitmap != c.image) return "the bitmap is wrong";

  const Region& region = c.mask.region();
  Bytes crop(region.height, region.width);
  c.mask.write_crop(crop.values.data(), crop.width);
  if (Mask::from_crop(c.image.height, c.image.width, region, crop.values.data(), crop.width) !=
      c.mask) {
    return "the crop does not give the mask back";
  }
  const std::vector<std::uint32_t> counts = c.mask.rle_counts();
  std::uint64_t pixels = 0;
  std::int64_t foreground = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (i > 0 && counts[i] == 0) return "a run is empty";
    pixels += counts[i];
    if (i % 2 == 1) foreground += counts[i];
  }
  if (pixels != c.image.values.size()) return "the runs do not cover the image";
  if (foreground != c.mask.area()) return "area and runs differ";
  if (decode(counts, c.image.height, c.image.width) != c.image) return "the runs are wrong";
  return testing::polygons_fault(c.mask.polygons(), c.image);
}

// INSTSEG_RANDOM_CASES runs more of them than the tests do.
TEST(RandomMasks, SayTheSameInEveryFormat) {
  const char* wanted = std::getenv("INSTSEG_RANDOM_CASES");
  const int cases = wanted != nullptr ? std::atoi(wanted) : 300;
  for (int i = 0; i < cases; ++i) {
    Random random(static_cast<unsigned>(1000 + i));
    const MaskCase c = testing::random_mask(random, i % 4 == 0 ? 140 : 24);
    if (!EXPECT_EQ(fault_of(c), "")) {
      testing::fail(__FILE__, __LINE__, "seed " + std::to_string(1000 + i) + ": " + c.name);
      return;
    }
  }
}

}  // namespace
}  // namespace instseg
