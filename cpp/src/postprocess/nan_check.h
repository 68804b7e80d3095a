#pragma once

#include <span>

namespace instseg {

// True where any value is NaN. One vectorised pass; engines' outputs are checked with it before
// anything is decided by them (the caller knows the tensor's name and throws EngineError).
bool has_nan(std::span<const float> values);

}  // namespace instseg
