#include "preprocess/preprocess.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "image/image_check.h"
#include "preprocess/channel_plan.h"
#include "preprocess/plane_kernels.h"
#include "preprocess/resample_weights.h"
#include "preprocess/row_resampler.h"

namespace instseg {

// One band of rows = one item of the parallel loop, with its own resampler.
struct PreprocessWorkspace::Impl {
  ResampleWeights along_row;
  ResampleWeights along_column;
  std::vector<RowResampler> bands;
};

PreprocessWorkspace::PreprocessWorkspace() : impl_(std::make_unique<Impl>()) {}
PreprocessWorkspace::~PreprocessWorkspace() = default;
PreprocessWorkspace::PreprocessWorkspace(PreprocessWorkspace&&) noexcept = default;
PreprocessWorkspace& PreprocessWorkspace::operator=(PreprocessWorkspace&&) noexcept = default;

namespace {

// A band's first rows are computed again where the one above ends: bands are not made too thin.
constexpr int kMinBandRows = 32;

// Calls body(resampler, begin, end) for bands of rows that together are [0, height).
template <typename Body>
void for_each_band(const Resampling& resampling, int height, PreprocessWorkspace::Impl& workspace,
                   const ThreadPool& pool, const Body& body) {
  workspace.along_row.build(resampling.row_axis());
  workspace.along_column.build(resampling.column_axis());
  // Twice as many bands as threads: a thread that starts late leaves work to the others.
  const int most = pool.size() == 1 ? 1 : 2 * pool.size();
  const int count = std::clamp(height / kMinBandRows, 1, most);
  if (workspace.bands.size() < static_cast<std::size_t>(count)) {
    workspace.bands.resize(static_cast<std::size_t>(count));
  }
  for (int band = 0; band < count; ++band) workspace.bands[band].reserve(resampling);
  pool.parallel_for(count, [&](int band) {
    const auto row = [&](int i) { return static_cast<int>(std::int64_t{height} * i / count); };
    RowResampler& resampler = workspace.bands[band];
    resampler.start(resampling, workspace.along_row, workspace.along_column);
    body(resampler, row(band), row(band + 1));
  });
}

}  // namespace

void preprocess(const ImageView& image, const PreprocessSpec& spec, float* out,
                PreprocessWorkspace& workspace, const ThreadPool& pool) {
  check_image(image);
  check_preprocess_spec(spec);
  const NetworkSize size = network_size(spec, image.height, image.width);

  Resampling resampling{.image = image,
                        .height = size.height,
                        .width = size.width,
                        .interpolation = spec.interpolation};
  resampling.simplify();
  // Nearest neighbours may be normalised afterwards: the values are the same.
  const bool floats =
      spec.normalize_before_resize && resampling.interpolation != Interpolation::kNearest;

  const ChannelPlan channels = channel_plan(spec, image.format);
  int source_lane[3];  // of a resized row, which each channel of the network takes
  LaneNormalization by_channel;
  LaneNormalization by_lane;
  for (int c = 0; c < 3; ++c) {
    // Grey values that are normalised first fill all lanes, each with its own normalisation.
    const bool own_lane = floats && image.format == PixelFormat::kGray;
    source_lane[c] = own_lane ? c : channels.source_channel[c];
    by_channel.scale[c] = channels.scale[c];
    by_channel.offset[c] = channels.offset[c];
    by_lane.scale[source_lane[c]] = channels.scale[c];
    by_lane.offset[source_lane[c]] = channels.offset[c];
  }
  if (floats) resampling.normalization = &by_lane;

  const PlaneKernels& kernels = INSTSEG_ACTIVE_KERNELS(kPlaneKernels);
  const std::size_t plane_size =
      static_cast<std::size_t>(size.padded_height) * static_cast<std::size_t>(size.padded_width);
  const auto padding = static_cast<std::size_t>(size.padded_width - size.width);
  const auto plane_row = [&](int c, int y) {
    return out + static_cast<std::size_t>(c) * plane_size +
           static_cast<std::size_t>(y) * static_cast<std::size_t>(size.padded_width);
  };
  for_each_band(resampling, size.height, workspace.impl(), pool,
                [&](RowResampler& resampler, int begin, int end) {
                  for (int y = begin; y < end; ++y) {
                    float* const planes[3] = {plane_row(0, y), plane_row(1, y), plane_row(2, y)};
                    if (resampling.normalization != nullptr) {
                      kernels.planes_from_floats(resampler.float_row(y), size.width, source_lane,
                                                 planes);
                    } else {
                      kernels.planes_from_bytes(resampler.byte_row(y), resampling.lanes(),
                                                size.width, source_lane, by_channel, planes);
                    }
                    for (float* plane : planes) std::fill_n(plane + size.width, padding, 0.0f);
                  }
                });
  const auto rest = static_cast<std::size_t>(size.padded_height - size.height) *
                    static_cast<std::size_t>(size.padded_width);
  for (int c = 0; c < 3; ++c) std::fill_n(plane_row(c, size.height), rest, 0.0f);
}

void resize(const ImageView& image, int height, int width, Interpolation interpolation,
            std::uint8_t* out, PreprocessWorkspace& workspace, const ThreadPool& pool) {
  check_image(image);
  check_resized_size(height, width);
  Resampling resampling{
      .image = image, .height = height, .width = width, .interpolation = interpolation};
  resampling.simplify();
  const int channels = num_channels(image.format);
  const std::size_t row_size = static_cast<std::size_t>(width) * static_cast<std::size_t>(channels);
  for_each_band(resampling, height, workspace.impl(), pool,
                [&](RowResampler& resampler, int begin, int end) {
                  for (int y = begin; y < end; ++y) {
                    const std::uint8_t* pixels = resampler.byte_row(y);
                    std::uint8_t* const row = out + static_cast<std::size_t>(y) * row_size;
                    if (channels != 3) {
                      std::memcpy(row, pixels, row_size);
                      continue;
                    }
                    for (int x = 0; x < width; ++x) {
                      for (int c = 0; c < 3; ++c) row[3 * x + c] = pixels[4 * x + c];
                    }
                  }
                });
}

}  // namespace instseg
