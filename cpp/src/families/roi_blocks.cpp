#include "families/roi_blocks.h"

#include <algorithm>

namespace instseg {

std::size_t rois_per_run(std::size_t num_rois, std::int64_t values_per_roi) {
  const auto most = static_cast<std::size_t>(
      std::max(kValuesPerRun / std::max(values_per_roi, std::int64_t{1}), std::int64_t{1}));
  const std::size_t runs = std::max((num_rois + most - 1) / most, std::size_t{1});
  return std::max((num_rois + runs - 1) / runs, std::size_t{1});
}

}  // namespace instseg
