#include "cuda/preprocess_plan.h"

#include <cstdint>
#include <cstring>
#include <string>

#include "image/image_check.h"
#include "instseg/errors.h"
#include "preprocess/row_resampler.h"

namespace instseg {
namespace {

constexpr std::size_t kAlignment = 16;

// Appends `bytes` and fills up to the alignment; returns where they begin.
std::size_t append_bytes(std::vector<std::byte>& out, const void* bytes, std::size_t size) {
  const std::size_t begin = out.size();
  out.resize((begin + size + kAlignment - 1) / kAlignment * kAlignment);
  if (size > 0) std::memcpy(out.data() + begin, bytes, size);
  return begin;
}

bool has_fixed_weights(const ResampleAxis& axis) {
  return axis.interpolation == Interpolation::kBilinear && !axis.floats;
}

std::string described(int height, int width, PixelFormat format) {
  return std::to_string(height) + " x " + std::to_string(width) + " pixels (height x width) of " +
         std::to_string(num_channels(format)) + " bytes, format " +
         std::to_string(static_cast<int>(format));
}

}  // namespace

bool PreprocessPlan::build(const PreprocessSpec& spec, PixelFormat format, int image_height,
                           int image_width) {
  check_preprocess_spec(spec);
  if (num_channels(format) == 0) {
    throw InvalidArgument("The pixel format " + std::to_string(static_cast<int>(format)) +
                          " is unknown; see PixelFormat.");
  }
  const NetworkSize size = network_size(spec, image_height, image_width);
  const ChannelPlan channels = channel_plan(spec, format);
  Resampling resampling{.image = {.height = image_height, .width = image_width, .format = format},
                        .height = size.height,
                        .width = size.width,
                        .interpolation = spec.interpolation};
  resampling.simplify();
  const LaneNormalization normalization;  // only whether there is one counts here
  if (spec.normalize_before_resize && resampling.interpolation != Interpolation::kNearest) {
    resampling.normalization = &normalization;
  }
  const ResampleAxis row_axis = resampling.row_axis();
  const ResampleAxis column_axis = resampling.column_axis();
  const bool changed =
      tables_.empty() || !(row_axis == row_axis_) || !(column_axis == column_axis_);
  if (changed) {
    tables_.clear();  // nothing valid, should an allocation fail
    along_row_.build(row_axis);
    along_column_.build(column_axis);
    columns_ = append(along_row_, row_axis);
    rows_ = append(along_column_, column_axis);
    row_axis_ = row_axis;
    column_axis_ = column_axis;
  }
  format_ = format;
  image_height_ = image_height;
  image_width_ = image_width;
  size_ = size;
  channels_ = channels;
  return changed;
}

PreprocessPlan::AxisPlace PreprocessPlan::append(const ResampleWeights& weights,
                                                 const ResampleAxis& axis) {
  const auto size = static_cast<std::size_t>(axis.size);
  const auto taps = static_cast<std::size_t>(weights.taps());
  AxisPlace place{.source = axis.source};
  place.first = append_bytes(tables_, weights.first(), size * sizeof(int));
  if (has_fixed_weights(axis)) {
    place.weights = append_bytes(tables_, weights.fixed(), size * 2 * sizeof(std::int16_t));
  } else if (taps > 1) {
    place.weights = append_bytes(tables_, weights.real(), size * taps * sizeof(float));
  }
  return place;
}

PreprocessTask PreprocessPlan::task(const ImageView& image, const std::byte* tables,
                                    float* out) const {
  check_image(image);
  if (tables_.empty() || image.height != image_height_ || image.width != image_width_ ||
      image.format != format_) {
    throw InvalidArgument(
        "The image has " + described(image.height, image.width, image.format) +
        (tables_.empty() ? std::string("; call build() first.")
                         : "; planned for: " + described(image_height_, image_width_, format_) +
                               ". Call build() for it."));
  }
  if (tables == nullptr || out == nullptr) {
    throw InvalidArgument(std::string("The pointer to the ") +
                          (tables == nullptr ? "tables" : "output") +
                          " is null; give memory of the GPU.");
  }
  const auto table = [&](const AxisPlace& place, const ResampleAxis& axis) {
    const std::byte* const weights = tables + place.weights;
    const bool fixed = has_fixed_weights(axis);
    return ResampleTable{.source = place.source,
                         .first = reinterpret_cast<const int*>(tables + place.first),
                         .fixed = fixed ? reinterpret_cast<const std::int16_t*>(weights) : nullptr,
                         .real = fixed ? nullptr : reinterpret_cast<const float*>(weights)};
  };
  PreprocessTask task;
  task.image = image.data;
  task.row_stride_bytes =
      image.row_stride_bytes != 0 ? image.row_stride_bytes : row_size_bytes(image);
  task.channels = num_channels(image.format);
  task.rows = table(rows_, column_axis_);
  task.columns = table(columns_, row_axis_);
  task.interpolation = row_axis_.interpolation;
  task.normalize_first = row_axis_.floats;
  for (int c = 0; c < 3; ++c) {
    task.source_channel[c] = channels_.source_channel[c];
    task.scale[c] = channels_.scale[c];
    task.offset[c] = channels_.offset[c];
  }
  task.height = size_.height;
  task.width = size_.width;
  task.padded_height = size_.padded_height;
  task.padded_width = size_.padded_width;
  task.out = out;
  return task;
}

}  // namespace instseg
