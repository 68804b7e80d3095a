#include "manifest.h"

namespace instseg::testing {

nlohmann::json good_manifest() {
  nlohmann::json manifest = nlohmann::json::parse(R"json({
    "format": "instseg-network-folder",
    "version": 1,
    "model_name": "Tiny",
    "family": "mask_rtdetr",
    "class_names": ["red", "green", "blue"],
    "preprocess": {
      "resize": {"height": 64, "width": 64, "keep_ratio": false, "interpolation": "bicubic"},
      "color": "rgb",
      "scale": 0.00392156862745098,
      "mean": [0, 0, 0],
      "std": [1, 1, 1],
      "normalize_before_resize": false,
      "pad_stride": 1
    },
    "thresholds": {"score": 0.5, "mask": 0.5},
    "postprocess": {"top_k": 20},
    "networks": [{
      "role": "detector",
      "file": "network.onnx",
      "inputs": [
        {"name": "image", "meaning": "image", "dtype": "float32", "shape": [-1, 3, 64, 64]}
      ],
      "outputs": [
        {"name": "boxes", "meaning": "boxes_cxcywh", "dtype": "float32", "shape": [-1, 16, 4]},
        {"name": "logits", "meaning": "class_logits", "dtype": "float32", "shape": [-1, 16, 3]},
        {"name": "coefficients", "meaning": "mask_coefficients", "dtype": "float32",
         "shape": [-1, 16, 3]},
        {"name": "prototypes", "meaning": "mask_prototypes", "dtype": "float32",
         "shape": [-1, 3, 16, 16]}
      ]
    }]
  })json");
  manifest["networks"][0]["size_bytes"] = kNetworkFile.size();
  manifest["networks"][0]["sha256"] = std::string(64, 'a');
  return manifest;
}

TestNetworkFolder::TestNetworkFolder(const nlohmann::json& manifest) {
  folder_.write("instseg.json", manifest.dump());
  folder_.write("network.onnx", kNetworkFile);
}

}  // namespace instseg::testing
