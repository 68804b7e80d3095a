#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "network_folder/postprocess_json.h"
#include "preprocess/preprocess.h"

namespace instseg {

// One input or output of a network.
struct TensorSpec {
  std::string name;                 // in the ONNX file
  std::string meaning;              // what it holds; families find their tensors by it
  std::string dtype;                // "float32", "int32", "int64", "uint8" or "bool"
  std::vector<std::int64_t> shape;  // -1 = any
};

struct NetworkSpec {
  std::string role;
  std::filesystem::path file;  // inside the folder; exists and has size_bytes bytes
  std::uint64_t size_bytes = 0;
  std::string sha256;                // as instseg.json says; not verified
  std::filesystem::path parameters;  // weights beside the file, checked like it; ONNX has none
  std::vector<TensorSpec> inputs;
  std::vector<TensorSpec> outputs;
};

// What instseg.json says, checked.
struct NetworkFolder {
  std::filesystem::path path;
  std::string model_name;
  std::string family;
  std::vector<std::string> class_names;
  PreprocessSpec preprocess;
  float score_threshold = 0.5f;  // in [0, 1]
  float mask_threshold = 0.5f;   // probability, in [0, 1]
  PostprocessSpec postprocess;
  std::vector<NetworkSpec> networks;
  // The model's whole Paddle program, for engines that run one (Engine::runs_whole_programs); there
  // if the folder was made with `instseg import --with-program`. Its role is "program".
  std::optional<NetworkSpec> program;
};

// Reads <path>/instseg.json. Nothing in it is trusted: sizes before reading, types, ranges, and
// that every file it names is a regular file directly inside the folder, of the size it says.
// Contents of the network files are not read here; Python verifies their SHA-256, C++ does not.
// Throws ModelError naming file, key, what was found and what was expected.
NetworkFolder read_network_folder(const std::filesystem::path& path);

}  // namespace instseg
