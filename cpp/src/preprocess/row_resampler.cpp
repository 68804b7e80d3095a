#include "preprocess/row_resampler.h"

#include <algorithm>
#include <new>

#include "image/image_check.h"

namespace instseg {
namespace {

constexpr std::size_t kAlignment = 64;  // a cache line, and the widest vector
constexpr std::size_t kMaxTaps = 4;

std::size_t aligned(std::size_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

std::size_t values_per_row(const Resampling& resampling) {
  return static_cast<std::size_t>(resampling.width) * static_cast<std::size_t>(resampling.lanes());
}

}  // namespace

void Resampling::simplify() {
  if (height == image.height && width == image.width) interpolation = Interpolation::kNearest;
}

ResampleAxis Resampling::row_axis() const {
  return {.source = image.width,
          .size = width,
          .interpolation = interpolation,
          .floats = normalization != nullptr,
          .along_row = true,
          .tiny = std::min(image.height, image.width) < num_taps(interpolation)};
}

ResampleAxis Resampling::column_axis() const {
  ResampleAxis axis = row_axis();
  axis.source = image.height;
  axis.size = height;
  axis.along_row = false;
  return axis;
}

int Resampling::lanes() const {
  return num_channels(image.format) == 1 && normalization == nullptr ? 1 : 4;
}

void RowResampler::Free::operator()(std::byte* memory) const {
  ::operator delete(memory, std::align_val_t{kAlignment});
}

void RowResampler::reserve(const Resampling& resampling) {
  // The kept rows are int16 or float32; the finished row, bytes or float32, follows them.
  const std::size_t size = (kMaxTaps + 1) * aligned(values_per_row(resampling) * sizeof(float));
  if (size <= size_) return;
  memory_.reset();
  size_ = 0;
  memory_.reset(static_cast<std::byte*>(::operator new(size, std::align_val_t{kAlignment})));
  size_ = size;
}

void RowResampler::start(const Resampling& resampling, const ResampleWeights& along_row,
                         const ResampleWeights& along_column) {
  resampling_ = &resampling;
  along_column_ = &along_column;
  row_kernels_ = &INSTSEG_ACTIVE_KERNELS(kRowKernels);
  column_kernels_ = &INSTSEG_ACTIVE_KERNELS(kColumnKernels);
  const int channels = num_channels(resampling.image.format);
  const int loaded = resampling.normalization != nullptr
                         ? float_load_bytes(along_row.taps(), channels)
                     : resampling.interpolation == Interpolation::kBilinear ? kLinearLoadBytes
                                                                            : kCubicLoadBytes;
  taps_ = along_row.row_taps(channels, loaded);
  row_bytes_ = aligned(values_per_row(resampling) * sizeof(float));
  std::fill(std::begin(kept_), std::end(kept_), -1);
  kept_for_border_ = false;
}

const void* RowResampler::source_row(int y, int k) {
  const ImageView& image = resampling_->image;
  const int row = std::clamp(along_column_->first()[y] + k, 0, image.height - 1);
  // The taps of one output row are neighbours, so they never share a slot.
  const int slot = row % along_column_->taps();
  std::byte* const out = memory_.get() + static_cast<std::size_t>(slot) * row_bytes_;
  if (kept_[slot] == row) return out;
  const std::uint8_t* const pixels = image_row(image, row);
  const int channels = num_channels(image.format);
  if (resampling_->normalization != nullptr) {
    row_kernels_->float_row(pixels, channels, along_column_->taps(), taps_,
                            *resampling_->normalization, reinterpret_cast<float*>(out));
  } else if (resampling_->interpolation == Interpolation::kBilinear) {
    row_kernels_->linear_row(pixels, channels, taps_, reinterpret_cast<std::int16_t*>(out));
  } else {
    (kept_for_border_ ? row_kernels_->cubic_border_row : row_kernels_->cubic_row)(
        pixels, channels, taps_, reinterpret_cast<float*>(out));
  }
  kept_[slot] = row;
  return out;
}

const std::uint8_t* RowResampler::byte_row(int y) {
  auto* const out = reinterpret_cast<std::uint8_t*>(memory_.get() + kMaxTaps * row_bytes_);
  const int count = static_cast<int>(values_per_row(*resampling_));
  switch (resampling_->interpolation) {
    case Interpolation::kNearest:
      row_kernels_->nearest_row(image_row(resampling_->image, along_column_->first()[y]),
                                num_channels(resampling_->image.format), taps_, out);
      break;
    case Interpolation::kBilinear: {
      const std::int16_t* rows[2];
      for (int k = 0; k < 2; ++k) rows[k] = static_cast<const std::int16_t*>(source_row(y, k));
      column_kernels_->linear_column(
          rows, along_column_->fixed() + 2 * static_cast<std::ptrdiff_t>(y), count, out);
      break;
    }
    case Interpolation::kBicubic:
      cubic_bytes(y, out);
      break;
  }
  return out;
}

bool RowResampler::crosses_border(int y) const {
  const int first = along_column_->first()[y];
  return first < 0 || first + 3 >= resampling_->image.height;
}

void RowResampler::cubic_bytes(int y, std::uint8_t* out) {
  const bool border = crosses_border(y);
  if (border != kept_for_border_) {
    std::fill(std::begin(kept_), std::end(kept_), -1);
    kept_for_border_ = border;
  }
  const float* rows[4];
  for (int k = 0; k < 4; ++k) rows[k] = static_cast<const float*>(source_row(y, k));
  const float* const weights = along_column_->real() + 4 * static_cast<std::ptrdiff_t>(y);
  const int lanes = resampling_->lanes();
  const auto border_pixels = [&](int begin, int end) {
    const std::ptrdiff_t offset = std::ptrdiff_t{begin} * lanes;
    const float* const parts[4] = {rows[0] + offset, rows[1] + offset, rows[2] + offset,
                                   rows[3] + offset};
    column_kernels_->cubic_border_column(parts, weights, (end - begin) * lanes, out + offset);
  };
  if (border) {
    border_pixels(0, taps_.size);
    return;
  }
  column_kernels_->cubic_column(rows, weights, taps_.size * lanes, out);
  border_pixels(0, taps_.inner_begin);
  border_pixels(taps_.inside_end, taps_.size);
}

const float* RowResampler::float_row(int y) {
  auto* const out = reinterpret_cast<float*>(memory_.get() + kMaxTaps * row_bytes_);
  const int num_taps = along_column_->taps();
  const float* rows[kMaxTaps] = {};
  for (int k = 0; k < num_taps; ++k) rows[k] = static_cast<const float*>(source_row(y, k));
  column_kernels_->float_column(rows,
                                along_column_->real() + static_cast<std::ptrdiff_t>(num_taps) * y,
                                num_taps, static_cast<int>(values_per_row(*resampling_)), out);
  return out;
}

}  // namespace instseg
