#include "families/whole_image_mask.h"

#include <algorithm>
#include <cmath>

namespace instseg {
namespace {

// First and last of the low-resolution pixels (of one axis) that are above the threshold.
struct Extent {
  int first;
  int last = -1;

  bool empty() const { return last < first; }
  void include(int i) {
    first = std::min(first, i);
    last = std::max(last, i);
  }
};

// Output pixels [begin, end) that the low-resolution pixels of the extent can reach: pixel x reads
// floor(p) and floor(p) + 1 with p = (x + 0.5) * in / out - 0.5. p is computed in float32: four
// roundings of 2^-24 move it by less than in * 2^-22, which is out * 2^-22 output pixels. Twice
// that and one pixel more are added on both sides.
std::pair<int, int> reach(const Extent& extent, int in, int out) {
  const double scale = static_cast<double>(out) / in;
  const double begin = (extent.first - 0.5) * scale - 0.5;
  const double end = (extent.last + 1.5) * scale - 0.5;
  const auto limited = [&](double x) {
    return static_cast<int>(std::clamp(x, 0.0, static_cast<double>(out)));
  };
  const double rounding = out * 0x1p-21;
  return {limited(std::floor(begin - rounding) - 1), limited(std::ceil(end + rounding) + 2)};
}

}  // namespace

Mask render_whole_image_mask(const PrototypeMasks& prototypes, const float* coefficients,
                             int image_height, int image_width, float logit_threshold,
                             WholeImageMaskWorkspace& workspace) {
  const int height = prototypes.height;
  const int width = prototypes.width;
  workspace.rows.assign(height, height, 0, height);
  workspace.columns.assign(width, width, 0, width);
  workspace.logits.assign(prototypes, coefficients, workspace.rows, workspace.columns);

  // A mean of values that are at most the threshold is at most the threshold, up to rounding.
  const float limit = logit_threshold - 1e-6f * std::abs(logit_threshold);
  Extent rows{.first = height};
  Extent columns{.first = width};
  for (int y = 0; y < height; ++y) {
    const float* const row = workspace.logits.row(y);
    const auto above = [&](float value) { return value > limit; };
    const float* const first = std::find_if(row, row + width, above);
    if (first == row + width) continue;
    rows.include(y);
    columns.include(static_cast<int>(first - row));
    int last = width - 1;
    while (!above(row[last])) --last;
    columns.include(last);
  }
  if (rows.empty()) return {image_height, image_width, Region{}};

  const auto [y1, y2] = reach(rows, height, image_height);
  const auto [x1, x2] = reach(columns, width, image_width);
  const LogitMap map = {.logits = workspace.logits.row(0),
                        .height = height,
                        .width = width,
                        .row_stride = height > 1 ? workspace.logits.row(1) - workspace.logits.row(0)
                                                 : std::ptrdiff_t{width}};
  return render_mask(map, image_height, image_width,
                     {.x = x1, .y = y1, .width = x2 - x1, .height = y2 - y1}, logit_threshold,
                     workspace.render);
}

}  // namespace instseg
