#include "engines/tensorrt/kernels.h"

#include "cuda/launch.h"

namespace instseg::tensorrt {
namespace {

CudaStream handle(const Stream& stream) { return static_cast<CudaStream>(stream.handle()); }

class CudaKernels final : public Kernels {
 public:
  std::string problem() const override { return cuda_kernels_problem(); }
  void preprocess(const PreprocessTask& task, Stream& stream) const override {
    launch_preprocess(task, handle(stream));
  }
  void draw_masks(const MaskBatch& batch, Stream& stream) const override {
    launch_masks(batch, handle(stream));
  }
  void check_finite(const FiniteTask& task, Stream& stream) const override {
    launch_finite_check(task, handle(stream));
  }
};

}  // namespace

std::shared_ptr<const Kernels> make_cuda_kernels() {
  return cuda_kernels_built() ? std::make_shared<CudaKernels>() : nullptr;
}

}  // namespace instseg::tensorrt
