#pragma once

#include <memory>

#include "engines/tensorrt/device.h"

namespace instseg::tensorrt {

// NVIDIA's driver, libcuda.so.1, loaded at run time and never unloaded; the CUDA toolkit is not
// needed. GPUs are used through their primary contexts, which CUDA's runtime (and so TensorRT,
// Paddle and PyTorch in the same process) uses too.
// Throws EngineError where the library is missing, lacks a function, or there is no GPU, saying
// which and what to do.
std::unique_ptr<Driver> make_cuda_driver();

// Whether libcuda.so.1 can be loaded; starts nothing.
bool has_cuda_driver();

}  // namespace instseg::tensorrt
