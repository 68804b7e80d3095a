#include "postprocess/roi_axis.h"

#include <algorithm>
#include <cmath>

namespace instseg {

void RoiAxis::assign(float low, float high, int size, int bins, int sampling_ratio,
                     bool at_least_one) {
  const auto num_bins = static_cast<std::size_t>(bins);
  first_.assign(num_bins, 0);
  count_.assign(num_bins, 0);
  offset_.assign(num_bins, 0);
  weights_.clear();
  first_cell_ = size;
  end_cell_ = 0;

  const float length = at_least_one ? std::max(high - low, 1.0f) : high - low;
  const float bin_length = length / static_cast<float>(bins);
  // The limit only meets boxes far larger than any map; a length that is no number gives none.
  constexpr float kMaxSamples = 65536;
  const int samples = sampling_ratio > 0 ? sampling_ratio
                      : bin_length > 0
                          ? static_cast<int>(std::min(std::ceil(bin_length), kMaxSamples))
                          : 0;
  const auto num_samples = static_cast<float>(samples);
  for (std::size_t bin = 0; bin < num_bins; ++bin) {
    const std::size_t begin = weights_.size();
    offset_[bin] = static_cast<int>(begin);
    int first = -1;
    const auto add = [&](int cell, float weight) {
      if (first == -1) first = cell;
      const auto place = begin + static_cast<std::size_t>(cell - first);
      if (place >= weights_.size()) weights_.resize(place + 1, 0.0f);
      weights_[place] += weight;
    };
    for (int i = 0; i < samples; ++i) {
      const float part = (static_cast<float>(i) + 0.5f) / num_samples;
      float position = low + bin_length * (static_cast<float>(bin) + part);
      if (!(position >= -1.0f && position <= static_cast<float>(size))) continue;
      position = std::max(position, 0.0f);
      const int cell = std::min(static_cast<int>(position), size - 1);
      if (cell == size - 1) {
        add(cell, 1.0f);
        continue;
      }
      const float upper = position - static_cast<float>(cell);
      add(cell, 1.0f - upper);
      add(cell + 1, upper);
    }
    for (std::size_t i = begin; i < weights_.size(); ++i) weights_[i] /= num_samples;
    if (first == -1) continue;
    first_[bin] = first;
    count_[bin] = static_cast<int>(weights_.size() - begin);
    first_cell_ = std::min(first_cell_, first);
    end_cell_ = std::max(end_cell_, first + count_[bin]);
  }
  first_cell_ = std::min(first_cell_, end_cell_);
}

}  // namespace instseg
