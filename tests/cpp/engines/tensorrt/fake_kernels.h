#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "engines/tensorrt/fake_tensorrt.h"
#include "engines/tensorrt/kernels.h"

namespace instseg::testing {

// Told to the fake kernels.
struct FakeKernelControls {
  std::string problem;  // why they cannot run
  std::atomic<bool> fail_to_launch{false};
};

// The code of the CUDA kernels in loops of the host (cuda/host_kernels.h), on streams of the fake
// driver's: run when the stream gets to them.
std::shared_ptr<const tensorrt::Kernels> make_fake_kernels(
    std::shared_ptr<FakeGpu> gpu,
    std::shared_ptr<FakeKernelControls> controls = std::make_shared<FakeKernelControls>());

}  // namespace instseg::testing
