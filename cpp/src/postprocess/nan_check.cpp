#include "postprocess/nan_check.h"

#include "postprocess/selection_kernels.h"

namespace instseg {

bool has_nan(std::span<const float> values) {
  return INSTSEG_ACTIVE_KERNELS(kSelectionKernels).has_nan(values.data(), values.size());
}

}  // namespace instseg
