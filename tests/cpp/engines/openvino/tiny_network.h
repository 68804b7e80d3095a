#pragma once

#include <string>

#include "engines/engine.h"
#include "temporary_folder.h"

namespace instseg::testing {

// An ONNX file, byte by byte:
//   image float32 [N, 3, H, W] -> scaled = image * weights + 1 [N, 3, H, W], root = sqrt(scaled)
// weights float32 [1, 3, 1, num_weights]; num_weights is 1 or W.
std::string tiny_onnx(int num_weights = 1, float first_weight = 2);

// A folder with the file and what instseg.json would say about it.
struct TinyNetwork {
  TemporaryFolder folder;
  NetworkSpec spec;

  explicit TinyNetwork(const std::string& content = tiny_onnx());
};

}  // namespace instseg::testing
