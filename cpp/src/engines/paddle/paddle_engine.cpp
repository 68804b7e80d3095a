#include "engines/paddle/paddle_engine.h"

#include <paddle_inference_api.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "engines/vendor_errors.h"
#include "instseg/errors.h"

namespace instseg {
namespace {

std::string version_text() {
  // "version: 3.3.1\ncommit: ...\nbranch: ..." -> "3.3.1"
  std::istringstream text(paddle_infer::GetVersion());
  for (std::string word, previous; text >> word; previous = word) {
    if (previous == "version:") return word;
  }
  return "of unknown version";
}

template <typename Body>
auto translating(const std::string& doing, const Body& body) {
  return translate_errors("Paddle Inference", version_text, doing, body);
}

[[noreturn]] void refuse(const NetworkSpec& program, const std::string& problem) {
  throw ModelError(program.file.string() + " is not the program that instseg.json describes: " +
                   problem + "; import the model again with `instseg import --with-program`");
}

// Without oneDNN, which crashes on some of the models and has other roundings. The method's name
// depends on the version, and the old one prints a warning in new versions.
template <typename Config>
void disable_onednn(Config& config) {
  if constexpr (requires { config.DisableONEDNN(); }) {
    config.DisableONEDNN();
  } else {
    config.DisableMKLDNN();
  }
}

paddle_infer::Config make_config(const NetworkSpec& program, const EngineOptions& options) {
  paddle_infer::Config config(program.file.string(), program.parameters.string());
  config.DisableGpu();
  config.DisableGlogInfo();
  disable_onednn(config);
  config.EnableMemoryOptim();
  config.SetCpuMathLibraryNumThreads(std::max(1, options.num_threads / options.num_streams));
  // Programs in JSON are in Paddle's new representation, which only its new executor runs; old ones
  // fail there.
  const bool is_new = program.file.extension() == ".json";
  config.EnableNewIR(is_new);
  config.EnableNewExecutor(is_new);
  return config;
}

AnyTensorView view_of(const paddle_infer::Tensor& tensor, std::span<const std::int64_t> shape) {
  paddle_infer::PlaceType place{};
  int size = 0;
  switch (tensor.type()) {
    case paddle_infer::DataType::FLOAT32:
      return {tensor.data<float>(&place, &size), shape};
    case paddle_infer::DataType::INT32:
      return {tensor.data<std::int32_t>(&place, &size), shape};
    case paddle_infer::DataType::INT64:
      return {tensor.data<std::int64_t>(&place, &size), shape};
    case paddle_infer::DataType::UINT8:
      return {tensor.data<std::uint8_t>(&place, &size), shape};
    default:
      throw EngineError("Paddle Inference " + version_text() + " gave the output '" +
                        tensor.name() +
                        "' a type that no program has: float32, int32, int64 and "
                        "uint8 are known");
  }
}

class PaddleSession final : public Session {
 public:
  PaddleSession(std::unique_ptr<paddle_infer::Predictor> predictor, const NetworkSpec& program)
      : predictor_(std::move(predictor)), output_names_(predictor_->GetOutputNames()) {
    for (const TensorSpec& input : program.inputs) {
      inputs_.push_back(predictor_->GetInputHandle(input.name));
    }
    shapes_.resize(output_names_.size());
    outputs_.resize(output_names_.size());
  }

  std::span<float> input(std::size_t index, std::span<const std::int64_t> shape) override {
    return translating("cannot hold the input", [&] {
      paddle_infer::Tensor& tensor = *inputs_[index];
      std::size_t size = 1;
      for (const std::int64_t side : shape) size *= static_cast<std::size_t>(side);
      tensor.Reshape(std::vector<int>(shape.begin(), shape.end()));
      return std::span(tensor.mutable_data<float>(paddle_infer::PlaceType::kCPU), size);
    });
  }

  void run() override {
    translating("failed to run the program", [&] {
      if (!predictor_->Run()) throw EngineError("Paddle Inference could not run the program");
      for (std::size_t i = 0; i < output_names_.size(); ++i) {
        const auto tensor = predictor_->GetOutputHandle(output_names_[i]);
        const std::vector<int> shape = tensor->shape();
        shapes_[i].assign(shape.begin(), shape.end());
        outputs_[i] = view_of(*tensor, shapes_[i]);
      }
    });
  }

  TensorView output(std::size_t index) const override {
    const float* const* const values = std::get_if<const float*>(&outputs_[index].data);
    if (values == nullptr) {
      throw EngineError("The program's output '" + output_names_[index] + "' is not float32");
    }
    return {*values, shapes_[index]};
  }

  AnyTensorView any_output(std::size_t index) const override { return outputs_[index]; }

 private:
  std::unique_ptr<paddle_infer::Predictor> predictor_;
  std::vector<std::unique_ptr<paddle_infer::Tensor>> inputs_;
  std::vector<std::string> output_names_;
  // Of the outputs, after the last run.
  std::vector<std::vector<std::int64_t>> shapes_;
  std::vector<AnyTensorView> outputs_;
};

class PaddleNetwork final : public Network {
 public:
  PaddleNetwork(std::shared_ptr<paddle_infer::Predictor> predictor, NetworkSpec program)
      : predictor_(std::move(predictor)), program_(std::move(program)) {
    const std::vector<std::string> inputs = predictor_->GetInputNames();
    for (const TensorSpec& input : program_.inputs) {
      if (std::find(inputs.begin(), inputs.end(), input.name) == inputs.end()) {
        refuse(program_, "it has no input '" + input.name + "'");
      }
    }
    // Paddle names outputs as it likes, but keeps their order.
    const std::size_t num_outputs = predictor_->GetOutputNames().size();
    if (inputs.size() != program_.inputs.size() || num_outputs != program_.outputs.size()) {
      refuse(program_, "it has " + std::to_string(inputs.size()) + " inputs and " +
                           std::to_string(num_outputs) + " outputs, expected " +
                           std::to_string(program_.inputs.size()) + " and " +
                           std::to_string(program_.outputs.size()));
    }
  }

  // A clone has the weights in common with the others.
  std::unique_ptr<Session> make_session() const override {
    return translating("cannot make a predictor", [&] {
      return std::make_unique<PaddleSession>(predictor_->Clone(), program_);
    });
  }

 private:
  std::shared_ptr<paddle_infer::Predictor> predictor_;  // never runs
  NetworkSpec program_;
};

class PaddleEngine final : public Engine {
 public:
  EngineInfo info() const override {
    return {.name = "paddle_inference",
            .available = true,
            .version = version_text(),
            .devices = {"cpu"},
            .precisions = {"fp32"}};
  }

  bool runs_whole_programs() const override { return true; }

  std::unique_ptr<Network> load(const NetworkSpec& program,
                                const EngineOptions& options) const override {
    return translating("cannot load " + program.file.string(), [&] {
      return std::make_unique<PaddleNetwork>(
          paddle_infer::CreatePredictor(make_config(program, options)), program);
    });
  }
};

}  // namespace

std::unique_ptr<Engine> make_paddle_engine() { return std::make_unique<PaddleEngine>(); }

}  // namespace instseg
