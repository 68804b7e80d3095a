#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
  std::string sha256;  // as instseg.json says; not verified
  std::vector<TensorSpec> inputs;
  std::vector<TensorSpec> outputs;
};

// Numbers of the families' own post-processing; a family takes those it knows.
struct PostprocessSpec {
  std::optional<int> top_k;
  // SOLOv2
  std::optional<float> candidate_threshold;
  std::vector<int> level_strides;  // empty = missing
  std::optional<int> pre_nms_top_k;
  std::optional<std::string> nms_decay;  // "gaussian" or "linear"
  std::optional<float> nms_sigma;
  std::optional<float> decayed_threshold;
  std::optional<int> mask_upsampling;
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
};

// Reads <path>/instseg.json. Nothing in it is trusted: sizes before reading, types, ranges, and
// that every file it names is a regular file directly inside the folder, of the size it says.
// Contents of the network files are not read here; Python verifies their SHA-256, C++ does not.
// Throws ModelError naming file, key, what was found and what was expected.
NetworkFolder read_network_folder(const std::filesystem::path& path);

}  // namespace instseg
