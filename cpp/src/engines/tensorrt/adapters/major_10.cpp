// TensorRT 10: strongly typed on request, so that every layer has the types of the ONNX file.

#include "engines/tensorrt/adapters/major.h"
#include "engines/tensorrt/adapters/progress_monitor.h"

namespace instseg::tensorrt::major {

bool types_come_from_the_file() { return true; }

nvinfer1::NetworkDefinitionCreationFlags network_flags() {
  return 1U << static_cast<unsigned>(nvinfer1::NetworkDefinitionCreationFlag::kSTRONGLY_TYPED);
}

void set_precision(nvinfer1::IBuilderConfig& config, nvinfer1::INetworkDefinition&,
                   const BuildRequest& request) {
  if (request.precision != Precision::kTf32) config.clearFlag(nvinfer1::BuilderFlag::kTF32);
}

std::unique_ptr<ProgressReport> report_progress(nvinfer1::IBuilderConfig& config,
                                                BuildProgress& progress) {
  return monitor(config, progress);
}

}  // namespace instseg::tensorrt::major
