// What the merging of tiles and the measuring of results ask of masks.

#include <cmath>
#include <vector>

#include "bench.h"
#include "instseg/mask.h"
#include "instseg/mask_geometry.h"
#include "instseg/mask_sets.h"

namespace {

using namespace instseg;

// A wavy ellipse that fills the region.
Mask blob(int image_height, int image_width, const Region& region) {
  Mask mask(image_height, image_width, region);
  for (int y = 0; y < region.height; ++y) {
    for (int x = 0; x < region.width; ++x) {
      const double dx = 2.0 * x / region.width - 1;
      const double dy = 2.0 * y / region.height - 1;
      const double edge = 0.85 + 0.1 * std::sin(9 * std::atan2(dy, dx));
      if (std::hypot(dx, dy) < edge) mask.row(y)[x / 64] |= std::uint64_t{1} << (x % 64);
    }
  }
  return mask;
}

}  // namespace

int main(int argc, char** argv) {
  bench::Table table(argc, argv);
  const Mask left = blob(6000, 8000, {1000, 1000, 400, 300});
  const Mask right = blob(6000, 8000, {1270, 1010, 400, 300});
  const std::vector<const Mask*> both = {&left, &right};
  constexpr double kPixels = 300 * 400;

  table.row("intersection of two masks of 300x400", kPixels,
            [&] { bench::keep(intersection_area(left, right)); });
  table.row("area inside a strip, mask of 300x400", kPixels,
            [&] { bench::keep(area_inside(left, {1270, 0, 130, 6000})); });
  table.row("union of two masks of 300x400", kPixels, [&] { bench::keep(united(both)); });
  table.row("extent, mask of 300x400", kPixels, [&] { bench::keep(foreground_region(left)); });
  table.row("centroid, mask of 300x400", kPixels, [&] { bench::keep(centroid(left)); });
  table.row("oriented box, mask of 300x400", kPixels, [&] { bench::keep(oriented_box(left)); });
  return 0;
}
