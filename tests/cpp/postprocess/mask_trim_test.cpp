#include "postprocess/mask_trim.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "instseg/mask_geometry.h"
#include "testing.h"

namespace instseg {
namespace {

using testing::Random;
using Bytes = std::vector<std::uint8_t>;

Bytes bitmap(const Mask& mask) {
  Bytes out(static_cast<std::size_t>(mask.image_height()) * mask.image_width());
  mask.write_bitmap(out.data(), mask.image_width());
  return out;
}

TEST(MaskTrim, KeepsThePixelsInTheSmallestRegion) {
  Random random(1);
  for (int i = 0; i < 300; ++i) {
    const Region region{random.integer(0, 20), random.integer(0, 5), random.integer(0, 200),
                        random.integer(0, 12)};
    const int image_height = region.y + region.height + random.integer(0, 3);
    const int image_width = region.x + region.width + random.integer(0, 70);
    Bytes crop(static_cast<std::size_t>(region.width) * region.height);
    const int set = random.integer(0, 4);
    for (int p = 0; p < set && !crop.empty(); ++p) {
      crop[static_cast<std::size_t>(random.integer(0, static_cast<int>(crop.size()) - 1))] = 1;
    }
    const Mask mask = Mask::from_crop(image_height, image_width, region, crop.data(), region.width);
    const Mask trim = trimmed(mask);
    ASSERT_TRUE(bitmap(trim) == bitmap(mask));
    int x1 = image_width, y1 = image_height, x2 = 0, y2 = 0;
    for (int y = 0; y < region.height; ++y) {
      for (int x = 0; x < region.width; ++x) {
        if (crop[static_cast<std::size_t>(y) * region.width + x] == 0) continue;
        x1 = std::min(x1, region.x + x);
        x2 = std::max(x2, region.x + x + 1);
        y1 = std::min(y1, region.y + y);
        y2 = std::max(y2, region.y + y + 1);
      }
    }
    const Region expected = x2 > x1 ? Region{x1, y1, x2 - x1, y2 - y1} : Region{};
    ASSERT_TRUE(trim.region() == expected);
    ASSERT_TRUE(foreground_region(mask) == expected);
    // Bits behind the region stay 0: two masks of the same pixels are equal.
    ASSERT_TRUE(trim == trimmed(trim));
    ASSERT_EQ(trim.area(), mask.area());
  }
}

}  // namespace
}  // namespace instseg
