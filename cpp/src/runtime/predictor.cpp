#include "instseg/predictor.h"

#include <unistd.h>

#include <string>
#include <utility>

#include "engines/registry.h"
#include "instseg/errors.h"
#include "network_folder/network_folder.h"
#include "runtime/pipeline.h"

namespace instseg {

struct Predictor::Impl {
  std::unique_ptr<Engine> engine;
  Pipeline pipeline;
  pid_t process = getpid();

  // After fork() the child has this object but none of the threads behind it.
  bool is_elsewhere() const { return process != getpid(); }

  const Pipeline& here() const {
    if (is_elsewhere()) {
      throw EngineError("This predictor was loaded by process " + std::to_string(process) +
                        " and does not work in its child " + std::to_string(getpid()) +
                        ", which has none of its threads; load one in each process.");
    }
    return pipeline;
  }
};

Predictor::Predictor(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Predictor::Predictor(Predictor&&) noexcept = default;
Predictor& Predictor::operator=(Predictor&& other) noexcept {
  std::swap(impl_, other.impl_);
  return *this;
}
Predictor::~Predictor() {
  // Ending threads that are not there would wait forever.
  if (impl_ && impl_->is_elsewhere()) static_cast<void>(impl_.release());
}

Predictor Predictor::load(const std::filesystem::path& network_folder,
                          const PredictorOptions& options) {
  std::unique_ptr<Engine> engine = make_engine(options.engine, options.device, options.precision);
  const Engine& chosen = *engine;
  return Predictor(std::unique_ptr<const Impl>(
      new Impl{.engine = std::move(engine),
               .pipeline = Pipeline(read_network_folder(network_folder), chosen, options)}));
}

Result Predictor::predict(const ImageView& image, const PredictOptions& options) const {
  return impl_->here().predict(image, options);
}

Result Predictor::predict(const DeviceImage& image, const PredictOptions& options) const {
  return impl_->here().predict(image, options);
}

std::vector<Result> Predictor::predict_batch(std::span<const ImageView> images,
                                             const PredictOptions& options) const {
  return impl_->here().predict_batch(images, options);
}

void Predictor::warm_up() const { impl_->here().warm_up(); }

std::vector<std::map<std::string, std::int64_t>> Predictor::layer_types() const {
  return impl_->pipeline.layer_types();
}

const PredictorInfo& Predictor::info() const { return impl_->pipeline.info(); }

}  // namespace instseg
