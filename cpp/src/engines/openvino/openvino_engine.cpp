#include "engines/openvino/openvino_engine.h"

#include <algorithm>
#include <openvino/openvino.hpp>
#include <string>
#include <utility>
#include <vector>

#include "instseg/errors.h"

namespace instseg {
namespace {

constexpr const char* kCpu = "CPU";

std::string version_text() {
  // "2026.4.1-21234-abc-releases/2026/4" -> "2026.4.1"
  const std::string build = ov::get_openvino_version().buildNumber;
  return build.substr(0, build.find('-'));
}

// Calls `body`; whatever it throws leaves as EngineError with the vendor's text behind `doing`.
template <typename Body>
auto translating(const std::string& doing, const Body& body) {
  try {
    return body();
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw EngineError("OpenVINO " + version_text() + " " + doing + ": " + error.what());
  } catch (...) {
    throw EngineError("OpenVINO " + version_text() + " " + doing + ": an unknown exception");
  }
}

struct Precision {
  const char* name;        // as in PredictorOptions
  const char* capability;  // as the CPU plugin lists it where the hardware computes in it
  ov::element::Type type;
};

const Precision kPrecisions[] = {{"fp32", "FP32", ov::element::f32},
                                 {"bf16", "BF16", ov::element::bf16},
                                 {"fp16", "FP16", ov::element::f16}};

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

class OpenVinoSession final : public Session {
 public:
  OpenVinoSession(ov::InferRequest request, const std::vector<std::size_t>& inputs,
                  const std::vector<std::size_t>& outputs)
      : request_(std::move(request)), outputs_(outputs), shapes_(outputs.size()) {
    for (const std::size_t port : inputs) inputs_.push_back(request_.get_input_tensor(port));
  }

  std::span<float> input(std::size_t index, std::span<const std::int64_t> shape) override {
    ov::Tensor& tensor = inputs_[index];
    const ov::Shape& current = tensor.get_shape();
    if (!std::equal(
            shape.begin(), shape.end(), current.begin(), current.end(),
            [](std::int64_t a, std::size_t b) { return static_cast<std::size_t>(a) == b; })) {
      translating("refuses the input's shape",
                  [&] { tensor.set_shape(ov::Shape(shape.begin(), shape.end())); });
    }
    return {tensor.data<float>(), tensor.get_size()};
  }

  void run() override {
    translating("failed to run the network", [&] { request_.infer(); });
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      const ov::Shape& shape = request_.get_output_tensor(outputs_[i]).get_shape();
      shapes_[i].assign(shape.begin(), shape.end());
    }
  }

  TensorView output(std::size_t index) const override {
    return {request_.get_output_tensor(outputs_[index]).data<const float>(), shapes_[index]};
  }

 private:
  mutable ov::InferRequest request_;
  std::vector<ov::Tensor> inputs_;
  std::vector<std::size_t> outputs_;
  std::vector<std::vector<std::int64_t>> shapes_;
};

class OpenVinoNetwork final : public Network {
 public:
  OpenVinoNetwork(ov::CompiledModel model, const NetworkSpec& network) : model_(std::move(model)) {
    for (const TensorSpec& tensor : network.inputs) {
      inputs_.push_back(find_port(model_.inputs(), tensor, network));
    }
    for (const TensorSpec& tensor : network.outputs) {
      outputs_.push_back(find_port(model_.outputs(), tensor, network));
    }
  }

  std::unique_ptr<Session> make_session() const override {
    return translating("cannot make an infer request", [&] {
      return std::make_unique<OpenVinoSession>(model_.create_infer_request(), inputs_, outputs_);
    });
  }

 private:
  mutable ov::CompiledModel model_;
  std::vector<std::size_t> inputs_;  // port of each input of the NetworkSpec
  std::vector<std::size_t> outputs_;
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
      if (!options.cache_dir.empty()) config.insert(ov::cache_dir(options.cache_dir.string()));
      return std::make_unique<OpenVinoNetwork>(
          core_.compile_model(network.file.string(), kCpu, config), network);
    });
  }

 private:
  mutable ov::Core core_;
};

}  // namespace

std::unique_ptr<Engine> make_openvino_engine() {
  return translating("cannot start", [] { return std::make_unique<OpenVinoEngine>(); });
}

}  // namespace instseg
