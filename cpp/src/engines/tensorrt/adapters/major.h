#pragma once

#include <NvInfer.h>

#include <memory>

#include "engines/tensorrt/adapter_api.h"

// Where the major versions of TensorRT differ; major_<version>.cpp has each one's way.
namespace instseg::tensorrt::major {

bool types_come_from_the_file();

nvinfer1::NetworkDefinitionCreationFlags network_flags();

// Flags of the builder and precisions of layers. TF32 is on by default in every version.
void set_precision(nvinfer1::IBuilderConfig& config, nvinfer1::INetworkDefinition& network,
                   const BuildRequest& request);

// Reports to `progress` while the builder works; kept until it ends. Null where the version cannot.
class ProgressReport {
 public:
  virtual ~ProgressReport() = default;
};
std::unique_ptr<ProgressReport> report_progress(nvinfer1::IBuilderConfig& config,
                                                BuildProgress& progress);

}  // namespace instseg::tensorrt::major
