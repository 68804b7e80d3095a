// TensorRT 11: always strongly typed; the flag of 10 is ignored and deprecated.

#include "engines/tensorrt/adapters/major.h"
#include "engines/tensorrt/adapters/progress_monitor.h"

namespace instseg::tensorrt::major {

bool types_come_from_the_file() { return true; }

nvinfer1::NetworkDefinitionCreationFlags network_flags() { return 0; }

void set_precision(nvinfer1::IBuilderConfig& config, nvinfer1::INetworkDefinition&,
                   const BuildRequest& request) {
  if (request.precision != Precision::kTf32) config.clearFlag(nvinfer1::BuilderFlag::kTF32);
}

std::unique_ptr<ProgressReport> report_progress(nvinfer1::IBuilderConfig& config,
                                                BuildProgress& progress) {
  return monitor(config, progress);
}

}  // namespace instseg::tensorrt::major
