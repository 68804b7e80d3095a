#include "engines/openvino/openvino_engine.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <openvino/frontend/manager.hpp>
#include <openvino/openvino.hpp>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engines/compiled_cache.h"
#include "engines/openvino/kept_in_fp32.h"
#include "engines/vendor_errors.h"
#include "instseg/errors.h"

namespace instseg {
namespace {

constexpr const char* kCpu = "CPU";

std::string version_text() {
  // "2026.4.1-21234-abc-releases/2026/4" -> "2026.4.1"
  const std::string build = ov::get_openvino_version().buildNumber;
  return build.substr(0, build.find('-'));
}

template <typename Body>
auto translating(const std::string& doing, const Body& body) {
  return translate_errors("OpenVINO", version_text, doing, body);
}

// Network files are ONNX. OpenVINO's own read_model() would try every format it knows, and some of
// those print about what they cannot read.
std::shared_ptr<ov::Model> read_onnx(const std::filesystem::path& file) {
  ov::frontend::FrontEndManager manager;
  const ov::frontend::FrontEnd::Ptr onnx = manager.load_by_framework("onnx");
  return onnx->convert(onnx->load(file.string()));
}

struct Precision {
  const char* name;        // as in PredictorOptions
  const char* capability;  // as the CPU plugin lists it where the hardware computes in it
  ov::element::Type type;
};

const Precision kPrecisions[] = {{"fp32", "FP32", ov::element::f32},
                                 {"bf16", "BF16", ov::element::bf16},
                                 {"fp16", "FP16", ov::element::f16}};

// Layers of a compiled network, as the plugin names them.
const std::set<std::string> kMovesValues = {"Const", "Input", "Output", "Reorder", "Reshape"};

ov::element::Type precision_type(const std::string& name) {
  for (const Precision& precision : kPrecisions) {
    if (name == precision.name) return precision.type;
  }
  throw InvalidArgument("The precision \"" + name + "\" is unknown to OpenVINO.");
}

// The port of this tensor; throws ModelError unless the network has it as instseg.json says.
template <typename Ports>
std::size_t find_port(const Ports& ports, const TensorSpec& tensor, const NetworkSpec& network) {
  const auto refuse = [&](const std::string& problem) {
    throw ModelError(network.file.string() + " is not the network that instseg.json describes: " +
                     problem + "; import the model again with `instseg import`");
  };
  for (std::size_t i = 0; i < ports.size(); ++i) {
    if (ports[i].get_names().count(tensor.name) == 0) continue;
    const ov::PartialShape shape = ports[i].get_partial_shape();
    const bool equal_rank = shape.rank().is_static() && shape.size() == tensor.shape.size();
    bool equal = equal_rank || shape.rank().is_dynamic();
    for (std::size_t d = 0; equal_rank && d < shape.size(); ++d) {
      const std::int64_t side = tensor.shape[d];
      equal = equal && (side == -1 || shape[d].compatible(ov::Dimension(side)));
    }
    std::string expected;
    for (const std::int64_t side : tensor.shape) {
      if (!expected.empty()) expected += ",";
      expected += side == -1 ? "?" : std::to_string(side);
    }
    if (!equal) {
      refuse("'" + tensor.name + "' has the shape " + shape.to_string() + ", expected [" +
             expected + "]");
    }
    if (ports[i].get_element_type() != ov::element::f32 || tensor.dtype != "float32") {
      refuse("'" + tensor.name + "' holds " + ports[i].get_element_type().to_string() +
             " where instseg.json says " + tensor.dtype + ", expected float32 in both");
    }
    return i;
  }
  refuse("it has no tensor '" + tensor.name + "'");
  return 0;
}

// Every call brings one image, and a network whose shapes are known is faster than one that could
// take more: Mask-RT-DETR-L by 3 % freshly compiled, by 6 % out of the cache.
void take_one_image(ov::Model& model, const NetworkSpec& network) {
  std::map<std::string, ov::PartialShape> shapes;
  for (const TensorSpec& tensor : network.inputs) {
    if (tensor.meaning != "image") continue;
    ov::PartialShape shape =
        model.input(find_port(model.inputs(), tensor, network)).get_partial_shape();
    if (shape.rank().is_dynamic() || shape.size() == 0 || shape[0].is_static()) continue;
    shape[0] = 1;
    shapes[tensor.name] = shape;
  }
  if (!shapes.empty()) model.reshape(shapes);
}

std::string image_name(const NetworkSpec& network) {
  for (const TensorSpec& tensor : network.inputs) {
    if (tensor.meaning == "image") return tensor.name;
  }
  return {};
}

// Whether calls bring tensors of many shapes: images of any size, any number of regions.
bool has_open_shapes(const NetworkSpec& network) {
  return std::any_of(network.inputs.begin(), network.inputs.end(), [](const TensorSpec& tensor) {
    const bool has_batch = tensor.meaning == "image" && !tensor.shape.empty();
    const auto sides = std::span(tensor.shape).subspan(has_batch ? 1 : 0);
    return std::find(sides.begin(), sides.end(), -1) != sides.end();
  });
}

// A compiled network and the library's own core. A core that goes takes its plugin and threads with
// it, so whatever runs keeps all of this; the core goes last.
struct Compiled {
  ov::Core core;
  ov::CompiledModel model;
};

class OpenVinoSession final : public Session {
 public:
  OpenVinoSession(std::shared_ptr<Compiled> compiled,
                  const std::vector<ov::Output<const ov::Node>>& inputs,
                  const std::vector<std::size_t>& outputs)
      : compiled_(std::move(compiled)),
        request_(compiled_->model.create_infer_request()),
        inputs_(inputs),
        outputs_(outputs),
        values_(outputs.size()),
        shapes_(outputs.size()) {
    for (const auto& port : inputs_) tensors_.push_back(request_.get_tensor(port));
  }

