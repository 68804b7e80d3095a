// The adapter of the TensorRT whose headers it is compiled with.

#include <exception>
#include <new>
#include <utility>

#include "engines/tensorrt/adapters/building.h"
#include "engines/tensorrt/adapters/dims.h"
#include "engines/tensorrt/adapters/major.h"
#include "engines/tensorrt/adapters/version_text.h"

namespace instseg::tensorrt {
namespace {

TensorType type_of(nvinfer1::DataType type) {
  switch (type) {
    case nvinfer1::DataType::kFLOAT:
      return TensorType::kFloat32;
    case nvinfer1::DataType::kHALF:
      return TensorType::kFloat16;
    default:
      return TensorType::kOther;
  }
}

// Whatever is thrown becomes a line of the log, and a default result.
template <typename Body>
auto guarded(Log& log, const Body& body) noexcept -> decltype(body()) {
  const VendorLogger::Call call(log);
  try {
    return body();
  } catch (const std::exception& error) {
    log.write(Log::Severity::kError, error.what());
  } catch (...) {
    log.write(Log::Severity::kError, "an unknown exception");
  }
  return {};
}

class TensorRtContext final : public Context {
 public:
  explicit TensorRtContext(std::unique_ptr<nvinfer1::IExecutionContext> context)
      : context_(std::move(context)) {}

  bool set_input_shape(const std::string& name, const Shape& shape, Log& log) override {
    return guarded(log, [&] { return context_->setInputShape(name.c_str(), dims_of(shape)); });
  }
  Shape output_shape(const std::string& name) const override {
    return shape_of(context_->getTensorShape(name.c_str()));
  }
  bool set_address(const std::string& name, void* device_memory, Log& log) override {
    return guarded(log, [&] { return context_->setTensorAddress(name.c_str(), device_memory); });
  }
  bool enqueue(void* stream, Log& log) override {
    return guarded(log, [&] { return context_->enqueueV3(static_cast<cudaStream_t>(stream)); });
  }

 private:
  std::unique_ptr<nvinfer1::IExecutionContext> context_;
};

class TensorRtPlan final : public Plan {
 public:
  TensorRtPlan(std::unique_ptr<nvinfer1::IRuntime> runtime,
               std::unique_ptr<nvinfer1::ICudaEngine> engine)
      : runtime_(std::move(runtime)), engine_(std::move(engine)) {}

  std::vector<TensorDescription> tensors() const override {
    std::vector<TensorDescription> all;
    for (int i = 0; i < engine_->getNbIOTensors(); ++i) {
      const char* const name = engine_->getIOTensorName(i);
      all.push_back({.name = name,
                     .is_input = engine_->getTensorIOMode(name) == nvinfer1::TensorIOMode::kINPUT,
                     .type = type_of(engine_->getTensorDataType(name)),
                     .shape = shape_of(engine_->getTensorShape(name))});
    }
    return all;
  }

  std::unique_ptr<Context> make_context(Log& log) override {
    return guarded(log, [&]() -> std::unique_ptr<Context> {
      std::unique_ptr<nvinfer1::IExecutionContext> context(engine_->createExecutionContext());
      if (context == nullptr) return nullptr;
      return std::make_unique<TensorRtContext>(std::move(context));
    });
  }

  std::string layers() const override {
    const std::unique_ptr<nvinfer1::IEngineInspector> inspector(engine_->createEngineInspector());
    const char* const text =
        inspector == nullptr
            ? nullptr
            : inspector->getEngineInformation(nvinfer1::LayerInformationFormat::kJSON);
    return text != nullptr ? text : "";
  }

 private:
  std::unique_ptr<nvinfer1::IRuntime> runtime_;  // outlives the engine
  std::unique_ptr<nvinfer1::ICudaEngine> engine_;
};

class TensorRtAdapter final : public Adapter {
 public:
  explicit TensorRtAdapter(const VendorFunctions& functions) : vendor_(functions) {
    vendor_.register_plugins();
  }

  std::string version() const override { return version_text(vendor_.version()); }
  std::string problem() const override {
    return older_than_headers(vendor_.version(), NV_TENSORRT_VERSION);
  }
  bool types_come_from_the_file() const override { return major::types_come_from_the_file(); }

  Built build(const BuildRequest& request, Log& log) override {
    return guarded(log, [&] {
      const VendorLogger::Build build(log);
      return build_plan(vendor_, request, log);
    });
  }

  std::unique_ptr<Plan> load(std::span<const std::byte> plan, Log& log) override {
    return guarded(log, [&]() -> std::unique_ptr<Plan> {
      auto runtime = vendor_.make_runtime();
      if (runtime == nullptr) return nullptr;
      std::unique_ptr<nvinfer1::ICudaEngine> engine(
          runtime->deserializeCudaEngine(plan.data(), plan.size()));
      if (engine == nullptr) return nullptr;
      return std::make_unique<TensorRtPlan>(std::move(runtime), std::move(engine));
    });
  }

 private:
  Vendor vendor_;
};

}  // namespace
}  // namespace instseg::tensorrt

extern "C" __attribute__((visibility("default"))) instseg::tensorrt::Adapter*
instseg_tensorrt_adapter(int abi, const instseg::tensorrt::VendorFunctions& vendor) {
  if (abi != instseg::tensorrt::kAdapterAbi) return nullptr;
  return new (std::nothrow) instseg::tensorrt::TensorRtAdapter(vendor);
}
