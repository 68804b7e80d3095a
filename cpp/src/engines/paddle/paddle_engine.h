#pragma once

#include <memory>

#include "engines/engine.h"

namespace instseg {

// Paddle Inference on the CPU, without oneDNN: the reference that other engines are compared with.
// It runs whole programs (Engine::runs_whole_programs). paddle_engine.cpp is compiled where CMake
// has PADDLE_INFERENCE_DIR, paddle_missing.cpp else.
std::unique_ptr<Engine> make_paddle_engine();

}  // namespace instseg
