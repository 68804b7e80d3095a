#include "postprocess/top_k.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include "instseg/errors.h"
#include "postprocess/ranking_key.h"
#include "postprocess/selection_kernels.h"

namespace instseg {
std::span<const std::uint32_t> top_k(std::span<const float> values, int k,
                                     TopKWorkspace& workspace) {
  if (k < 0) throw InvalidArgument("top_k: k must be at least 0, but is " + std::to_string(k));
  if (values.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw InvalidArgument("top_k: at most 4294967295 values can be ranked, but there are " +
                          std::to_string(values.size()));
  }
  const std::size_t n = values.size();
  const std::size_t wanted = std::min<std::size_t>(static_cast<std::size_t>(k), n);
  if (wanted == 0) return {};
  const SelectionKernels& kernels = INSTSEG_ACTIVE_KERNELS(kSelectionKernels);

  // Candidates are gathered until there are several times k of them; then all but the k best go,
  // and only values above the worst of these can come in (an equal one has a higher index and
  // loses).
  const std::size_t capacity = std::max<std::size_t>(4 * wanted, 1024);
  std::vector<std::uint64_t>& keys = workspace.keys;
  std::vector<std::uint32_t>& above = workspace.indices;
  keys.clear();
  keys.reserve(std::min(capacity, n));
  if (above.size() < capacity) above.resize(capacity);

  std::size_t next = std::min(capacity, n);
  for (std::size_t i = 0; i < next; ++i) {
    keys.push_back(ranking_key(values[i], static_cast<std::uint32_t>(i)));
  }
  const auto keep_best = [&] {
    if (keys.size() <= wanted) return;
    std::nth_element(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(wanted) - 1,
                     keys.end(), std::greater<>());
    keys.resize(wanted);
  };
  keep_best();
  while (next < n) {
    const float worst_kept = values[ranked_index(keys[wanted - 1])];
    // NaN among the best (fewer than k numbers so far): every number is better.
    const bool any_number = std::isnan(worst_kept);
    std::size_t found = 0;
    if (any_number) {
      const std::size_t end = std::min(n, next + capacity - wanted);
      for (; next < end; ++next) above[found++] = static_cast<std::uint32_t>(next);
    } else {
      next = kernels.indices_above(values.data(), next, n, worst_kept, above.data(),
                                   capacity - wanted, &found);
    }
    for (std::size_t i = 0; i < found; ++i) keys.push_back(ranking_key(values[above[i]], above[i]));
    keep_best();
  }
  std::sort(keys.begin(), keys.end(), std::greater<>());
  std::transform(keys.begin(), keys.end(), above.begin(), ranked_index);
  return {above.data(), wanted};
}

}  // namespace instseg
