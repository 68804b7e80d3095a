#pragma once

#include <cstdint>

#include "cpu/kernel_table.h"

namespace instseg {

// Kernels on single rows. An image is resized along its rows first, then along its columns.
// A resized row holds `lanes` values per pixel: 1 for grey, 4 for colours (the fourth is alpha or
// padding). Pixels have 1, 3 or 4 channels.

// Sources of the pixels of a row (ResampleWeights).
struct RowTaps {
  int source = 0;  // pixels of the source row
  int size = 0;    // pixels of the resized row
  // Output pixels [inner_begin, inner_end) read the row in one piece: their first tap and the bytes
  // that a kernel loads from there lie inside the row. The others move every tap inside on its own.
  int inner_begin = 0;
  int inner_end = 0;
  const int* first = nullptr;           // [size] source pixel of tap 0
  const std::int16_t* fixed = nullptr;  // weights for bytes: bilinear [size, 2], bicubic [size, 8]
  const float* real = nullptr;          // weights for float32: [size, taps]
};

// Bytes loaded at once from the first tap on.
constexpr int kLinearLoadBytes = 8;
constexpr int kCubicLoadBytes = 16;
constexpr int float_load_bytes(int taps, int channels) { return (taps - 1) * channels + 4; }

// Bicubic weights of bytes: an integer w with 26 fractional bits, |w| <= 2^26, is stored as
// high * 2^15 + low with -2^14 <= low < 2^14. Per pixel int16 [8] = high of taps 0..3, low of 0..3.
constexpr int kCubicWeightLanes = 8;
constexpr int kCubicWeightBits = 26;
constexpr int kCubicLowBits = 15;

// value * scale + offset per lane; float32, two roundings
struct LaneNormalization {
  float scale[4] = {};
  float offset[4] = {};
};

struct ResampleKernels {
  // Copies pixels; out [size, lanes].
  void (*nearest_row)(const std::uint8_t* row, int channels, const RowTaps& taps,
                      std::uint8_t* out);

  // out [size, lanes] = (w0 * p0 + w1 * p1) >> 4: 7 fractional bits, at most 32640.
  void (*linear_row)(const std::uint8_t* row, int channels, const RowTaps& taps, std::int16_t* out);
  // out [count] = (((weights[0] * rows[0]) >> 16) + ((weights[1] * rows[1]) >> 16) + 2) >> 2
  void (*linear_column)(const std::int16_t* const rows[2], const std::int16_t weights[2], int count,
                        std::uint8_t* out);

  // out [size, lanes]: the exact sum of w * p, with 11 fractional bits (2048 times the value),
  // rounded once to float32.
  void (*cubic_row)(const std::uint8_t* row, int channels, const RowTaps& taps, float* out);
  // out [count] = sum of weights[k] * rows[k] from k = 0 on, in float32, rounded half to even and
  // clamped to [0, 255].
  void (*cubic_column)(const float* const rows[4], const float weights[4], int count,
                       std::uint8_t* out);

  // The same on normalised values, num_taps 2 or 4: out [size, 4] = sum of real[k] * normalised
  // p[k] from k = 0 on, in float32. Grey fills lanes 0 to 2, each with its own normalisation.
  void (*float_row)(const std::uint8_t* row, int channels, int num_taps, const RowTaps& taps,
                    const LaneNormalization& normalization, float* out);
  void (*float_column)(const float* const* rows, const float* weights, int num_taps, int count,
                       float* out);

  // Splits [width, lanes] pixels into three planes: planes[c][x] takes lane source_lane[c],
  // normalised with entry c of `normalization`.
  void (*planes_from_bytes)(const std::uint8_t* pixels, int lanes, int width,
                            const int source_lane[3], const LaneNormalization& normalization,
                            float* const planes[3]);
  void (*planes_from_floats)(const float* pixels, int lanes, int width, const int source_lane[3],
                             float* const planes[3]);
};

INSTSEG_DECLARE_KERNELS(ResampleKernels, kResampleKernels)

}  // namespace instseg
