#include "postprocess/twice_resized_mask.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "postprocess/mask_trim.h"
#include "postprocess/three_tap_kernels.h"

namespace instseg {
namespace {

// Rows and columns of the low-resolution pixels above a limit.
struct Extent {
  int top = 0;
  int bottom = -1;  // included; top > bottom: no pixel
  int left = 0;
  int right = -1;
};

Extent extent_above(const float* values, int height, int width, float limit) {
  Extent extent{.left = width};
  const auto above = [&](float value) { return value > limit; };
  for (int y = 0; y < height; ++y) {
    const float* const row = values + std::ptrdiff_t{y} * width;
    const float* const first = std::find_if(row, row + width, above);
    if (first == row + width) continue;
    if (extent.bottom < 0) extent.top = y;
    extent.bottom = y;
    extent.left = std::min(extent.left, static_cast<int>(first - row));
    int last = width - 1;
    while (!above(row[last])) --last;
    extent.right = std::max(extent.right, last);
  }
  return extent;
}

}  // namespace

Mask render_twice_resized_mask(const float* probabilities, const TwiceResizedGeometry& geometry,
                               float threshold, TwiceResizedMaskWorkspace& workspace) {
  const TwiceResizedAxis& rows = geometry.rows;
  const TwiceResizedAxis& columns = geometry.columns;
  const int width = columns.source_size();
  // A mean of values that are at most the threshold is at most the threshold, up to rounding.
  const float limit = threshold - 1e-6f * std::abs(threshold);
  const Extent extent = extent_above(probabilities, rows.source_size(), width, limit);
  if (extent.top > extent.bottom) return {geometry.image_height, geometry.image_width, Region{}};
  const auto [y1, y2] = rows.reached_by(extent.top, extent.bottom);
  const auto [x1, x2] = columns.reached_by(extent.left, extent.right);
  const Region region = {.x = x1, .y = y1, .width = x2 - x1, .height = y2 - y1};
  // In the part that is cut away.
  if (region.width <= 0 || region.height <= 0)
    return {geometry.image_height, geometry.image_width, Region{}};
  Mask mask(geometry.image_height, geometry.image_width, region);

  const ThreeTapKernels& kernels = INSTSEG_ACTIVE_KERNELS(kThreeTapKernels);
  const std::size_t padded_width = mask.words_per_row() * 64;
  const std::uint64_t last_word_bits =
      ~std::uint64_t{0} >> (padded_width - static_cast<std::size_t>(region.width));
  for (std::vector<float>& buffer : workspace.row_buffers) {
    if (buffer.size() < padded_width) buffer.resize(padded_width);
  }
  // Low-resolution row r, its columns resized, lies in buffer r % 3.
  std::array<int, 3> buffered = {-1, -1, -1};
  const auto resized_row = [&](int row) {
    const auto slot = static_cast<std::size_t>(row % 3);
    float* const buffer = workspace.row_buffers[slot].data();
    if (buffered[slot] != row) {
      kernels.three_taps_of_row(probabilities + std::ptrdiff_t{row} * width, columns.source() + x1,
                                columns.weights0() + x1, columns.weights1() + x1,
                                columns.weights2() + x1, static_cast<int>(padded_width), buffer);
      buffered[slot] = row;
    }
    return buffer;
  };
  const int last_row = rows.source_size() - 1;
  for (int y = y1; y < y2; ++y) {
    const int source = rows.source()[y];
    const std::span<std::uint64_t> bits = mask.row(y - y1);
    kernels.blend_three_and_threshold(
        resized_row(source), resized_row(std::min(source + 1, last_row)),
        resized_row(std::min(source + 2, last_row)), rows.weights0()[y], rows.weights1()[y],
        rows.weights2()[y], threshold, bits.size(), bits.data());
    bits.back() &= last_word_bits;
  }
  return trimmed(mask);
}

}  // namespace instseg
