#include "kernel_runner.h"

namespace instseg::testing {

std::unique_ptr<KernelRunner> device_runner(std::string& why) {
  why = "this build has no CUDA kernels (INSTSEG_CUDA)";
  return nullptr;
}

}  // namespace instseg::testing
