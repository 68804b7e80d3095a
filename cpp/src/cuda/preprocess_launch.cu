#include "cuda/launch.h"
#include "cuda/launch_check.h"
#include "cuda/preprocess_pixel.h"

namespace instseg {
namespace {

// One thread per pixel of the padded tensor; threads of a warp write neighbours.
__global__ void preprocess_kernel(const PreprocessTask task) {
  const int x = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  const int y = static_cast<int>(blockIdx.y * blockDim.y + threadIdx.y);
  if (x < task.padded_width && y < task.padded_height) preprocess_pixel(task, y, x);
}

unsigned blocks(int size, unsigned side) { return (static_cast<unsigned>(size) + side - 1) / side; }

}  // namespace

bool cuda_kernels_built() { return true; }

std::string cuda_kernels_problem() {
  cudaFuncAttributes attributes;  // loads the kernel, so before any graph is recorded
  const cudaError_t error = cudaFuncGetAttributes(&attributes, preprocess_kernel);
  if (error == cudaSuccess) return {};
  cudaGetLastError();  // so that no later launch is blamed for it
  return cudaGetErrorString(error);
}

void launch_preprocess(const PreprocessTask& task, CudaStream stream) {
  const dim3 block(32, 8);
  const dim3 grid(blocks(task.padded_width, block.x), blocks(task.padded_height, block.y));
  preprocess_kernel<<<grid, block, 0, stream>>>(task);
  check_launch("preprocess_kernel");
}

}  // namespace instseg
