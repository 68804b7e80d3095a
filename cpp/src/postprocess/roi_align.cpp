#include "postprocess/roi_align.h"

#include <algorithm>
#include <string>

#include "instseg/errors.h"
#include "postprocess/roi_align_kernels.h"

namespace instseg {
namespace {

void check(const FeatureMap& map, const PoolingSpec& spec, std::span<const float> out) {
  if (map.height < 1 || map.width < 1 || map.channels < 1) {
    throw InvalidArgument("roi_align: the feature map has no value: " + std::to_string(map.height) +
                          " x " + std::to_string(map.width) + ", " + std::to_string(map.channels) +
                          " channels");
  }
  const std::size_t expected = static_cast<std::size_t>(spec.height) *
                               static_cast<std::size_t>(spec.width) *
                               static_cast<std::size_t>(map.channels);
  if (out.size() != expected) {
    throw InvalidArgument("roi_align: room for " + std::to_string(out.size()) + " values, but " +
                          std::to_string(expected) + " are pooled");
  }
}

}  // namespace

void roi_align(const FeatureMap& map, const Box& box, float spatial_scale, const PoolingSpec& spec,
               std::span<float> out, RoiAlignWorkspace& workspace) {
  check(map, spec, out);
  const float offset = spec.aligned ? 0.5f : 0.0f;
  const auto cells = [&](float coordinate) { return coordinate * spatial_scale - offset; };
  RoiAxis& rows = workspace.rows;
  RoiAxis& columns = workspace.columns;
  rows.assign(cells(box.y1), cells(box.y2), map.height, spec.height, spec.sampling_ratio,
              !spec.aligned);
  columns.assign(cells(box.x1), cells(box.x2), map.width, spec.width, spec.sampling_ratio,
                 !spec.aligned);

  std::fill(out.begin(), out.end(), 0.0f);
  const RoiAlignKernels& kernels = INSTSEG_ACTIVE_KERNELS(kRoiAlignKernels);
  const RoiColumns bins = {columns.bins(), columns.first(), columns.count(), columns.offset(),
                           columns.weights()};
  const auto channels = static_cast<std::size_t>(map.channels);
  const std::size_t map_row = static_cast<std::size_t>(map.width) * channels;
  const std::size_t out_row = static_cast<std::size_t>(spec.width) * channels;
  const auto weight_of = [&](int bin, int y) {
    const int place = y - rows.first()[bin];
    if (place < 0 || place >= rows.count()[bin]) return 0.0f;
    return rows.weights()[rows.offset()[bin] + place];
  };
  // Row by row, each for all bins that read it: most rows lie in one bin or two that meet there.
  int bin = 0;
  for (int y = rows.first_cell(); y < rows.end_cell(); ++y) {
    const float* const row = map.values + static_cast<std::size_t>(y) * map_row;
    while (bin + 1 < rows.bins() && (rows.first()[bin] + rows.count()[bin] <= y)) ++bin;
    for (int i = bin; i < rows.bins(); i += 2) {
      const float weight0 = weight_of(i, y);
      const float weight1 = i + 1 < rows.bins() ? weight_of(i + 1, y) : 0.0f;
      float* const sums = out.data() + static_cast<std::size_t>(i) * out_row;
      if (weight0 != 0 && weight1 != 0) {
        kernels.add_row_twice(row, channels, bins, weight0, sums, weight1, sums + out_row);
      } else if (weight0 != 0) {
        kernels.add_row(row, channels, bins, weight0, sums);
      } else if (weight1 != 0) {
        kernels.add_row(row, channels, bins, weight1, sums + out_row);
      }
      if (i + 2 < rows.bins() && rows.first()[i + 2] > y) break;
    }
  }
}

}  // namespace instseg
