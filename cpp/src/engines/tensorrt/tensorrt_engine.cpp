#include "engines/tensorrt/tensorrt_engine.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "engines/tensorrt/adapter_loading.h"
#include "engines/tensorrt/cuda_driver.h"
#include "engines/tensorrt/library_search.h"
#include "engines/tensorrt/plan_store.h"
#include "engines/tensorrt/precision_files.h"
#include "engines/tensorrt/tensorrt_session.h"
#include "instseg/errors.h"

namespace instseg {
namespace tensorrt {
namespace {

constexpr const char* kName = "tensorrt";
// Plans held at a time: rows come in so many powers of two; images have few sizes, and a plan for
// one takes hundreds of MB.
constexpr std::size_t kMostRowPlans = 12;
constexpr std::size_t kMostImagePlans = 4;

// "gpu" and "gpu:0" are 0.
int device_index(const std::string& device, int num_devices) {
  int index = 0;
  const std::string number =
      device == "gpu" ? "0" : device.substr(std::min<std::size_t>(4, device.size()));
  const char* const end = number.data() + number.size();
  const auto [rest, error] = std::from_chars(number.data(), end, index);
  const bool is_gpu = device == "gpu" || device.rfind("gpu:", 0) == 0;
  if (!is_gpu || error != std::errc() || rest != end || index < 0 || index >= num_devices) {
    throw InvalidArgument(
        "The device \"" + device + "\" is not there; there are " + std::to_string(num_devices) +
        " GPUs: give \"gpu\" or \"gpu:0\" to \"gpu:" + std::to_string(num_devices - 1) + "\".");
  }
  return index;
}

// The shapes that every call brings, with one image; none where they are open.
std::optional<std::vector<Shape>> only_shapes(const NetworkSpec& network) {
  std::vector<Shape> shapes;
  for (const TensorSpec& tensor : network.inputs) {
    Shape shape = tensor.shape;
    if (tensor.meaning == "image" && !shape.empty() && shape[0] == -1) shape[0] = 1;
    if (std::find(shape.begin(), shape.end(), -1) != shape.end()) return std::nullopt;
    shapes.push_back(std::move(shape));
  }
  return shapes;
}

class TensorRtNetwork final : public Network {
 public:
  explicit TensorRtNetwork(std::shared_ptr<PlanStore> plans) : plans_(std::move(plans)) {}

  std::unique_ptr<Session> make_session() const override {
    return std::make_unique<TensorRtSession>(plans_);
  }
  std::map<std::string, std::int64_t> layer_types() const override { return plans_->layer_types(); }

 private:
  std::shared_ptr<PlanStore> plans_;
};

class TensorRtEngine final : public Engine {
 public:
  explicit TensorRtEngine(Parts parts) : parts_(std::move(parts)) {}

  EngineInfo info() const override {
    EngineInfo info;
    info.name = kName;
    if (!is_available()) {
      info.remedy = parts_.problem;
      return info;
    }
    info.available = true;
    info.version = parts_.adapter->version();
    info.devices = {"gpu"};
    for (int i = 0; i < parts_.driver->num_devices(); ++i) {
      info.devices.push_back("gpu:" + std::to_string(i));
    }
    info.precisions = {"fp32", "tf32", "fp16"};
    return info;
  }

  std::unique_ptr<Network> load(const NetworkSpec& network,
                                const EngineOptions& options) const override {
    if (!is_available()) {
      throw EngineError("The engine \"tensorrt\" is not available: " + parts_.problem);
    }
    PlanSource source{.adapter = parts_.adapter,
                      .network = network,
                      .precision = precision_of(options.precision),
                      .cache_dir = options.cache_dir,
                      .progress = options.progress};
    source.device = parts_.driver->open(device_index(options.device, parts_.driver->num_devices()));
    check_hardware(source);
    source.kernels = kernels_for(source);
    source.files =
        precision_files(network, source.precision, source.adapter->types_come_from_the_file());
    const auto device = source.device;
    const std::size_t most = takes_rows(network) ? kMostRowPlans : kMostImagePlans;
    auto plans = std::make_shared<PlanStore>(std::move(source), most);
    if (const auto shapes = only_shapes(network)) {
      const DeviceScope scope(*device);
      plans->plan(*shapes);
    }
    return std::make_unique<TensorRtNetwork>(std::move(plans));
  }

 private:
  bool is_available() const { return parts_.adapter != nullptr && parts_.driver != nullptr; }

  static void check_hardware(const PlanSource& source) {
    const GpuDescription& gpu = source.device->description();
    if (source.precision == Precision::kTf32 && gpu.capability_major < 8) {
      throw InvalidArgument("The precision \"tf32\" is not available: " + gpu.name +
                            " has compute capability " + std::to_string(gpu.capability_major) +
                            "." + std::to_string(gpu.capability_minor) +
                            ", and TF32 comes with 8.0; give \"fp32\" or \"fp16\".");
    }
  }

  // Those that run on this GPU; without, all works, with the stages around the network on the CPU.
  std::shared_ptr<const Kernels> kernels_for(const PlanSource& source) const {
    if (parts_.kernels == nullptr) return nullptr;
    const DeviceScope scope(*source.device);
    const std::string problem = parts_.kernels->problem();
    if (problem.empty()) return parts_.kernels;
    if (source.progress) {
      source.progress("The CUDA kernels of this build do not run on " +
                      source.device->description().name + " (" + problem +
                      "); images are prepared and masks drawn on the CPU.");
    }
    return nullptr;
  }

  Parts parts_;
};

// What this machine has, and all that it lacks.
Parts find_parts() {
  Parts parts{.kernels = make_cuda_kernels()};
  const auto folders = adapter_folders();
  FoundAdapter found = find_adapter(folders, vendor_folders());
  parts.adapter = std::move(found.adapter);
  parts.problem = std::move(found.problem);
  const auto add = [&](const std::string& problem) {
    parts.problem += (parts.problem.empty() ? "" : "; besides, ") + problem;
  };
  if (!has_adapter(folders)) {
    // Nothing is started: a process that did could not use CUDA in its children.
    if (!has_cuda_driver()) {
      add("NVIDIA's driver (libcuda.so.1) is not there, and TensorRT needs a GPU");
    }
  } else {
    try {
      parts.driver = make_cuda_driver();
    } catch (const EngineError& error) {
      add(error.what());
    }
  }
  if (!parts.problem.empty()) parts.problem += ".";
  return parts;
}

}  // namespace

std::unique_ptr<Engine> make_engine(Parts parts) {
  return std::make_unique<TensorRtEngine>(std::move(parts));
}

}  // namespace tensorrt

std::unique_ptr<Engine> make_tensorrt_engine() {
  return tensorrt::make_engine(tensorrt::find_parts());
}

}  // namespace instseg
