#pragma once

#include <span>
#include <string>

namespace instseg {

bool all_finite(std::span<const float> values);

// Throws EngineError naming the tensor and the model where a value is NaN or infinite.
void check_finite(std::span<const float> values, const char* tensor, const std::string& model);

}  // namespace instseg
