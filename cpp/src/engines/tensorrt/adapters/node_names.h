#pragma once

#include <set>
#include <string>

namespace instseg::tensorrt {

// Whether the parser made this layer of one of these ONNX nodes: it names a layer after its node,
// and where the name is taken already puts "_<number>" behind it (onnx-tensorrt 8.6,
// ImporterContext.hpp, generateUniqueName).
inline bool is_of_a_node(const std::string& layer, const std::set<std::string>& nodes) {
  if (nodes.count(layer) != 0) return true;
  const std::size_t end = layer.find_last_not_of("0123456789");
  const bool is_numbered = end != std::string::npos && end + 1 < layer.size() && layer[end] == '_';
  return is_numbered && nodes.count(layer.substr(0, end)) != 0;
}

}  // namespace instseg::tensorrt
