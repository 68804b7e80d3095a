#include "postprocess/twice_resized_axis.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "instseg/errors.h"

namespace instseg {

void TwiceResizedAxis::assign(int in, int factor, int cut, int out, int count) {
  if (in < 1 || factor < 1 || cut < 1 || count < 1 || count > out ||
      cut > std::int64_t{in} * factor) {
    throw InvalidArgument("an axis of " + std::to_string(in) + " pixels cannot be enlarged " +
                          std::to_string(factor) + " times, cut to " + std::to_string(cut) +
                          " and resized to " + std::to_string(out) + ", of which " +
                          std::to_string(count) + " are made");
  }
  count_ = count;
  source_size_ = in;
  first_.assign(in, in * factor, 0, cut);
  second_.assign(cut, out, 0, count);
  const auto size = static_cast<std::size_t>(count) + 64;
  if (source_.size() < size) {
    source_.resize(size);
    for (std::vector<float>& weights : weights_) weights.resize(size);
  }
  for (int x = 0; x < count; ++x) {
    const int origin = first_.source()[second_.source()[x]];
    float weights[4] = {};
    // `between` is a pixel of the enlarged axis.
    const auto add = [&](int between, float weight) {
      const int source = first_.source()[between];
      const int next = std::min(source + 1, in - 1);
      weights[source - origin] += weight * first_.weight0()[between];
      weights[next - origin] += weight * first_.weight1()[between];
    };
    add(second_.source()[x], second_.weight0()[x]);
    add(std::min(second_.source()[x] + 1, cut - 1), second_.weight1()[x]);
    const auto i = static_cast<std::size_t>(x);
    source_[i] = origin;
    for (std::size_t tap = 0; tap < 3; ++tap) weights_[tap][i] = weights[tap];
  }
  const auto last = static_cast<std::size_t>(count - 1);
  std::fill(source_.begin() + count, source_.begin() + count + 64, source_[last]);
  for (std::vector<float>& weights : weights_) {
    std::fill(weights.begin() + count, weights.begin() + count + 64, weights[last]);
  }
}

TwiceResizedAxis::Range TwiceResizedAxis::reached_by(int first, int last) const {
  const auto begin = source_.begin();
  const auto end = begin + count_;
  return {.begin = static_cast<int>(std::lower_bound(begin, end, first - 2) - begin),
          .end = static_cast<int>(std::upper_bound(begin, end, last) - begin)};
}

}  // namespace instseg
