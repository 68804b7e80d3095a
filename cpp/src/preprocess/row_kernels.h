#pragma once

#include <cstdint>

#include "cpu/kernel_table.h"
#include "preprocess/lane_normalization.h"

namespace instseg {

// Resizing along x: kernels on one row of the source. A resized row holds `lanes` values per pixel:
// 1 for grey, 4 for colours (the fourth is alpha or 0). Pixels have 1, 3 or 4 channels.

// Where the pixels of a resized row come from (ResampleWeights).
struct RowTaps {
  int source = 0;  // pixels of the source row
  int size = 0;    // pixels of the resized row
  // Output pixels [inner_begin, inner_end) read the row in one piece: their first tap and the bytes
  // that a kernel loads from there lie inside the row. The others move every tap inside on its own.
  int inner_begin = 0;
  int inner_end = 0;
  // The taps of output pixels [inner_begin, inside_end) lie inside the row.
  int inside_end = 0;
  const int* first = nullptr;           // [size] source pixel of tap 0
  const std::int16_t* fixed = nullptr;  // weights [size, 2] of linear_row, 11 fractional bits
  const float* real = nullptr;          // weights [size, taps] of cubic_row and float_row
};

// Bytes loaded at once from the first tap on.
constexpr int kLinearLoadBytes = 8;
constexpr int kCubicLoadBytes = 16;
constexpr int float_load_bytes(int taps, int channels) { return (taps - 1) * channels + 4; }

struct RowKernels {
  // Copies pixels: out [size, lanes].
  void (*nearest_row)(const std::uint8_t* row, int channels, const RowTaps& taps,
                      std::uint8_t* out);

  // out [size, lanes] = (w0 * p0 + w1 * p1) >> 4: 7 fractional bits, at most 32640.
  void (*linear_row)(const std::uint8_t* row, int channels, const RowTaps& taps, std::int16_t* out);

  // out [size, lanes], every step rounded to float32, but a product and the sum around it in []
  // only together, as IPP does it:
  //   a tap outside  [w3 * p3 + [w2 * p2 + [w0 * p0 + (w1 * p1)]]]
  //   else, grey     (w0 * p0 + w1 * p1) + (w2 * p2 + w3 * p3)
  //   else           [w0 * p0 + (w3 * p3)] + [w1 * p1 + (w2 * p2)]
  // The same bits on every instruction set: fused steps are asked for by name.
  void (*cubic_row)(const std::uint8_t* row, int channels, const RowTaps& taps, float* out);

  // The same with the first formula for all pixels: for output rows at the border.
  void (*cubic_border_row)(const std::uint8_t* row, int channels, const RowTaps& taps, float* out);

  // out [size, 4] = sum of w * (p * scale + offset) from tap 0 on, every step rounded to float32;
  // num_taps is 2 or 4. Grey fills lanes 0 to 2, each with its own normalisation.
  void (*float_row)(const std::uint8_t* row, int channels, int num_taps, const RowTaps& taps,
                    const LaneNormalization& normalization, float* out);
};

INSTSEG_DECLARE_KERNELS(RowKernels, kRowKernels)

}  // namespace instseg
