#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engines/tensorrt/adapter_api.h"
#include "network_folder/network_folder.h"

namespace instseg::tensorrt {

// What an engine of one precision is built from.
struct PrecisionFiles {
  std::filesystem::path onnx_file;
  // Names of ONNX nodes that stay in float32; for versions without strong types.
  std::vector<std::string> fp32_nodes;
};

// "fp32", "tf32" or "fp16"; throws InvalidArgument for another.
Precision precision_of(const std::string& name);
const char* name_of(Precision precision);

// FP32 and TF32 are the network's own file. FP16 is prepared in Python, beside it:
//   <stem>.fp16.onnx             mixed precision by types, for TensorRT 10 and newer; float32 in
//                                and out
//   <stem>.fp16.fp32-nodes.txt   for TensorRT 8.6, with the network's own file: names of nodes that
//                                stay in float32, one a line
// Throws ModelError where the file is missing.
PrecisionFiles precision_files(const NetworkSpec& network, Precision precision,
                               bool types_come_from_the_file);

}  // namespace instseg::tensorrt
