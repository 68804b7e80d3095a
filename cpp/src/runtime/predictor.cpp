#include "instseg/predictor.h"

#include <utility>

#include "engines/registry.h"
#include "network_folder/network_folder.h"
#include "runtime/pipeline.h"

namespace instseg {

struct Predictor::Impl {
  std::unique_ptr<Engine> engine;
  Pipeline pipeline;
};

Predictor::Predictor(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Predictor::Predictor(Predictor&&) noexcept = default;
Predictor& Predictor::operator=(Predictor&&) noexcept = default;
Predictor::~Predictor() = default;

Predictor Predictor::load(const std::filesystem::path& network_folder,
                          const PredictorOptions& options) {
  std::unique_ptr<Engine> engine = make_engine(options.engine, options.device, options.precision);
  const Engine& chosen = *engine;
  return Predictor(std::unique_ptr<const Impl>(
      new Impl{.engine = std::move(engine),
               .pipeline = Pipeline(read_network_folder(network_folder), chosen, options)}));
}

Result Predictor::predict(const ImageView& image, const PredictOptions& options) const {
  return impl_->pipeline.predict(image, options);
}

std::vector<Result> Predictor::predict_batch(std::span<const ImageView> images,
                                             const PredictOptions& options) const {
  return impl_->pipeline.predict_batch(images, options);
}

void Predictor::warm_up() const { impl_->pipeline.warm_up(); }

const PredictorInfo& Predictor::info() const { return impl_->pipeline.info(); }

}  // namespace instseg
