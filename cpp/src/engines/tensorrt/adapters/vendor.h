#pragma once

#include <NvInfer.h>
#include <NvOnnxParser.h>

#include <memory>
#include <string>

#include "engines/tensorrt/adapter_api.h"
#include "engines/tensorrt/adapters/vendor_logger.h"

namespace instseg::tensorrt {

// TensorRT's entry functions, taken from the loaded libraries instead of linked, as its headers'
// own inline functions call them.
struct Vendor {
  explicit Vendor(const VendorFunctions& functions) : functions_(functions) {}

  std::unique_ptr<nvinfer1::IBuilder> make_builder() const {
    return make<nvinfer1::IBuilder>(functions_.createInferBuilder_INTERNAL);
  }
  std::unique_ptr<nvinfer1::IRuntime> make_runtime() const {
    return make<nvinfer1::IRuntime>(functions_.createInferRuntime_INTERNAL);
  }
  std::unique_ptr<nvonnxparser::IParser> make_parser(nvinfer1::INetworkDefinition& network) const {
    using Function = void* (*)(void* network, void* logger, int version);
    const auto create = reinterpret_cast<Function>(functions_.createNvOnnxParser_INTERNAL);
    return std::unique_ptr<nvonnxparser::IParser>(
        static_cast<nvonnxparser::IParser*>(create(&network, logger(), NV_ONNX_PARSER_VERSION)));
  }

  // See version_text.h.
  int version() const {
    using Function = int (*)();
    return reinterpret_cast<Function>(functions_.getInferLibVersion)();
  }

  // Registers the plugins, which the parser takes some operators to (DeformConv).
  void register_plugins() const {
    using Function = bool (*)(void* logger, char const* name_space);
    const auto init = reinterpret_cast<Function>(functions_.initLibNvInferPlugins);
    if (init != nullptr) init(logger(), "");
  }

 private:
  // Upcast: the function takes an ILogger.
  static nvinfer1::ILogger* logger() { return &VendorLogger::instance(); }

  template <typename Type>
  static std::unique_ptr<Type> make(void* function) {
    using Function = void* (*)(void* logger, std::int32_t version);
    const auto create = reinterpret_cast<Function>(function);
    return std::unique_ptr<Type>(static_cast<Type*>(create(logger(), NV_TENSORRT_VERSION)));
  }

  VendorFunctions functions_;
};

}  // namespace instseg::tensorrt
