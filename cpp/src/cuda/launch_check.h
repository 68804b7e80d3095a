#pragma once

#include <cuda_runtime_api.h>

#include <string>

#include "instseg/errors.h"

namespace instseg {

// Throws EngineError where the launch before could not be made.
inline void check_launch(const char* kernel) {
  const cudaError_t error = cudaGetLastError();
  if (error == cudaSuccess) return;
  throw EngineError(std::string("The CUDA kernel ") + kernel +
                    " could not be started: " + cudaGetErrorString(error) +
                    ". The kernels are built for GPUs of compute capability 7.5 or higher "
                    "(CMAKE_CUDA_ARCHITECTURES).");
}

}  // namespace instseg
