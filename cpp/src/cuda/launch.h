#pragma once

#include "cuda/mask_task.h"
#include "cuda/preprocess_task.h"

struct CUstream_st;  // of the CUDA runtime: cudaStream_t is a pointer to it

namespace instseg {

// A stream of the CUDA runtime, null for the default one.
using CudaStream = CUstream_st*;

// Whether this build holds the kernels (CMake: INSTSEG_CUDA). Without them the functions below
// throw EngineError and say so.
bool cuda_kernels_built();

// Kernels are put on the stream of the calling thread's current device and run when it comes to
// them; nothing waits, nothing is allocated, so that they can be recorded into a CUDA graph. Every
// buffer is the caller's. Throw EngineError with CUDA's own text where a launch fails.

// One image into the network's input; for batches, once per image.
void launch_preprocess(const PreprocessTask& task, CudaStream stream);

// All masks of one image: their logits, then their pixels.
void launch_masks(const MaskBatch& batch, CudaStream stream);

}  // namespace instseg
