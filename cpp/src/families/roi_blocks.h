#pragma once

#include <cstddef>
#include <cstdint>

namespace instseg {

// How many of `num_rois` boxes a network takes at a time, each of `values_per_roi` input values:
// blocks of nearly equal size and at most kValuesPerRun, so that the network's memory does not
// follow the number of boxes. At least 1.
inline constexpr std::int64_t kValuesPerRun = std::int64_t{32} * 14 * 14 * 256;  // 6.4 MB
std::size_t rois_per_run(std::size_t num_rois, std::int64_t values_per_roi);

}  // namespace instseg
