#include "resize_reference.h"

#include <algorithm>
#include <cmath>

namespace instseg::testing {
namespace {

std::size_t index(int i) { return static_cast<std::size_t>(i); }

// Taps and weights of one output pixel along one axis.
struct Taps {
  int first = 0;
  std::vector<double> weights;
};

double source_coordinate(int i, int source, int size) {
  const double step = 1.0 / (static_cast<double>(size) / source);
  return (i + 0.5) * step - 0.5;
}

// The pieces of the cubic convolution kernel, a = -0.75, written out.
double cubic_kernel(double distance) {
  const double x = std::abs(distance);
  if (x <= 1) return 1.25 * x * x * x - 2.25 * x * x + 1;
  if (x < 2) return -0.75 * x * x * x + 3.75 * x * x - 6 * x + 3;
  return 0;
}

enum class Rounding { kNone, kIpp, kTiny };

Taps cubic_taps(int i, int source, int size, Rounding rounding) {
  double c = source_coordinate(i, source, size);
  if (rounding == Rounding::kTiny) c = static_cast<float>(c);
  const int below = static_cast<int>(std::floor(c));
  double rest = c - below;
  if (rounding == Rounding::kIpp) {
    const float part = static_cast<float>(rest);
    const float distance = 1.0f + part;
    rest = distance - 1.0f;
  }
  Taps taps{below - 1, {}};
  for (int k = -1; k <= 2; ++k) taps.weights.push_back(cubic_kernel(rest - k));
  return taps;
}

Taps linear_taps(int i, int source, int size, bool bytes, bool along_row) {
  double c = source_coordinate(i, source, size);
  if (bytes) c = static_cast<float>(c);
  if (along_row) c = std::clamp(c, 0.0, source - 1.0);
  const int below = static_cast<int>(std::floor(c));
  const double rest = c - below;
  return {below, {1 - rest, rest}};
}

double eleven_bits(double weight) { return std::nearbyint(weight * 2048) / 2048; }

std::uint8_t linear_byte(const Picture& picture, int channel, const Taps& row, const Taps& column) {
  int sum = 0;
  for (int j = 0; j < 2; ++j) {
    int line = 0;
    for (int k = 0; k < 2; ++k) {
      const float weight = static_cast<float>(row.weights[index(k)]) * 2048;
      line += static_cast<int>(std::nearbyint(weight)) *
              picture.at(column.first + j, row.first + k, channel);
    }
    const float weight = static_cast<float>(column.weights[index(j)]) * 2048;
    sum += (static_cast<int>(std::nearbyint(weight)) * (line >> 4)) >> 16;
  }
  return static_cast<std::uint8_t>((sum + 2) >> 2);
}

// Sums of four products in IPP's orders, each step in float32. `std::fma` takes its product into
// the sum unrounded.
using Four = float[4];

float grey_row_sum(const Four& v, const Four& w) {
  const float left = v[0] * w[0] + v[1] * w[1];
  const float right = v[2] * w[2] + v[3] * w[3];
  return left + right;
}

float colour_row_sum(const Four& v, const Four& w) {
  const float outer = std::fma(v[0], w[0], v[3] * w[3]);
  const float inner = std::fma(v[1], w[1], v[2] * w[2]);
  return outer + inner;
}

float border_row_sum(const Four& v, const Four& w) {
  float sum = v[1] * w[1];
  for (const int k : {0, 2, 3}) sum = std::fma(v[k], w[k], sum);
  return sum;
}

float column_sum(const Four& v, const Four& w) {
  const float upper = std::fma(v[0], w[0], v[1] * w[1]);
  const float lower = std::fma(v[2], w[2], v[3] * w[3]);
  return upper + lower;
}

float border_column_sum(const Four& v, const Four& w) {
  const float even = v[0] * w[0] + v[2] * w[2];
  const float odd = v[1] * w[1] + v[3] * w[3];
  return even + odd;
}

bool crosses(const Taps& taps, int size) { return taps.first < 0 || taps.first + 3 >= size; }

std::uint8_t cubic_byte(const Picture& picture, int channel, const Taps& row, const Taps& column,
                        bool tiny) {
  const auto weight = [tiny](double exact) {
    return static_cast<float>(tiny ? eleven_bits(exact) : exact);
  };
  float row_weights[4];
  float column_weights[4];
  for (int k = 0; k < 4; ++k) {
    row_weights[k] = weight(row.weights[index(k)]);
    column_weights[k] = weight(column.weights[index(k)]);
  }
  const bool border = crosses(row, picture.width) || crosses(column, picture.height);
  float lines[4];
  for (int j = 0; j < 4; ++j) {
    float pixels[4];
    for (int k = 0; k < 4; ++k) {
      pixels[k] = static_cast<float>(picture.at(column.first + j, row.first + k, channel));
    }
    const auto row_sum = border                              ? border_row_sum
                         : num_channels(picture.format) == 1 ? grey_row_sum
                                                             : colour_row_sum;
    lines[j] = row_sum(pixels, row_weights);
  }
  const float sum =
      border ? border_column_sum(lines, column_weights) : column_sum(lines, column_weights);
  return static_cast<std::uint8_t>(std::clamp(std::nearbyint(sum), 0.0f, 255.0f));
}

}  // namespace

int Picture::at(int y, int x, int channel) const {
  const int inside_y = std::clamp(y, 0, height - 1);
  const int inside_x = std::clamp(x, 0, width - 1);
  return bytes[static_cast<std::size_t>(inside_y * stride + inside_x * num_channels(format) +
                                        channel)];
}

Picture random_picture(Random& random, int height, int width, PixelFormat format, int gap) {
  Picture picture{height, width, format, std::ptrdiff_t{width} * num_channels(format) + gap, {}};
  // The last row ends without a gap: reading past it is an error that sanitizers see.
  picture.bytes.resize(static_cast<std::size_t>(picture.stride * height - gap));
  for (std::uint8_t& byte : picture.bytes) {
    const int kind = random.integer(0, 5);
    byte = static_cast<std::uint8_t>(kind == 0 ? 0 : kind == 1 ? 255 : random.integer(0, 255));
  }
  return picture;
}

std::vector<std::uint8_t> resize_reference(const Picture& picture, int height, int width,
                                           Interpolation interpolation) {
  const int channels = num_channels(picture.format);
  const bool tiny = std::min(picture.height, picture.width) < 4;
  const Rounding rounding = tiny ? Rounding::kTiny : Rounding::kIpp;
  if (height == picture.height && width == picture.width) interpolation = Interpolation::kNearest;
  std::vector<std::uint8_t> out;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        switch (interpolation) {
          case Interpolation::kNearest: {
            const double step_y = 1.0 / (static_cast<double>(height) / picture.height);
            const double step_x = 1.0 / (static_cast<double>(width) / picture.width);
            out.push_back(static_cast<std::uint8_t>(
                picture.at(static_cast<int>(y * step_y), static_cast<int>(x * step_x), c)));
            break;
          }
          case Interpolation::kBilinear:
            out.push_back(linear_byte(picture, c, linear_taps(x, picture.width, width, true, true),
                                      linear_taps(y, picture.height, height, true, false)));
            break;
          case Interpolation::kBicubic:
            out.push_back(cubic_byte(picture, c, cubic_taps(x, picture.width, width, rounding),
                                     cubic_taps(y, picture.height, height, rounding), tiny));
            break;
        }
      }
    }
  }
  return out;
}

