// TensorRT 8.6: weakly typed. FP16 is allowed everywhere but in the layers that the request names,
// and the builder must obey that.

#include <set>
#include <string>

#include "engines/tensorrt/adapters/major.h"
#include "engines/tensorrt/adapters/node_names.h"

namespace instseg::tensorrt::major {
namespace {

using nvinfer1::BuilderFlag;
using nvinfer1::DataType;
using nvinfer1::TacticSource;

constexpr nvinfer1::TacticSources bit(TacticSource source) {
  return 1U << static_cast<unsigned>(source);
}

void keep_in_fp32(nvinfer1::ILayer& layer) {
  bool has_floats = false;
  for (int i = 0; i < layer.getNbOutputs(); ++i) {
    const DataType type = layer.getOutput(i)->getType();
    if (type != DataType::kFLOAT && type != DataType::kHALF) continue;
    has_floats = true;
    layer.setOutputType(i, DataType::kFLOAT);
  }
  if (has_floats) layer.setPrecision(DataType::kFLOAT);
}

}  // namespace

bool types_come_from_the_file() { return false; }

nvinfer1::NetworkDefinitionCreationFlags network_flags() {
  return 1U << static_cast<unsigned>(nvinfer1::NetworkDefinitionCreationFlag::kEXPLICIT_BATCH);
}

void set_precision(nvinfer1::IBuilderConfig& config, nvinfer1::INetworkDefinition& network,
                   const BuildRequest& request) {
  // Not cuBLAS and cuDNN, as 10 has it by default: TensorRT's own kernels do, and neither has to be
  // there.
  config.setTacticSources(bit(TacticSource::kEDGE_MASK_CONVOLUTIONS) |
                          bit(TacticSource::kJIT_CONVOLUTIONS));
  if (request.precision != Precision::kTf32) config.clearFlag(BuilderFlag::kTF32);
  if (request.precision != Precision::kFp16) return;
  config.setFlag(BuilderFlag::kFP16);
  config.setFlag(BuilderFlag::kOBEY_PRECISION_CONSTRAINTS);
  const std::set<std::string> nodes(request.fp32_nodes.begin(), request.fp32_nodes.end());
  for (int i = 0; i < network.getNbLayers(); ++i) {
    nvinfer1::ILayer& layer = *network.getLayer(i);
    if (layer.getType() == nvinfer1::LayerType::kCONSTANT) continue;  // follows its reader
    // The parser of 8.6 does not name a LayerNormalization's layer after its node; every family's
    // table keeps normalizations in FP32.
    const bool normalizes = layer.getType() == nvinfer1::LayerType::kNORMALIZATION;
    if (normalizes || is_of_a_node(layer.getName(), nodes)) keep_in_fp32(layer);
  }
}

// The builder of 8.6 tells nobody how far it is.
std::unique_ptr<ProgressReport> report_progress(nvinfer1::IBuilderConfig&, BuildProgress&) {
  return nullptr;
}

}  // namespace instseg::tensorrt::major
