#pragma once

#include <string>

#include "engines/engine.h"
#include "temporary_folder.h"

namespace instseg::testing {

// A folder with a Paddle program in JSON, its parameters, and what instseg.json would say about it:
//   image float32 [N, 3, H, W], scale_factor float32 [N, 2]
//   -> product = image * weight, whole = product in int32; then total = scale_factor * weight
struct TinyProgram {
  TemporaryFolder folder;
  NetworkSpec spec;

  explicit TinyProgram(float weight = 2);
};

}  // namespace instseg::testing
