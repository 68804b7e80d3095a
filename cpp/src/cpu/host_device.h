#pragma once

// Functions that g++ compiles for the CPU and nvcc for the GPU as well. Such a header holds C++17
// and nothing of the standard library but <cstddef> and <cstdint>.
#if defined(__CUDACC__)
#define INSTSEG_HOST_DEVICE __host__ __device__
#else
#define INSTSEG_HOST_DEVICE
#endif

namespace instseg {

// float32 arithmetic that rounds to nearest after every step, as the CPU kernels do. On the GPU the
// operators * and + would be joined to fused multiply-adds; these functions never are, whatever the
// compiler's options.
INSTSEG_HOST_DEVICE inline float product(float a, float b) {
#if defined(__CUDA_ARCH__)
  return __fmul_rn(a, b);
#else
  return a * b;
#endif
}

INSTSEG_HOST_DEVICE inline float sum(float a, float b) {
#if defined(__CUDA_ARCH__)
  return __fadd_rn(a, b);
#else
  return a + b;
#endif
}

// a * b + c, rounded once.
INSTSEG_HOST_DEVICE inline float fused(float a, float b, float c) {
#if defined(__CUDA_ARCH__)
  return __fmaf_rn(a, b, c);
#else
  return __builtin_fmaf(a, b, c);
#endif
}

}  // namespace instseg
