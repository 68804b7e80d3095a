// From packed bits to the formats of a result: COCO run lengths, polygons, bytes.

#include <cmath>
#include <string>
#include <vector>

#include "bench.h"
#include "instseg/mask.h"

namespace {

using namespace instseg;

// A wavy ellipse that fills the region (what a segmented object looks like), with a hole.
Mask blob(int image_height, int image_width, const Region& region, int seed) {
  Mask mask(image_height, image_width, region);
  for (int y = 0; y < region.height; ++y) {
    for (int x = 0; x < region.width; ++x) {
      const double dx = 2.0 * x / region.width - 1;
      const double dy = 2.0 * y / region.height - 1;
      const double radius = std::hypot(dx, dy);
      const double edge = 0.85 + 0.1 * std::sin(9 * std::atan2(dy, dx) + seed);
      if (radius < edge && radius > 0.1) mask.row(y)[x / 64] |= std::uint64_t{1} << (x % 64);
    }
  }
  return mask;
}

// Every pixel by chance: the most runs and corners a mask can have, nearly.
Mask noise(int image_height, int image_width) {
  Mask mask(image_height, image_width, {0, 0, image_width, image_height});
  std::uint32_t state = 1;
  for (int y = 0; y < image_height; ++y) {
    for (int x = 0; x < image_width; ++x) {
      state = state * 1664525 + 1013904223;
      mask.row(y)[x / 64] |= static_cast<std::uint64_t>(state >> 31) << (x % 64);
    }
  }
  return mask;
}

}  // namespace

int main(int argc, char** argv) {
  bench::Table table(argc, argv);
  std::vector<Mask> twenty;
  for (int i = 0; i < 20; ++i) twenty.push_back(blob(1080, 1920, {i * 80, i * 34, 400, 300}, i));
  const Mask full = blob(1080, 1920, {0, 0, 1920, 1080}, 0);
  const Mask ragged = noise(1080, 1920);
  std::vector<std::uint8_t> bytes(1080 * 1920);
  constexpr double kTwentyPixels = 20 * 300 * 400;
  constexpr double kFullPixels = 1080 * 1920;

  table.row("RLE, 20 masks of 300x400 on 1080p", kTwentyPixels, [&] {
    for (const Mask& mask : twenty) bench::keep(mask.rle());
  });
  table.row("RLE, 1 mask of the whole of 1080p", kFullPixels, [&] { bench::keep(full.rle()); });
  table.row("RLE, 1 mask of noise on 1080p", kFullPixels, [&] { bench::keep(ragged.rle()); });
  table.row("polygons, 20 masks of 300x400 on 1080p", kTwentyPixels, [&] {
    for (const Mask& mask : twenty) bench::keep(mask.polygons());
  });
  table.row("polygons, 1 mask of the whole of 1080p", kFullPixels,
            [&] { bench::keep(full.polygons()); });
  table.row("polygons, 1 mask of noise on 1080p", kFullPixels,
            [&] { bench::keep(ragged.polygons()); });
  table.row("area, 20 masks of 300x400", kTwentyPixels, [&] {
    for (const Mask& mask : twenty) bench::keep(mask.area());
  });
  table.row("bits to a bitmap of 1080p", kFullPixels, [&] {
    full.write_bitmap(bytes.data(), 1920);
    bench::keep(bytes);
  });
  table.row("a bitmap of 1080p to bits", kFullPixels, [&] {
    bench::keep(Mask::from_crop(1080, 1920, {0, 0, 1920, 1080}, bytes.data(), 1920));
  });
}
