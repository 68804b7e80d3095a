#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "instseg/mask.h"
#include "postprocess/bilinear_axis.h"
#include "postprocess/mask_kernels.h"

namespace instseg {

// Sets every bit of the mask's region to: row-wise blend of resized source rows > threshold.
//   rows, columns         of the region (rows.count() = its height, columns.count() = its width)
//   resize_row(row, out)  writes source row `row`, its columns resized, to
//                         out [columns.padded_count()]
// Output rows between the same two source rows share these rows' resized columns.
template <typename ResizeRow>
void threshold_rows(const BilinearAxis& rows, const BilinearAxis& columns, float threshold,
                    Mask& mask, std::array<std::vector<float>, 2>& row_buffers,
                    ResizeRow&& resize_row) {
  const MaskKernels& kernels = INSTSEG_ACTIVE_KERNELS(kMaskKernels);
  const auto padded_width = static_cast<std::size_t>(columns.padded_count());
  for (std::vector<float>& buffer : row_buffers) {
    if (buffer.size() < padded_width) buffer.resize(padded_width);
  }
  const int unused_bits = columns.padded_count() - columns.count();
  const std::uint64_t last_word_bits = ~std::uint64_t{0} >> unused_bits;

  std::array<float*, 2> resized = {row_buffers[0].data(), row_buffers[1].data()};
  std::array<int, 2> resized_row = {-1, -1};
  const auto fill = [&](int slot, int row) {
    resize_row(row, resized[slot]);
    resized_row[slot] = row;
  };
  for (int y = 0; y < rows.count(); ++y) {
    const int upper = rows.source()[y];
    const int lower = std::min(upper + 1, rows.source_size() - 1);
    if (resized_row[0] != upper) {
      if (resized_row[1] == upper) {
        std::swap(resized[0], resized[1]);
        std::swap(resized_row[0], resized_row[1]);
      } else {
        fill(0, upper);
      }
    }
    if (resized_row[1] != lower) fill(1, lower);
    const std::span<std::uint64_t> bits = mask.row(y);
    kernels.blend_and_threshold(resized[0], resized[1], rows.weight0()[y], rows.weight1()[y],
                                threshold, bits.size(), bits.data());
    bits.back() &= last_word_bits;
  }
}

}  // namespace instseg
