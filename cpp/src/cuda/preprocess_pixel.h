#pragma once

#include <cstddef>
#include <cstdint>

#include "cpu/host_device.h"
#include "cuda/preprocess_task.h"

namespace instseg {

// One pixel of preprocess() (preprocess/preprocess.h), the same bits: the arithmetic of
// row_kernels.h and column_kernels.h, whose comments say why sums are formed as they are.

// Bytes of the image that one output pixel is computed from: tap j of row k at rows[k] +
// offsets[j], moved inside the image.
template <int kTaps>
struct PixelTaps {
  const std::uint8_t* rows[kTaps];
  std::ptrdiff_t offsets[kTaps];

  INSTSEG_HOST_DEVICE PixelTaps(const PreprocessTask& task, int y, int x) {
    for (int k = 0; k < kTaps; ++k) {
      rows[k] = task.image + inside(task.rows, y, k) * task.row_stride_bytes;
      offsets[k] = inside(task.columns, x, k) * task.channels;
    }
  }

  INSTSEG_HOST_DEVICE static std::ptrdiff_t inside(const ResampleTable& axis, int i, int k) {
    const int pixel = axis.first[i] + k;
    return pixel < 0 ? 0 : pixel >= axis.source ? axis.source - 1 : pixel;
  }

  INSTSEG_HOST_DEVICE float value(int k, int j, int channel) const {
    return static_cast<float>(rows[k][offsets[j] + channel]);
  }
};

INSTSEG_HOST_DEVICE inline float bilinear_byte(const PreprocessTask& task, const PixelTaps<2>& taps,
                                               int y, int x, int channel) {
  const std::int16_t* const wx = task.columns.fixed + std::ptrdiff_t{2} * x;
  const std::int16_t* const wy = task.rows.fixed + std::ptrdiff_t{2} * y;
  int parts = 2;
  for (int k = 0; k < 2; ++k) {
    const std::uint8_t* const row = taps.rows[k] + channel;
    const int value = (wx[0] * row[taps.offsets[0]] + wx[1] * row[taps.offsets[1]]) >> 4;
    parts += (wy[k] * value) >> 16;
  }
  return static_cast<float>(static_cast<std::uint8_t>(parts >> 2));
}

// Rounded half to even by the lowest bits of 1.5 * 2^23 + value, then clamped to [0, 255].
INSTSEG_HOST_DEVICE inline float rounded_byte(float value) {
  const float rounded = sum(sum(value, 12582912.0f), -12582912.0f);
  return rounded < 0.0f ? 0.0f : rounded > 255.0f ? 255.0f : rounded;
}

// Whether all four taps of output pixel i lie inside the image.
INSTSEG_HOST_DEVICE inline bool taps_inside(const ResampleTable& axis, int i) {
  return axis.first[i] >= 0 && axis.first[i] + 4 <= axis.source;
}

INSTSEG_HOST_DEVICE inline float bicubic_byte(const PreprocessTask& task, const PixelTaps<4>& taps,
                                              int y, int x, int channel) {
  const bool inside = taps_inside(task.columns, x) && taps_inside(task.rows, y);
  const float* const w = task.columns.real + std::ptrdiff_t{4} * x;
  const float* const wy = task.rows.real + std::ptrdiff_t{4} * y;
  float r[4];
  for (int k = 0; k < 4; ++k) {
    const float v0 = taps.value(k, 0, channel);
    const float v1 = taps.value(k, 1, channel);
    const float v2 = taps.value(k, 2, channel);
    const float v3 = taps.value(k, 3, channel);
    if (!inside) {
      r[k] = fused(v3, w[3], fused(v2, w[2], fused(v0, w[0], product(v1, w[1]))));
    } else if (task.channels == 1) {
      r[k] =
          sum(sum(product(v0, w[0]), product(v1, w[1])), sum(product(v2, w[2]), product(v3, w[3])));
    } else {
      r[k] = sum(fused(v0, w[0], product(v3, w[3])), fused(v1, w[1], product(v2, w[2])));
    }
  }
  if (inside) {
    return rounded_byte(
        sum(fused(r[0], wy[0], product(r[1], wy[1])), fused(r[2], wy[2], product(r[3], wy[3]))));
  }
  return rounded_byte(sum(sum(product(r[0], wy[0]), product(r[2], wy[2])),
                          sum(product(r[1], wy[1]), product(r[3], wy[3]))));
}

// Channel c of the network, normalised before it is interpolated.
template <int kTaps>
INSTSEG_HOST_DEVICE float interpolated_float(const PreprocessTask& task,
                                             const PixelTaps<kTaps>& taps, int y, int x, int c) {
  const float* const wx = task.columns.real + std::ptrdiff_t{kTaps} * x;
  const float* const wy = task.rows.real + std::ptrdiff_t{kTaps} * y;
  float out = 0;
  for (int k = 0; k < kTaps; ++k) {
    float row = 0;
    for (int j = 0; j < kTaps; ++j) {
      const float value = taps.value(k, j, task.source_channel[c]);
      const float term = product(sum(product(value, task.scale[c]), task.offset[c]), wx[j]);
      row = j == 0 ? term : sum(row, term);
    }
    const float term = product(row, wy[k]);
    out = k == 0 ? term : sum(out, term);
  }
  return out;
}

// Writes column x, row y of the three planes of task.out; padding is 0.
INSTSEG_HOST_DEVICE inline void preprocess_pixel(const PreprocessTask& task, int y, int x) {
  const auto width = static_cast<std::ptrdiff_t>(task.padded_width);
  const std::ptrdiff_t plane = width * task.padded_height;
  float* const out = task.out + y * width + x;
  if (y >= task.height || x >= task.width) {
    for (int c = 0; c < 3; ++c) out[c * plane] = 0.0f;
    return;
  }
  const auto normalized = [&](float byte, int c) {
    return sum(product(byte, task.scale[c]), task.offset[c]);
  };
  switch (task.interpolation) {
    case Interpolation::kNearest: {
      const PixelTaps<1> taps(task, y, x);
      for (int c = 0; c < 3; ++c) {
        out[c * plane] = normalized(taps.value(0, 0, task.source_channel[c]), c);
      }
      return;
    }
    case Interpolation::kBilinear: {
      const PixelTaps<2> taps(task, y, x);
      for (int c = 0; c < 3; ++c) {
        out[c * plane] =
            task.normalize_first
                ? interpolated_float(task, taps, y, x, c)
                : normalized(bilinear_byte(task, taps, y, x, task.source_channel[c]), c);
      }
      return;
    }
    case Interpolation::kBicubic: {
      const PixelTaps<4> taps(task, y, x);
      for (int c = 0; c < 3; ++c) {
        out[c * plane] =
            task.normalize_first
                ? interpolated_float(task, taps, y, x, c)
                : normalized(bicubic_byte(task, taps, y, x, task.source_channel[c]), c);
      }
      return;
    }
  }
}

}  // namespace instseg