  std::span<float> input(std::size_t index, std::span<const std::int64_t> shape) override {
    ov::Tensor& tensor = tensors_[index];
    const ov::Shape& current = tensor.get_shape();
    if (!std::equal(
            shape.begin(), shape.end(), current.begin(), current.end(),
            [](std::int64_t a, std::size_t b) { return static_cast<std::size_t>(a) == b; })) {
      resize(index, ov::PartialShape(std::vector<ov::Dimension>(shape.begin(), shape.end())));
    }
    return {tensor.data<float>(), tensor.get_size()};
  }

  void run() override {
    translating("failed to run the network", [&] {
      request_.infer();
      for (std::size_t i = 0; i < outputs_.size(); ++i) {
        const ov::Tensor tensor = request_.get_output_tensor(outputs_[i]);
        const ov::Shape& shape = tensor.get_shape();
        shapes_[i].assign(shape.begin(), shape.end());
        values_[i] = tensor.data<const float>();
      }
    });
  }

  TensorView output(std::size_t index) const override { return {values_[index], shapes_[index]}; }

 private:
  // OpenVINO itself would compute with a shape that the network does not have, and read anything.
  void resize(std::size_t index, const ov::PartialShape& shape) {
    const ov::Output<const ov::Node>& port = inputs_[index];
    if (shape.is_dynamic() || !port.get_partial_shape().compatible(shape)) {
      throw EngineError("OpenVINO " + version_text() + " got the shape " + shape.to_string() +
                        " for the input '" + port.get_any_name() + "' of the shape " +
                        port.get_partial_shape().to_string() +
                        "; the network and instseg.json do not belong together: import the model "
                        "again with `instseg import`");
    }
    translating("cannot hold the input", [&] { tensors_[index].set_shape(shape.to_shape()); });
  }

  std::shared_ptr<Compiled> compiled_;
  ov::InferRequest request_;
  std::vector<ov::Output<const ov::Node>> inputs_;
  std::vector<ov::Tensor> tensors_;  // of inputs_
  std::vector<std::size_t> outputs_;
  // Of the outputs, after the last run.
  std::vector<const float*> values_;
  std::vector<std::vector<std::int64_t>> shapes_;
};

class OpenVinoNetwork final : public Network {
 public:
  OpenVinoNetwork(Compiled compiled, const NetworkSpec& network)
      : compiled_(std::make_shared<Compiled>(std::move(compiled))) {
    const ov::CompiledModel& model = compiled_->model;
    for (const TensorSpec& tensor : network.inputs) {
      inputs_.push_back(model.input(find_port(model.inputs(), tensor, network)));
    }
    for (const TensorSpec& tensor : network.outputs) {
      outputs_.push_back(find_port(model.outputs(), tensor, network));
    }
  }

  std::unique_ptr<Session> make_session() const override {
    return translating("cannot make an infer request", [&] {
      return std::make_unique<OpenVinoSession>(compiled_, inputs_, outputs_);
    });
  }

  // As the plugin says of what it runs, without what only moves values. Asked for once: it takes
  // the plugin some 25 ms (Mask-RT-DETR-L).
  std::map<std::string, std::int64_t> layer_types() const override {
    std::call_once(asked_, [&] {
      layer_types_ = translating("cannot describe the network", [&] { return count_layers(); });
    });
    return layer_types_;
  }

