#pragma once

#include <memory>
#include <string>

#include "engines/engine.h"

namespace instseg {

// The engine of this name, or for "auto" the first in the order of engines() that is available for
// the device. Throws InvalidArgument for an unknown engine, device or precision (listing those that
// exist) and EngineError for an engine that this build lacks (saying what to do).
std::unique_ptr<Engine> make_engine(const std::string& name, const std::string& device,
                                    const std::string& precision);

// Throws InvalidArgument unless the engine has the device and the precision.
void check_engine_supports(const EngineInfo& engine, const std::string& device,
                           const std::string& precision);

}  // namespace instseg
