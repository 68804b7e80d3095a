#include "cuda/launch.h"
#include "instseg/errors.h"

namespace instseg {
namespace {

constexpr const char* kProblem =
    "This build has no CUDA kernels. Build it on a machine with the CUDA toolkit (nvcc) and "
    "-DINSTSEG_CUDA=ON; docs/gpu.md says how.";

[[noreturn]] void missing() { throw EngineError(kProblem); }

}  // namespace

bool cuda_kernels_built() { return false; }

std::string cuda_kernels_problem() { return kProblem; }

void launch_preprocess(const PreprocessTask&, CudaStream) { missing(); }

void launch_masks(const MaskBatch&, CudaStream) { missing(); }

void launch_finite_check(const FiniteTask&, CudaStream) { missing(); }

}  // namespace instseg
