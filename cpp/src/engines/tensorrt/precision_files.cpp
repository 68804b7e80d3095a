#include "engines/tensorrt/precision_files.h"

#include <fstream>
#include <system_error>

#include "instseg/errors.h"

namespace instseg::tensorrt {
namespace {

namespace fs = std::filesystem;

fs::path beside(const NetworkSpec& network, const char* ending) {
  return network.file.parent_path() / (network.file.stem().string() + ending);
}

[[noreturn]] void refuse(const fs::path& file, const char* what) {
  throw ModelError("The precision \"fp16\" needs " + file.string() + ", " + what +
                   ", and it cannot be read. Load the model with instseg in Python, which makes "
                   "it, or choose the precision \"fp32\".");
}

std::vector<std::string> read_lines(const fs::path& file) {
  std::ifstream stream(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty()) lines.push_back(line);
  }
  if (!stream.eof()) refuse(file, "the names of the nodes that stay in float32");
  return lines;
}

}  // namespace

Precision precision_of(const std::string& name) {
  for (const Precision precision : {Precision::kFp32, Precision::kTf32, Precision::kFp16}) {
    if (name == name_of(precision)) return precision;
  }
  throw InvalidArgument("The precision \"" + name +
                        "\" is unknown to TensorRT; give \"fp32\", \"tf32\" or \"fp16\".");
}

const char* name_of(Precision precision) {
  switch (precision) {
    case Precision::kFp32:
      return "fp32";
    case Precision::kTf32:
      return "tf32";
    case Precision::kFp16:
      break;
  }
  return "fp16";
}

PrecisionFiles precision_files(const NetworkSpec& network, Precision precision,
                               bool types_come_from_the_file) {
  if (precision != Precision::kFp16) return {.onnx_file = network.file};
  if (!types_come_from_the_file) {
    return {.onnx_file = network.file,
            .fp32_nodes = read_lines(beside(network, ".fp16.fp32-nodes.txt"))};
  }
  const fs::path file = beside(network, ".fp16.onnx");
  std::error_code ignored;
  if (!fs::is_regular_file(file, ignored)) refuse(file, "the network in mixed precision");
  return {.onnx_file = file};
}

}  // namespace instseg::tensorrt
