#pragma once

#include <memory>

#include "engines/engine.h"

namespace instseg {

// OpenVINO on the CPU. openvino_engine.cpp is compiled with INSTSEG_OPENVINO=ON,
// openvino_missing.cpp without.
std::unique_ptr<Engine> make_openvino_engine();

}  // namespace instseg
