#include "cuda/mask_plan.h"

#include <algorithm>
#include <string>

#include "instseg/errors.h"
#include "postprocess/bilinear_tap.h"

namespace instseg {
namespace {

std::string text(int value) { return std::to_string(value); }

void check_sizes(const MaskSizes& sizes) {
  if (std::min({sizes.num_prototypes, sizes.height, sizes.width, sizes.image_height,
                sizes.image_width}) >= 1) {
    return;
  }
  throw InvalidArgument("MaskPlan: " + text(sizes.num_prototypes) + " prototypes of " +
                        text(sizes.height) + " x " + text(sizes.width) + " for an image of " +
                        text(sizes.image_height) + " x " + text(sizes.image_width) +
                        "; every number must be at least 1.");
}

void check_mask(const PlannedMask& mask, const MaskSizes& sizes) {
  const Region& region = mask.region;
  const bool inside = region.x >= 0 && region.y >= 0 && region.width >= 0 && region.height >= 0 &&
                      region.width <= sizes.image_width - region.x &&
                      region.height <= sizes.image_height - region.y;
  if (!inside || region.height > kMostMaskRows) {
    throw InvalidArgument("MaskPlan: the region x " + text(region.x) + " y " + text(region.y) +
                          " of " + text(region.height) + " x " + text(region.width) +
                          " must lie inside the image of " + text(sizes.image_height) + " x " +
                          text(sizes.image_width) + " and have at most " + text(kMostMaskRows) +
                          " rows; sizes are height x width.");
  }
  if (mask.coefficient_row < 0) {
    throw InvalidArgument("MaskPlan: the coefficient row " + text(mask.coefficient_row) +
                          " is negative; give the index of the instance's query or anchor.");
  }
}

struct Sources {
  int first = 0;
  int count = 0;
};

// The input pixels that output pixels [begin, begin + count) read; count >= 1.
Sources sources(int in, int out, int begin, int count) {
  const float ratio = bilinear_ratio(in, out);
  const int first = bilinear_tap(in, ratio, begin).source;
  const int last = std::min(bilinear_tap(in, ratio, begin + count - 1).source + 1, in - 1);
  return {first, last - first + 1};
}

}  // namespace

void MaskPlan::build(const MaskSizes& sizes, std::span<const PlannedMask> masks) {
  tasks_.clear();
  num_tile_values_ = num_words_ = 0;
  most_tile_values_ = most_words_per_row_ = most_rows_ = 0;
  check_sizes(sizes);
  for (const PlannedMask& mask : masks) check_mask(mask, sizes);
  sizes_ = sizes;
  tasks_.reserve(masks.size());
  for (const PlannedMask& mask : masks) {
    const Region& region = mask.region;
    MaskTask task{.x = region.x,
                  .y = region.y,
                  .width = region.width,
                  .height = region.height,
                  .coefficient_row = mask.coefficient_row,
                  .words_per_row = region.width / 64 + (region.width % 64 != 0 ? 1 : 0),
                  .tile_begin = static_cast<std::int64_t>(num_tile_values_),
                  .word_begin = static_cast<std::int64_t>(num_words_)};
    if (region.width > 0 && region.height > 0) {
      const Sources rows = sources(sizes.height, sizes.image_height, region.y, region.height);
      const Sources columns = sources(sizes.width, sizes.image_width, region.x, region.width);
      task.first_row = rows.first;
      task.tile_height = rows.count;
      task.first_column = columns.first;
      task.tile_width = columns.count;
    }
    const std::size_t values =
        static_cast<std::size_t>(task.tile_height) * static_cast<std::size_t>(task.tile_width);
    num_tile_values_ += values;
    num_words_ +=
        static_cast<std::size_t>(task.words_per_row) * static_cast<std::size_t>(task.height);
    most_tile_values_ = std::max(most_tile_values_, static_cast<int>(values));
    most_words_per_row_ = std::max(most_words_per_row_, task.words_per_row);
    most_rows_ = std::max(most_rows_, task.height);
    tasks_.push_back(task);
  }
}

MaskBatch MaskPlan::batch(const MaskBuffers& buffers, float logit_threshold) const {
  if (num_words_ > 0 &&
      (buffers.prototypes == nullptr || buffers.coefficients == nullptr ||
       buffers.tasks == nullptr || buffers.tiles == nullptr || buffers.words == nullptr)) {
    throw InvalidArgument(
        "MaskPlan: a buffer is null; masks need prototypes, coefficients, tasks, tiles and words.");
  }
  return {.prototypes = buffers.prototypes,
          .num_prototypes = sizes_.num_prototypes,
          .height = sizes_.height,
          .width = sizes_.width,
          .coefficients = buffers.coefficients,
          .row_ratio = bilinear_ratio(sizes_.height, sizes_.image_height),
          .column_ratio = bilinear_ratio(sizes_.width, sizes_.image_width),
          .threshold = logit_threshold,
          .tasks = buffers.tasks,
          .num_tasks = static_cast<int>(tasks_.size()),
          .most_tile_values = most_tile_values_,
          .most_words_per_row = most_words_per_row_,
          .most_rows = most_rows_,
          .tiles = buffers.tiles,
          .words = buffers.words};
}

Mask MaskPlan::mask(std::size_t i, std::span<const std::uint64_t> words) const {
  if (i >= tasks_.size() || words.size() != num_words_) {
    throw InvalidArgument("MaskPlan: mask " + std::to_string(i) + " from " +
                          std::to_string(words.size()) + " words; there are " +
                          std::to_string(tasks_.size()) + " masks of " +
                          std::to_string(num_words_) + " words together.");
  }
  const MaskTask& task = tasks_[i];
  Mask mask(sizes_.image_height, sizes_.image_width,
            {.x = task.x, .y = task.y, .width = task.width, .height = task.height});
  const auto per_row = static_cast<std::size_t>(task.words_per_row);
  for (int y = 0; y < task.height; ++y) {
    const auto row = words.subspan(
        static_cast<std::size_t>(task.word_begin) + static_cast<std::size_t>(y) * per_row, per_row);
    std::copy(row.begin(), row.end(), mask.row(y).begin());
  }
  return mask;
}

}  // namespace instseg
