#pragma once

// The code of the CUDA kernels in plain loops, compiled by g++ from the same headers. Pointers are
// of memory of the host.

#include "cuda/finite_task.h"
#include "cuda/mask_task.h"
#include "cuda/preprocess_task.h"

namespace instseg::testing {

void run_on_host(const PreprocessTask& task);
void run_on_host(const MaskBatch& batch);
void run_on_host(const FiniteTask& task);

}  // namespace instseg::testing
