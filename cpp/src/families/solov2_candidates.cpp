#include "families/solov2_candidates.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "families/instance_selection.h"
#include "postprocess/selection_kernels.h"

namespace instseg {
namespace {

// As many masks are measured and drawn from the same logits (16 MB for an input of 752 x 1344):
// going twice through the mask features costs more than keeping them. More are convolved again.
constexpr std::size_t kKeptLogits = 64;

// A cell of all levels together.
struct Cell {
  std::size_t level = 0;
  std::size_t place = 0;  // row * width + column
};

std::size_t num_cells(const Solov2Level& level) {
  return static_cast<std::size_t>(level.height) * static_cast<std::size_t>(level.width);
}

Cell cell_of(const Solov2Outputs& outputs, std::uint32_t place) {
  Cell cell{.place = place / static_cast<std::uint32_t>(outputs.num_classes)};
  while (cell.place >= num_cells(outputs.levels[cell.level])) {
    cell.place -= num_cells(outputs.levels[cell.level++]);
  }
  return cell;
}

int class_of(const Solov2Outputs& outputs, std::uint32_t place) {
  return static_cast<int>(place % static_cast<std::uint32_t>(outputs.num_classes));
}

void copy_weights(const Solov2Outputs& outputs, std::uint32_t place, int mask,
                  DynamicWeights& weights) {
  const Cell cell = cell_of(outputs, place);
  const Solov2Level& level = outputs.levels[cell.level];
  const float* from = level.weights + cell.place;
  for (int c = 0; c < weights.num_channels(); ++c, from += num_cells(level)) {
    weights.set(mask, c, *from);
  }
}

// The greatest float below `value`: score >= value is score > float_below(value).
float float_below(float value) {
  return std::nextafter(value, -std::numeric_limits<float>::infinity());
}

}  // namespace

void Solov2Candidates::find(const Solov2Outputs& outputs, const Solov2Spec& spec,
                            const Selection& selection) {
  const SelectionKernels& kernels = INSTSEG_ACTIVE_KERNELS(kSelectionKernels);
  const float limit = std::max(spec.candidate_threshold, float_below(selection.threshold));
  constexpr std::size_t kCapacity = 4096;
  if (indices_.size() < kCapacity) indices_.resize(kCapacity);
  found_.clear();
  std::uint32_t first = 0;
  for (const Solov2Level& level : outputs.levels) {
    const std::size_t count = num_cells(level) * static_cast<std::size_t>(outputs.num_classes);
    for (std::size_t next = 0; next < count;) {
      std::size_t num_above = 0;
      next = kernels.indices_above(level.scores, next, count, limit, indices_.data(), kCapacity,
                                   &num_above);
      for (std::size_t i = 0; i < num_above; ++i) {
        found_.push_back({.score = level.scores[indices_[i]], .place = first + indices_[i]});
      }
    }
    first += static_cast<std::uint32_t>(count);
  }
  // Without a limit that binds, classes do not see one another.
  if (selection.class_ids &&
      found_.size() <= static_cast<std::size_t>(std::min(spec.pre_nms_top_k, spec.top_k))) {
    std::erase_if(found_, [&](const Found& found) {
      return !wanted(class_of(outputs, found.place), selection);
    });
  }
  std::sort(found_.begin(), found_.end(), [](const Found& a, const Found& b) {
    return a.score != b.score ? a.score > b.score : a.place < b.place;
  });
}

void Solov2Candidates::rank(std::size_t most) {
  std::sort(ranking_.begin(), ranking_.end(), [&](std::uint32_t a, std::uint32_t b) {
    return scores_[a] != scores_[b] ? scores_[a] > scores_[b] : places_[a] < places_[b];
  });
  while (ranking_.size() > most) {
    free_.push_back(ranking_.back());
    ranking_.pop_back();
  }
}

bool Solov2Candidates::collect(const Solov2Outputs& outputs, const Solov2Spec& spec,
                               const Selection& selection, const ThreadPool& pool) {
  find(outputs, spec, selection);
  const MaskFeatures& features = outputs.mask_features;
  const auto most = static_cast<std::size_t>(spec.pre_nms_top_k);
  const float logit_threshold = std::log(spec.mask_threshold / (1.0f - spec.mask_threshold));
  const bool keep_logits = found_.size() <= std::min(most, kKeptLogits);
  num_pixels_ = features.num_pixels();
  logits_.resize(keep_logits ? found_.size() * num_pixels_ : 0);
  ranking_.clear();
  free_.clear();
  places_.clear();
  rows_.clear();
  scores_.clear();
  class_ids_.clear();
  areas_.clear();
  foreground_.words.clear();
  for (std::size_t begin = 0; begin < found_.size();) {
    // No mask scores more than its cell.
    if (ranking_.size() == most && found_[begin].score < scores_[ranking_.back()]) break;
    const std::size_t count = std::min(most, found_.size() - begin);
    weights_.resize(static_cast<int>(count), features.num_channels);
    for (std::size_t i = 0; i < count; ++i) {
      copy_weights(outputs, found_[begin + i].place, static_cast<int>(i), weights_);
    }
    if (!measure_masks(features, weights_, logit_threshold, pool, convolution_, measured_,
                       keep_logits ? logits_.data() : nullptr, num_pixels_)) {
      return false;
    }
    const std::size_t words = measured_.foreground.words_per_mask;
    foreground_.words_per_mask = words;
    for (std::size_t i = 0; i < count; ++i) {
      const Found& found = found_[begin + i];
      const std::int64_t area = measured_.areas[i];
      if (area <= spec.level_strides[cell_of(outputs, found.place).level] || area == 0) continue;
      if (free_.empty()) {
        free_.push_back(static_cast<std::uint32_t>(scores_.size()));
        places_.push_back(0);
        rows_.push_back(0);
        scores_.push_back(0);
        class_ids_.push_back(0);
        areas_.push_back(0);
        foreground_.words.resize(foreground_.words.size() + words);
      }
      const std::uint32_t candidate = free_.back();
      free_.pop_back();
      places_[candidate] = found.place;
      rows_[candidate] = static_cast<std::uint32_t>(i);
      scores_[candidate] =
          found.score * static_cast<float>(measured_.sums[i] / static_cast<double>(area));
      class_ids_[candidate] = class_of(outputs, found.place);
      areas_[candidate] = area;
      std::copy_n(measured_.foreground.mask(i), words,
                  foreground_.words.begin() + static_cast<std::ptrdiff_t>(candidate * words));
      ranking_.push_back(candidate);
    }
    rank(most);
    begin += count;
  }
  return true;
}

const float* Solov2Candidates::logits(std::uint32_t candidate) const {
  return logits_.empty() ? nullptr : logits_.data() + rows_[candidate] * num_pixels_;
}

void Solov2Candidates::set_weights(const Solov2Outputs& outputs, std::uint32_t candidate, int mask,
                                   DynamicWeights& weights) const {
  copy_weights(outputs, places_[candidate], mask, weights);
}

}  // namespace instseg
