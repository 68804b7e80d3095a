#include "engines/tensorrt/adapters/building.h"

#include <algorithm>

#include "engines/tensorrt/adapters/dims.h"
#include "engines/tensorrt/adapters/major.h"

namespace instseg::tensorrt {
namespace {

constexpr int kVersion860 = 8600;  // as getInferLibVersion() says it

void fail(Log& log, const std::string& text) { log.write(Log::Severity::kError, text.c_str()); }

std::vector<std::byte> copy_of(const nvinfer1::IHostMemory& memory) {
  const auto* const data = static_cast<const std::byte*>(memory.data());
  return {data, data + memory.size()};
}

bool parse(nvonnxparser::IParser& parser, const std::string& file, Log& log) {
  if (parser.parseFromFile(file.c_str(), static_cast<int>(nvinfer1::ILogger::Severity::kWARNING))) {
    return true;
  }
  for (int i = 0; i < parser.getNbErrors(); ++i) {
    const nvonnxparser::IParserError& error = *parser.getError(i);
    fail(log, "the ONNX parser refuses node " + std::to_string(error.node()) + ": " + error.desc());
  }
  return false;
}

// One profile whose smallest, best and largest shapes are the request's.
bool set_shapes(nvinfer1::IBuilder& builder, nvinfer1::IBuilderConfig& config,
                const nvinfer1::INetworkDefinition& network, const BuildRequest& request,
                Log& log) {
  nvinfer1::IOptimizationProfile* const profile = builder.createOptimizationProfile();
  for (int i = 0; i < network.getNbInputs(); ++i) {
    const nvinfer1::ITensor& tensor = *network.getInput(i);
    const auto input =
        std::find_if(request.inputs.begin(), request.inputs.end(),
                     [&](const InputShape& each) { return each.name == tensor.getName(); });
    if (input == request.inputs.end()) {
      fail(log, std::string("the network has an input '") + tensor.getName() + "' more");
      return false;
    }
    const nvinfer1::Dims dims = dims_of(input->shape);
    for (const auto selector :
         {nvinfer1::OptProfileSelector::kMIN, nvinfer1::OptProfileSelector::kOPT,
          nvinfer1::OptProfileSelector::kMAX}) {
      if (!profile->setDimensions(tensor.getName(), selector, dims)) {
        fail(log, "the input '" + input->name + "' cannot have the shape it is given");
        return false;
      }
    }
  }
  if (config.addOptimizationProfile(profile) < 0) {
    fail(log, "the shapes of the inputs make no profile");
    return false;
  }
  return true;
}

}  // namespace

Built build_plan(const Vendor& vendor, const BuildRequest& request, Log& log) {
  Built built;
  const auto builder = vendor.make_builder();
  if (builder == nullptr) return built;
  const std::unique_ptr<nvinfer1::INetworkDefinition> network(
      builder->createNetworkV2(major::network_flags()));
  const std::unique_ptr<nvinfer1::IBuilderConfig> config(builder->createBuilderConfig());
  if (network == nullptr || config == nullptr) return built;
  const auto parser = vendor.make_parser(*network);  // owns weights that the build reads
  if (parser == nullptr) return built;
  // Else 8.6 makes InstanceNormalization a layer of NVIDIA's plugin library. The parser of 8.6.0
  // has no flags yet.
  if (vendor.version() > kVersion860) {
    parser->setFlag(nvonnxparser::OnnxParserFlag::kNATIVE_INSTANCENORM);
  }
  if (!parse(*parser, request.onnx_file, log)) return built;
  if (!set_shapes(*builder, *config, *network, request, log)) return built;

  config->setProfilingVerbosity(nvinfer1::ProfilingVerbosity::kDETAILED);  // for the inspector
  major::set_precision(*config, *network, request);
  std::unique_ptr<nvinfer1::ITimingCache> times(
      config->createTimingCache(request.timing_cache.data(), request.timing_cache.size()));
  if (times == nullptr) times.reset(config->createTimingCache(nullptr, 0));
  if (times != nullptr) config->setTimingCache(*times, /*ignoreMismatch=*/false);
  std::unique_ptr<major::ProgressReport> report;
  if (request.progress != nullptr) report = major::report_progress(*config, *request.progress);

  const std::unique_ptr<nvinfer1::IHostMemory> plan(
      builder->buildSerializedNetwork(*network, *config));
  if (plan == nullptr) return built;
  built.plan = copy_of(*plan);
  const nvinfer1::ITimingCache* const measured = config->getTimingCache();
  if (measured != nullptr) {
    const std::unique_ptr<nvinfer1::IHostMemory> serialized(measured->serialize());
    if (serialized != nullptr) built.timing_cache = copy_of(*serialized);
  }
  return built;
}

}  // namespace instseg::tensorrt