 private:
  std::map<std::string, std::int64_t> count_layers() const {
    std::map<std::string, std::int64_t> counts;
    for (const std::shared_ptr<ov::Node>& layer : compiled_->model.get_runtime_model()->get_ops()) {
      const auto fact = [&](const char* name) {
        return layer->get_rt_info().at(name).as<std::string>();
      };
      if (kMovesValues.count(fact("layerType")) != 0) continue;
      for (const Precision& precision : kPrecisions) {
        if (fact("runtimePrecision") == precision.type.to_string()) ++counts[precision.name];
      }
    }
    return counts;
  }

  std::shared_ptr<Compiled> compiled_;
  std::vector<ov::Output<const ov::Node>> inputs_;  // of each input of the NetworkSpec
  std::vector<std::size_t> outputs_;                // port of each output
  mutable std::once_flag asked_;
  mutable std::map<std::string, std::int64_t> layer_types_;
};

class OpenVinoEngine final : public Engine {
 public:
  EngineInfo info() const override {
    return translating("cannot describe the CPU", [&] {
      EngineInfo info;
      info.name = "openvino";
      info.available = true;
      info.version = version_text();
      info.devices = {"cpu"};
      const std::vector<std::string> found = core_.get_property(kCpu, ov::device::capabilities);
      for (const Precision& precision : kPrecisions) {
        if (std::find(found.begin(), found.end(), precision.capability) != found.end()) {
          info.precisions.emplace_back(precision.name);
        }
      }
      return info;
    });
  }

  std::unique_ptr<Network> load(const NetworkSpec& network,
                                const EngineOptions& options) const override {
    return translating("cannot load " + network.file.string(), [&] {
      ov::AnyMap config = {
          ov::hint::inference_precision(precision_type(options.precision)),
          ov::hint::performance_mode(ov::hint::PerformanceMode::LATENCY),
          ov::inference_num_threads(options.num_threads),
          ov::num_streams(options.num_streams),
          ov::hint::enable_cpu_pinning(false),
      };
      // The plugin would keep what it prepares for every shape, up to 5000 operators: 3 to 4 MB for
      // each size of SOLOv2's input. Preparing it again takes little of such a network's seconds,
      // and nothing while the size stays.
      if (has_open_shapes(network)) config["CPU_RUNTIME_CACHE_CAPACITY"] = "0";
      const CompiledCache cache(options.cache_dir, cache_key(network, options));
      std::optional<ov::CompiledModel> compiled = read_compiled(cache, config);
      if (!compiled) {
        const std::shared_ptr<ov::Model> model = read_onnx(network.file);
        take_one_image(*model, network);
        if (options.precision == "bf16") keep_in_fp32(model, image_name(network));
        compiled = core_.compile_model(model, kCpu, config);
        cache.write([&](std::ostream& stream) { compiled->export_model(stream); });
      }
      return std::make_unique<OpenVinoNetwork>(Compiled{core_, std::move(*compiled)}, network);
    });
  }

 private:
  // Everything that a compiled network depends on. The file counts by what instseg.json says of it
  // and its time of change, for it is not read here.
  std::string cache_key(const NetworkSpec& network, const EngineOptions& options) const {
    std::error_code unknown;
    const auto changed = std::filesystem::last_write_time(network.file, unknown);
    std::string key = std::string("one image, OpenVINO ") + ov::get_openvino_version().buildNumber +
                      "\n" + core_.get_property(kCpu, ov::device::full_name);
    for (const std::string& capability : core_.get_property(kCpu, ov::device::capabilities)) {
      key += " " + capability;
    }
    if (options.precision == "bf16") key += "\nkept " + std::to_string(kKeptInFp32Version);
    key += "\n" + options.precision + ", " + std::to_string(options.num_threads) + " threads, " +
           std::to_string(options.num_streams) + " streams\n" + network.sha256 + " " +
           std::to_string(network.size_bytes) + " bytes of " +
           std::to_string(unknown ? 0 : changed.time_since_epoch().count());
    return key;
  }

  // The network from the cache; none where it is not there, or OpenVINO refuses it.
  std::optional<ov::CompiledModel> read_compiled(const CompiledCache& cache,
                                                 const ov::AnyMap& config) const {
    ov::Tensor blob;
    const auto allocate = [&](std::size_t size) {
      blob = ov::Tensor(ov::element::u8, {size});
      return std::as_writable_bytes(std::span(blob.data<std::uint8_t>(), size));
    };
    if (!cache.read(allocate)) return std::nullopt;
    try {
      return core_.import_model(blob, kCpu, config);
    } catch (const std::exception&) {
      return std::nullopt;
    }
  }

  mutable ov::Core core_;
};

}  // namespace

std::unique_ptr<Engine> make_openvino_engine() {
  return translating("cannot start", [] { return std::make_unique<OpenVinoEngine>(); });
}

}  // namespace instseg
