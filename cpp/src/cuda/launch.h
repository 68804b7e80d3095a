#pragma once

#include <string>

#include "cuda/finite_task.h"
#include "cuda/mask_task.h"
#include "cuda/preprocess_task.h"

struct CUstream_st;  // of the CUDA runtime: cudaStream_t is a pointer to it

namespace instseg {

// A stream of the CUDA runtime, null for the default one. The driver's CUstream is the same type
// under another name, and kernels run in the context that is current on the thread, as one thread
// may use both interfaces (CUDA Runtime API, "Interactions with the CUDA Driver API").
using CudaStream = CUstream_st*;

// Whether this build holds the kernels (CMake: INSTSEG_CUDA). Without them the functions below
// throw EngineError and say so.
bool cuda_kernels_built();

// Why they cannot run on the calling thread's current device, in words of CUDA: it is older than
// what they are built for, or the driver than the CUDA runtime in this library. Empty where they
// can.
std::string cuda_kernels_problem();

// Kernels are put on the stream of the calling thread's current device and run when it comes to
// them; nothing waits, nothing is allocated, so that they can be recorded into a CUDA graph. Every
// buffer is the caller's. Throw EngineError with CUDA's own text where a launch fails.

// One image into the network's input; for batches, once per image.
void launch_preprocess(const PreprocessTask& task, CudaStream stream);

// All masks of one image: their logits, then their pixels.
void launch_masks(const MaskBatch& batch, CudaStream stream);

// task.found is set where a value is NaN or infinite.
void launch_finite_check(const FiniteTask& task, CudaStream stream);

}  // namespace instseg
