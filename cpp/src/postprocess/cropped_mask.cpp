#include "postprocess/cropped_mask.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "instseg/errors.h"
#include "postprocess/mask_kernels.h"
#include "postprocess/threshold_rows.h"

namespace instseg {
namespace {

// The whole numbers x in [0, size) with low <= x < high.
PixelRange pixels_between(float low, float high, int size) {
  const auto first_from = [&](float limit) {
    return static_cast<int>(std::clamp(std::ceil(limit), 0.0f, static_cast<float>(size)));
  };
  return {first_from(low), first_from(high)};
}

PixelRange common(const PixelRange& pixels, int first, int last) {
  return {std::max(pixels.begin, first), std::min(pixels.end, last + 1)};
}

bool empty(const PixelRange& range) { return range.end <= range.begin; }

void check(const PrototypeMasks& prototypes, const CroppedMaskSizes& sizes) {
  if (prototypes.height >= 1 && prototypes.width >= 1 && sizes.input_height >= 1 &&
      sizes.input_width >= 1) {
    return;
  }
  throw InvalidArgument("render_cropped_mask: prototypes of " + std::to_string(prototypes.height) +
                        " x " + std::to_string(prototypes.width) + " and a network input of " +
                        std::to_string(sizes.input_height) + " x " +
                        std::to_string(sizes.input_width) + "; every size must be at least 1");
}

void reserve(std::vector<float>& buffer, std::size_t size) {
  if (buffer.size() < size) buffer.resize(size);
}

// The rows of the mask at the network's input size, one at a time.
class InputRows {
 public:
  // rows, columns: the part of the input that is inside the box and that the mask reads.
  InputRows(const PixelRange& rows, const PixelRange& columns, CroppedMaskWorkspace& workspace)
      : rows_(rows),
        columns_(columns),
        work_(workspace),
        first_(workspace.columns.first_source()),
        count_(workspace.columns.last_source() - first_ + 1) {
    const auto padded = static_cast<std::size_t>(work_.low_columns.padded_count());
    for (std::vector<float>& buffer : work_.low_buffers) reserve(buffer, padded);
    const std::size_t size = static_cast<std::size_t>(count_) + 1 + kMaxRowOverread;
    reserve(work_.input_row, size);
    std::fill_n(work_.input_row.begin(), size, 0.0f);
  }

  // The row with its columns resized to the image's: out [columns.padded_count()].
  void resize(int row, float* out) {
    const BilinearAxis& columns = work_.columns;
    if (row < rows_.begin || row >= rows_.end) {
      std::fill_n(out, columns.padded_count(), 0.0f);
      return;
    }
    const int y = row - rows_.begin;  // in low_rows
    const int upper = work_.low_rows.source()[y];
    const int lower = std::min(upper + 1, work_.low_rows.source_size() - 1);
    const float* const upper_row = low_row(upper, lower);
    const float* const lower_row = low_row(lower, upper);
    float* const inside = work_.input_row.data() + (columns_.begin - first_);
    const auto width = static_cast<std::size_t>(columns_.end - columns_.begin);
    kernels_.blend_rows(upper_row, lower_row, work_.low_rows.weight0()[y],
                        work_.low_rows.weight1()[y], width, inside);
    // The column after the last one of the input repeats it.
    if (columns_.end == columns.source_size()) inside[width] = inside[width - 1];
    kernels_.interpolate_row(work_.input_row.data(), first_, columns.source(), columns.weight0(),
                             columns.weight1(), columns.padded_count(), out);
  }

 private:
  // A prototype row with its columns resized to the input's; `other` is needed at the same time.
  const float* low_row(int row, int other) {
    for (int slot = 0; slot < 2; ++slot) {
      if (held_[slot] == row) return work_.low_buffers[slot].data();
    }
    const int slot = held_[0] == other ? 1 : 0;
    const BilinearAxis& columns = work_.low_columns;
    float* const out = work_.low_buffers[slot].data();
    kernels_.interpolate_row(work_.tile.row(row), work_.tile.first_column(), columns.source(),
                             columns.weight0(), columns.weight1(), columns.padded_count(), out);
    held_[slot] = row;
    return out;
  }

  const MaskKernels& kernels_ = INSTSEG_ACTIVE_KERNELS(kMaskKernels);
  PixelRange rows_;
  PixelRange columns_;
  CroppedMaskWorkspace& work_;
  int first_;  // column of the input at which input_row begins
  int count_;
  std::array<int, 2> held_ = {-1, -1};  // prototype rows in low_buffers
};

}  // namespace

Mask render_cropped_mask(const PrototypeMasks& prototypes, const float* coefficients,
                         const Box& box, const CroppedMaskSizes& sizes, const Region& region,
                         float threshold, CroppedMaskWorkspace& workspace) {
  check(prototypes, sizes);
  Mask mask(sizes.image_height, sizes.image_width, region);
  if (region.width == 0 || region.height == 0) return mask;
  workspace.rows.assign(sizes.input_height, sizes.image_height, region.y, region.height);
  workspace.columns.assign(sizes.input_width, sizes.image_width, region.x, region.width);
  const PixelRange rows = common(pixels_between(box.y1, box.y2, sizes.input_height),
                                 workspace.rows.first_source(), workspace.rows.last_source());
  const PixelRange columns =
      common(pixels_between(box.x1, box.x2, sizes.input_width), workspace.columns.first_source(),
             workspace.columns.last_source());
  if (empty(rows) || empty(columns)) return mask;

  workspace.low_rows.assign(prototypes.height, sizes.input_height, rows.begin,
                            rows.end - rows.begin);
  workspace.low_columns.assign(prototypes.width, sizes.input_width, columns.begin,
                               columns.end - columns.begin);
  workspace.tile.assign(prototypes, coefficients, workspace.low_rows, workspace.low_columns);
  workspace.tile.to_probabilities();
  InputRows input(rows, columns, workspace);
  threshold_rows(workspace.rows, workspace.columns, threshold, mask, workspace.row_buffers,
                 [&](int row, float* out) { input.resize(row, out); });
  return mask;
}

Region cropped_mask_region(const Box& box, const CroppedMaskSizes& sizes) {
  const PixelRange rows = pixels_between(box.y1, box.y2, sizes.input_height);
  const PixelRange columns = pixels_between(box.x1, box.x2, sizes.input_width);
  if (empty(rows) || empty(columns)) return {};
  const auto [y1, y2] =
      pixels_that_read(rows.begin, rows.end - 1, sizes.input_height, sizes.image_height);
  const auto [x1, x2] =
      pixels_that_read(columns.begin, columns.end - 1, sizes.input_width, sizes.image_width);
  return {.x = x1, .y = y1, .width = x2 - x1, .height = y2 - y1};
}

}  // namespace instseg
