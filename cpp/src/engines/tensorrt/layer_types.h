#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace instseg::tensorrt {

// Layers of an engine by the type they compute in: "fp32", "fp16", "bf16", "int8", "fp8", "int",
// and "unknown" where the inspector does not say.
using LayerTypes = std::map<std::string, std::int64_t>;

// Counts the layers in the JSON of TensorRT's engine inspector ("Layers": a list of objects with
// "Inputs" and "Outputs", each with a "Format/Datatype" such as "Half" or "Row major linear FP16
// format"; a list of names where the engine was built without details). A layer counts by the first
// of its outputs and inputs that is a half, as kernels that compute in FP16 may write FP32, else by
// its first output. Throws EngineError where the text is no such JSON.
LayerTypes layer_types(const std::string& inspector_json);

// "fp16 93 %, fp32 7 % of 120 layers"; the largest first.
std::string described(const LayerTypes& types);

}  // namespace instseg::tensorrt
