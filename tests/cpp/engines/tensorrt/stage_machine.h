#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engines/tensorrt/cuda_driver.h"
#include "engines/tensorrt/fake_kernels.h"
#include "engines/tensorrt/fake_tensorrt.h"
#include "engines/tensorrt/kernels.h"
#include "instseg/errors.h"
#include "testing.h"

namespace instseg::testing {

// What stages around a network work with. Tests run over the fakes, and over the driver and the
// CUDA kernels where this machine and build have them.
struct StageMachine {
  std::shared_ptr<const tensorrt::Device> device;
  std::shared_ptr<const tensorrt::Kernels> kernels;
};

inline StageMachine fake_machine(
    std::shared_ptr<FakeGpu> gpu = std::make_shared<FakeGpu>(),
    std::shared_ptr<FakeKernelControls> controls = std::make_shared<FakeKernelControls>()) {
  return {make_fake_driver(gpu)->open(0), make_fake_kernels(gpu, std::move(controls))};
}

// Leaves the test as skipped where there is none.
inline StageMachine gpu_machine() {
  const auto kernels = tensorrt::make_cuda_kernels();
  if (kernels == nullptr) SKIP("this build has no CUDA kernels (INSTSEG_CUDA)");
  try {
    return {tensorrt::make_cuda_driver()->open(0), kernels};
  } catch (const EngineError& error) {
    SKIP(error.what());
  }
}

}  // namespace instseg::testing
