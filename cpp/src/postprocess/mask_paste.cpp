#include "postprocess/mask_paste.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "instseg/errors.h"
#include "postprocess/mask_render.h"

namespace instseg {
namespace {

void check(std::span<const float> probabilities, int side, const Box& box) {
  if (side < 1 ||
      probabilities.size() != static_cast<std::size_t>(side) * static_cast<std::size_t>(side)) {
    throw InvalidArgument("paste_mask: " + std::to_string(probabilities.size()) +
                          " probabilities are not " + std::to_string(side) + " x " +
                          std::to_string(side));
  }
  if (!(box.x1 < box.x2 && box.y1 < box.y2)) {
    throw InvalidArgument("paste_mask: the box " + std::to_string(box.x1) + ", " +
                          std::to_string(box.y1) + ", " + std::to_string(box.x2) + ", " +
                          std::to_string(box.y2) + " is empty; x1 < x2 and y1 < y2 are expected");
  }
}

void add_border(std::span<const float> probabilities, int side, std::vector<float>& bordered) {
  const auto inner = static_cast<std::size_t>(side);
  const std::size_t outer = inner + 2;
  bordered.assign(outer * outer, 0.0f);
  for (std::size_t y = 0; y < inner; ++y) {
    const auto row = probabilities.begin() + static_cast<std::ptrdiff_t>(y * inner);
    std::copy(row, row + side, bordered.begin() + static_cast<std::ptrdiff_t>((y + 1) * outer + 1));
  }
}

// Pixels [begin, end) of `limit` whose centres are less than half a mask pixel outside [low, high],
// and one more at each end, for rounding.
std::pair<int, int> reach(float low, float high, int side, int limit) {
  const double margin = 0.5 * (static_cast<double>(high) - low) / side;
  const double begin = std::floor(low - margin - 0.5) - 1;
  const double end = std::ceil(high + margin - 0.5) + 2;
  return {static_cast<int>(std::clamp(begin, 0.0, static_cast<double>(limit))),
          static_cast<int>(std::clamp(end, 0.0, static_cast<double>(limit)))};
}

}  // namespace

Mask paste_mask(std::span<const float> probabilities, int side, const Box& box, int image_height,
                int image_width, const Region& region, float threshold,
                MaskPasteWorkspace& workspace) {
  check(probabilities, side, box);
  Mask mask(image_height, image_width, region);
  if (region.width == 0 || region.height == 0) return mask;
  add_border(probabilities, side, workspace.bordered);
  workspace.rows.assign_box(side, box.y1, box.y2, region.y, region.height);
  workspace.columns.assign_box(side, box.x1, box.x2, region.x, region.width);
  const LogitMap map = {.logits = workspace.bordered.data(),
                        .height = side + 2,
                        .width = side + 2,
                        .row_stride = side + 2};
  workspace.tile.assign(map, workspace.rows, workspace.columns);
  // At least the threshold is more than the number before it.
  const float below = std::nextafter(threshold, -std::numeric_limits<float>::infinity());
  threshold_tile(workspace.tile, workspace.rows, workspace.columns, below, mask,
                 workspace.row_buffers);
  return mask;
}

Region paste_reach(int side, const Box& box, int image_height, int image_width) {
  const auto [x1, x2] = reach(box.x1, box.x2, side, image_width);
  const auto [y1, y2] = reach(box.y1, box.y2, side, image_height);
  return {.x = x1, .y = y1, .width = std::max(x2 - x1, 0), .height = std::max(y2 - y1, 0)};
}

}  // namespace instseg
