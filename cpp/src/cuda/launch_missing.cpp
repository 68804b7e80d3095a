#include "cuda/launch.h"
#include "instseg/errors.h"

namespace instseg {
namespace {

[[noreturn]] void missing() {
  throw EngineError(
      "This build has no CUDA kernels. Build it on a machine with the CUDA toolkit (nvcc) and "
      "-DINSTSEG_CUDA=ON; docs/gpu.md says how.");
}

}  // namespace

bool cuda_kernels_built() { return false; }

void launch_preprocess(const PreprocessTask&, CudaStream) { missing(); }

void launch_masks(const MaskBatch&, CudaStream) { missing(); }

}  // namespace instseg
