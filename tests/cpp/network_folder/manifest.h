#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "temporary_folder.h"

namespace instseg::testing {

inline const std::string kNetworkFile = "not a network, but of the right size";

// A correct instseg.json of the Mask-RT-DETR family: 16 queries, 3 classes, 3 prototypes.
inline nlohmann::json good_manifest() {
  const auto tensor = [](const char* name, const char* meaning, nlohmann::json shape) {
    return nlohmann::json{
        {"name", name}, {"meaning", meaning}, {"dtype", "float32"}, {"shape", std::move(shape)}};
  };
  return {{"format", "instseg-network-folder"},
          {"version", 1},
          {"model_name", "Tiny"},
          {"family", "mask_rtdetr"},
          {"class_names", {"red", "green", "blue"}},
          {"preprocess",
           {{"resize",
             {{"height", 64}, {"width", 64}, {"keep_ratio", false}, {"interpolation", "bicubic"}}},
            {"color", "rgb"},
            {"scale", 1.0 / 255},
            {"mean", {0, 0, 0}},
            {"std", {1, 1, 1}},
            {"normalize_before_resize", false},
            {"pad_stride", 1}}},
          {"thresholds", {{"score", 0.5}, {"mask", 0.5}}},
          {"postprocess", {{"top_k", 20}}},
          {"networks",
           {{{"role", "detector"},
             {"file", "network.onnx"},
             {"size_bytes", kNetworkFile.size()},
             {"sha256", std::string(64, 'a')},
             {"inputs", {tensor("image", "image", {-1, 3, 64, 64})}},
             {"outputs",
              {tensor("boxes", "boxes_cxcywh", {-1, 16, 4}),
               tensor("logits", "class_logits", {-1, 16, 3}),
               tensor("coefficients", "mask_coefficients", {-1, 16, 3}),
               tensor("prototypes", "mask_prototypes", {-1, 3, 16, 16})}}}}}};
}

// A network folder with this manifest and a file "network.onnx".
class TestNetworkFolder {
 public:
  explicit TestNetworkFolder(const nlohmann::json& manifest = good_manifest()) {
    folder_.write("instseg.json", manifest.dump());
    folder_.write("network.onnx", kNetworkFile);
  }
  const std::filesystem::path& path() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

}  // namespace instseg::testing
