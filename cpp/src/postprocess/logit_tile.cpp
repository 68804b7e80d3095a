#include "postprocess/logit_tile.h"

#include <algorithm>

#include "postprocess/mask_kernels.h"

namespace instseg {

void LogitTile::shape(int width, const BilinearAxis& rows, const BilinearAxis& columns) {
  first_row_ = rows.first_source();
  num_rows_ = rows.last_source() - first_row_ + 1;
  // Whole vectors where the mask is wide enough: no leftover columns for the kernels.
  const int needed = columns.last_source() - columns.first_source() + 1;
  num_columns_ = std::min(width, (needed + 15) / 16 * 16);
  first_column_ = std::min(columns.first_source(), width - num_columns_);
  stride_ = static_cast<std::size_t>((num_columns_ + 1 + 15) / 16 * 16);
  const std::size_t size = stride_ * static_cast<std::size_t>(num_rows_) + kMaxRowOverread;
  if (logits_.size() < size) logits_.resize(size);
}

void LogitTile::repeat_last_column(int width) {
  if (first_column_ + num_columns_ < width) return;
  for (int i = 0; i < num_rows_; ++i) {
    float* const row = mutable_row(i);
    row[num_columns_] = row[num_columns_ - 1];
  }
}

void LogitTile::assign(const PrototypeMasks& masks, const float* coefficients,
                       const BilinearAxis& rows, const BilinearAxis& columns) {
  shape(masks.width, rows, columns);
  const auto width = static_cast<std::size_t>(masks.width);
  const std::size_t origin =
      static_cast<std::size_t>(first_row_) * width + static_cast<std::size_t>(first_column_);
  INSTSEG_ACTIVE_KERNELS(kMaskKernels)
      .combine_prototypes(masks.prototypes + origin, width * static_cast<std::size_t>(masks.height),
                          width, coefficients, masks.num_prototypes, num_rows_, num_columns_,
                          logits_.data(), stride_);
  repeat_last_column(masks.width);
}

void LogitTile::assign(const LogitMap& map, const BilinearAxis& rows, const BilinearAxis& columns) {
  shape(map.width, rows, columns);
  for (int i = 0; i < num_rows_; ++i) {
    const float* const from = map.logits + (first_row_ + i) * map.row_stride + first_column_;
    std::copy(from, from + num_columns_, mutable_row(i));
  }
  repeat_last_column(map.width);
}

void LogitTile::to_probabilities() {
  const MaskKernels& kernels = INSTSEG_ACTIVE_KERNELS(kMaskKernels);
  for (int i = 0; i < num_rows_; ++i) {
    kernels.sigmoid(mutable_row(i), static_cast<std::size_t>(num_columns_) + 1);
  }
}

}  // namespace instseg
