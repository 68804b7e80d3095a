#pragma once

#include <cstddef>
#include <vector>

#include "postprocess/bilinear_axis.h"

namespace instseg {

// Mask prototypes of one image: float32 [num_prototypes, height, width], C order, borrowed.
struct PrototypeMasks {
  const float* prototypes = nullptr;
  int num_prototypes = 0;
  int height = 0;
  int width = 0;
};

// A low-resolution mask given as it is: float32 [height, width], rows `row_stride` floats apart,
// borrowed. What is compared with a threshold later: logits or probabilities.
struct LogitMap {
  const float* logits = nullptr;
  int height = 0;
  int width = 0;
  std::ptrdiff_t row_stride = 0;
};

// The part of a low-resolution mask that a pair of axes reads, laid out for the kernels. Reused
// from mask to mask: allocates only where a tile is larger than all before.
class LogitTile {
 public:
  // Logit [y, x] = sum over p of coefficients[p] * prototypes[p, y, x], p from 0 on, in float32
  // without fused multiply-add: the same bits on every machine.
  void assign(const PrototypeMasks& masks, const float* coefficients, const BilinearAxis& rows,
              const BilinearAxis& columns);
  void assign(const LogitMap& map, const BilinearAxis& rows, const BilinearAxis& columns);

  // Replaces every logit by its sigmoid, the same bits on every machine.
  void to_probabilities();

  int first_row() const { return first_row_; }
  int first_column() const { return first_column_; }

  // Row y of the whole mask (first_row() .. the last that the axes read), from first_column() on.
  // The column after the mask's last repeats it; some columns after the tile's last may be read.
  const float* row(int y) const {
    return logits_.data() + static_cast<std::size_t>(y - first_row_) * stride_;
  }

 private:
  void shape(int width, const BilinearAxis& rows, const BilinearAxis& columns);
  void repeat_last_column(int width);
  float* mutable_row(int i) { return logits_.data() + static_cast<std::size_t>(i) * stride_; }

  int first_row_ = 0;
  int num_rows_ = 0;
  int first_column_ = 0;
  int num_columns_ = 0;
  std::size_t stride_ = 0;
  std::vector<float> logits_;
};

}  // namespace instseg
