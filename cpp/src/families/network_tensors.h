#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

#include "engines/engine.h"
#include "network_folder/network_folder.h"

namespace instseg {

// What families ask of the networks in a folder and of the tensors they give.

// Sides in the shapes below.
inline constexpr std::int64_t kAny = -1;    // any size
inline constexpr std::int64_t kBatch = -2;  // in instseg.json: 1 or any

// An output by its place in NetworkSpec::outputs.
struct OutputTensor {
  std::size_t index = 0;
  std::string meaning;
};

// Throws ModelError: "<folder>/instseg.json: <problem>; import the model again ...".
[[noreturn]] void refuse(const NetworkFolder& folder, const std::string& problem);

// Each throws ModelError where the folder has something else.
const NetworkSpec& only_network(const NetworkFolder& folder);
const NetworkSpec& find_network(const NetworkFolder& folder, const std::string& role);
void expect_only_input(const NetworkFolder& folder, const NetworkSpec& network, const char* meaning,
                       std::initializer_list<std::int64_t> shape);
void expect_image_input(const NetworkFolder& folder, const NetworkSpec& network);
OutputTensor find_output(const NetworkFolder& folder, const NetworkSpec& network,
                         const char* meaning);
// Returns the output's shape in instseg.json.
std::span<const std::int64_t> expect_shape(const NetworkFolder& folder, const NetworkSpec& network,
                                           const OutputTensor& output,
                                           std::initializer_list<std::int64_t> shape);

// What the session computed; throws EngineError naming the model unless it has this shape.
TensorView output_of_shape(const Session& session, const OutputTensor& output,
                           std::initializer_list<std::int64_t> shape, const std::string& model);

}  // namespace instseg
