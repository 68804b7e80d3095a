#pragma once

#include <span>
#include <string>

#include "postprocess/logit_tile.h"
#include "runtime/thread_pool.h"

namespace instseg {

bool all_finite(std::span<const float> values);

// Throws EngineError naming the tensor and the model where a value is NaN or infinite.
void check_finite(std::span<const float> values, const char* tensor, const std::string& model);

// The same for all prototypes, on all threads.
void check_finite(const PrototypeMasks& prototypes, const char* tensor, const std::string& model,
                  const ThreadPool& pool);

}  // namespace instseg