std::vector<double> bicubic_in_double(const Picture& picture, int height, int width) {
  std::vector<double> out;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < num_channels(picture.format); ++c) {
        const Taps row = cubic_taps(x, picture.width, width, Rounding::kNone);
        const Taps column = cubic_taps(y, picture.height, height, Rounding::kNone);
        double sum = 0;
        for (int j = 0; j < 4; ++j) {
          for (int k = 0; k < 4; ++k) {
            sum += column.weights[index(j)] * row.weights[index(k)] *
                   picture.at(column.first + j, row.first + k, c);
          }
        }
        out.push_back(sum);
      }
    }
  }
  return out;
}

std::vector<float> preprocess_reference(const Picture& picture, const PreprocessSpec& spec) {
  const NetworkSize size = network_size(spec, picture.height, picture.width);
  const bool image_rgb =
      picture.format == PixelFormat::kRgb || picture.format == PixelFormat::kRgba;
  const bool grey = picture.format == PixelFormat::kGray;
  const int channels = num_channels(picture.format);
  const bool same = size.height == picture.height && size.width == picture.width;
  const bool floats =
      spec.normalize_before_resize && !same && spec.interpolation != Interpolation::kNearest;
  std::vector<std::uint8_t> bytes;
  if (!floats) bytes = resize_reference(picture, size.height, size.width, spec.interpolation);

  std::vector<float> out;
  for (int channel = 0; channel < 3; ++channel) {
    const int source = grey ? 0 : spec.rgb == image_rgb ? channel : 2 - channel;
    const auto scale = static_cast<float>(spec.scale / spec.std[index(channel)]);
    const auto offset = static_cast<float>(-spec.mean[index(channel)] / spec.std[index(channel)]);
    const auto normalized = [&](int byte) { return static_cast<float>(byte) * scale + offset; };
    for (int y = 0; y < size.padded_height; ++y) {
      for (int x = 0; x < size.padded_width; ++x) {
        if (y >= size.height || x >= size.width) {
          out.push_back(0);
          continue;
        }
        if (!floats) {
          out.push_back(normalized(bytes[index((y * size.width + x) * channels + source)]));
          continue;
        }
        const bool cubic = spec.interpolation == Interpolation::kBicubic;
        const bool tiny = std::min(picture.height, picture.width) < (cubic ? 4 : 2);
        const Rounding rounding = tiny ? Rounding::kTiny : Rounding::kIpp;
        const Taps row = cubic ? cubic_taps(x, picture.width, size.width, rounding)
                               : linear_taps(x, picture.width, size.width, tiny, true);
        const Taps column = cubic ? cubic_taps(y, picture.height, size.height, rounding)
                                  : linear_taps(y, picture.height, size.height, tiny, false);
        float sum = 0;
        for (std::size_t j = 0; j < column.weights.size(); ++j) {
          float line = 0;
          for (std::size_t k = 0; k < row.weights.size(); ++k) {
            const float value = normalized(picture.at(column.first + static_cast<int>(j),
                                                      row.first + static_cast<int>(k), source));
            const float term = value * static_cast<float>(row.weights[k]);
            line = k == 0 ? term : line + term;
          }
          const float term = line * static_cast<float>(column.weights[j]);
          sum = j == 0 ? term : sum + term;
        }
        out.push_back(sum);
      }
    }
  }
  return out;
}

}  // namespace instseg::testing
