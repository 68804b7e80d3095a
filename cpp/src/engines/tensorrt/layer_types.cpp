#include "engines/tensorrt/layer_types.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "instseg/errors.h"

namespace instseg::tensorrt {
namespace {

using Json = nlohmann::json;

// Words of the inspector's "Format/Datatype", the longer before those that they contain.
struct Word {
  const char* text;
  const char* type;
};
constexpr Word kWords[] = {
    {"BFloat16", "bf16"}, {"BF16", "bf16"}, {"Half", "fp16"},  {"FP16", "fp16"}, {"FP8", "fp8"},
    {"Int8", "int8"},     {"INT8", "int8"}, {"Float", "fp32"}, {"FP32", "fp32"}, {"Int", "int"},
    {"INT", "int"},       {"Bool", "int"},  {"BOOL", "int"}};

std::string type_of(const Json& tensor) {
  if (!tensor.is_object()) return "unknown";
  const auto format = tensor.find("Format/Datatype");
  if (format == tensor.end() || !format->is_string()) return "unknown";
  const std::string text = format->get<std::string>();
  for (const Word& word : kWords) {
    if (text.find(word.text) != std::string::npos) return word.type;
  }
  return "unknown";
}

std::string type_of_layer(const Json& layer) {
  if (!layer.is_object()) return "unknown";
  std::string first = "unknown";
  for (const char* side : {"Outputs", "Inputs"}) {
    const auto tensors = layer.find(side);
    if (tensors == layer.end() || !tensors->is_array()) continue;
    for (const Json& tensor : *tensors) {
      const std::string type = type_of(tensor);
      if (type == "fp16") return type;
      if (first == "unknown") first = type;
    }
  }
  return first;
}

}  // namespace

LayerTypes layer_types(const std::string& inspector_json) {
  const Json json = Json::parse(inspector_json, nullptr, /*allow_exceptions=*/false);
  const bool is_object = json.is_object();
  const auto layers = is_object ? json.find("Layers") : json.end();
  if (!is_object || layers == json.end() || !layers->is_array()) {
    throw EngineError(
        "TensorRT's engine inspector gave no JSON with \"Layers\", so the types of the layers are "
        "not known; it begins with: " +
        inspector_json.substr(0, 80));
  }
  LayerTypes types;
  for (const Json& layer : *layers) ++types[type_of_layer(layer)];
  return types;
}

std::string described(const LayerTypes& types) {
  std::vector<std::pair<std::string, std::int64_t>> rows(types.begin(), types.end());
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::int64_t all = 0;
  for (const auto& [type, count] : rows) all += count;
  std::string text;
  for (const auto& [type, count] : rows) {
    const double percent = 100.0 * static_cast<double>(count) / static_cast<double>(all);
    text += (text.empty() ? "" : ", ") + type + " " + std::to_string(std::lround(percent)) + " %";
  }
  return (text.empty() ? std::string("none") : text) + " of " + std::to_string(all) + " layers";
}

}  // namespace instseg::tensorrt
