#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "instseg/image.h"
#include "preprocess/column_kernels.h"
#include "preprocess/interpolation.h"
#include "preprocess/lane_normalization.h"
#include "preprocess/resample_weights.h"
#include "preprocess/row_kernels.h"

namespace instseg {

// What to compute: one image at one size.
struct Resampling {
  ImageView image;
  int height = 0;  // of the resized image
  int width = 0;
  Interpolation interpolation = Interpolation::kNearest;
  // Per lane, applied before the interpolation; null = interpolate bytes. Grey fills all lanes
  // then.
  const LaneNormalization* normalization = nullptr;

  // At the same size every interpolation gives the image itself: takes the cheapest.
  void simplify();

  ResampleAxis row_axis() const;
  ResampleAxis column_axis() const;
  // Values per pixel of a resized row: 1 or 4.
  int lanes() const;
};

// Gives the rows of a resized image from top to bottom. Source rows are resized along x when they
// are first needed and kept while the filter along y still reaches them: at most four, in one
// block.
class RowResampler {
 public:
  // Makes the memory large enough; the only call that allocates.
  void reserve(const Resampling& resampling);

  // The arguments must outlive the calls for rows.
  void start(const Resampling& resampling, const ResampleWeights& along_row,
             const ResampleWeights& along_column);

  // Row y of the resized image: [width, lanes], valid until the next call. With a normalisation
  // float_row, else byte_row.
  const std::uint8_t* byte_row(int y);
  const float* float_row(int y);

 private:
  // Resized source row `first tap of output row y, plus k`, moved inside the image.
  const void* source_row(int y, int k);
  void cubic_bytes(int y, std::uint8_t* out);
  // Whether a bicubic tap of output row y lies outside the image: sums are formed in another order.
  bool crosses_border(int y) const;

  struct Free {
    void operator()(std::byte* memory) const;
  };

  std::unique_ptr<std::byte, Free> memory_;
  std::size_t size_ = 0;  // of memory_
  const Resampling* resampling_ = nullptr;
  const ResampleWeights* along_column_ = nullptr;
  const RowKernels* row_kernels_ = nullptr;
  const ColumnKernels* column_kernels_ = nullptr;
  RowTaps taps_;
  std::size_t row_bytes_ = 0;     // of one resized source row
  int kept_[4] = {};              // source row in each slot, -1 = none
  bool kept_for_border_ = false;  // how the kept rows were resized
};

}  // namespace instseg
