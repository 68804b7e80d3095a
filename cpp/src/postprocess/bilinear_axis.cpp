#include "postprocess/bilinear_axis.h"

#include <algorithm>
#include <cstddef>

namespace instseg {

void BilinearAxis::assign(int in, int out, int begin, int count) {
  count_ = count;
  padded_count_ = (count + 63) / 64 * 64;
  source_size_ = in;
  const auto size = static_cast<std::size_t>(padded_count_);
  if (weight1_.size() < size) {  // the last to grow, should an allocation fail
    source_.resize(size);
    weight0_.resize(size);
    weight1_.resize(size);
  }
  const float ratio = out > 1 ? static_cast<float>(in) / static_cast<float>(out) : 0.0f;
  for (int i = 0; i < count; ++i) {
    const float position = std::max(ratio * (static_cast<float>(begin + i) + 0.5f) - 0.5f, 0.0f);
    // Rounding can carry the last position to `in` where `out` is huge.
    const int source = std::min(static_cast<int>(position), in - 1);
    const float weight1 = position - static_cast<float>(source);
    source_[static_cast<std::size_t>(i)] = source;
    weight0_[static_cast<std::size_t>(i)] = 1.0f - weight1;
    weight1_[static_cast<std::size_t>(i)] = weight1;
  }
  const auto last = static_cast<std::size_t>(count - 1);
  std::fill(source_.begin() + count, source_.begin() + padded_count_, source_[last]);
  std::fill(weight0_.begin() + count, weight0_.begin() + padded_count_, weight0_[last]);
  std::fill(weight1_.begin() + count, weight1_.begin() + padded_count_, weight1_[last]);
  first_source_ = source_[0];
  last_source_ = std::min(source_[last] + 1, in - 1);
}

}  // namespace instseg
