#include "engines/tensorrt/tensorrt_session.h"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

#include "engines/tensorrt/room.h"
#include "instseg/errors.h"

namespace instseg::tensorrt {

bool takes_rows(const NetworkSpec& network) {
  return std::any_of(network.inputs.begin(), network.inputs.end(), [](const TensorSpec& tensor) {
    return tensor.meaning != "image" && !tensor.shape.empty() && tensor.shape[0] == -1;
  });
}

TensorRtSession::TensorRtSession(std::shared_ptr<PlanStore> plans)
    : plans_(std::move(plans)), takes_rows_(takes_rows(plans_->source().network)) {
  const PlanSource& source = plans_->source();
  const DeviceScope scope(*source.device);
  stream_ = source.device->make_stream();
  inputs_.resize(source.network.inputs.size());
  outputs_.resize(source.network.outputs.size());
  plan_shapes_.resize(inputs_.size());
}

TensorRtSession::~TensorRtSession() {
  within(device(), [&] {
    runs_.clear();
    inputs_.clear();
    outputs_.clear();
    masks_.reset();
    stream_.reset();
  });
}

void TensorRtSession::set_shape(std::size_t index, std::span<const std::int64_t> shape) {
  const TensorSpec& spec = plans_->source().network.inputs[index];
  const bool fits = std::equal(shape.begin(), shape.end(), spec.shape.begin(), spec.shape.end(),
                               [](std::int64_t side, std::int64_t open) {
                                 return side > 0 && (side == open || open == -1);
                               });
  if (!fits) {
    throw EngineError("TensorRT " + plans_->source().adapter->version() + " got the shape " +
                      described(Shape(shape.begin(), shape.end())) + " for the input '" +
                      spec.name + "' of the shape " + described(spec.shape) +
                      "; the network and instseg.json do not belong together: import the model "
                      "again with `instseg import`");
  }
  inputs_[index].shape.assign(shape.begin(), shape.end());
  Shape& plan_shape = plan_shapes_[index];
  plan_shape.assign(shape.begin(), shape.end());
  if (takes_rows_ && spec.shape[0] == -1) {
    plan_shape[0] = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(shape[0])));
  }
}

std::span<float> TensorRtSession::input(std::size_t index, std::span<const std::int64_t> shape) {
  set_shape(index, shape);
  const DeviceScope scope(device());
  Input& input = inputs_[index];
  input.is_staged = false;
  const std::size_t size_bytes = num_values(plan_shapes_[index]) * sizeof(float);
  return {pinned_room<float>(input.pinned, device(), size_bytes), num_values(input.shape)};
}

ShapeRun& TensorRtSession::shape_run() {
  const auto found = std::find_if(runs_.begin(), runs_.end(), [&](const ShapeRun& each) {
    return each.input_shapes() == plan_shapes_;
  });
  if (found != runs_.end()) {
    runs_.splice(runs_.begin(), runs_, found);
    return runs_.front();
  }
  // Room first: the new one needs the memory.
  if (runs_.size() >= plans_->most_plans()) runs_.pop_back();
  runs_.emplace_front(plans_->source(), plans_->plan(plan_shapes_), plan_shapes_);
  return runs_.front();
}

template <typename Body>
auto TensorRtSession::guarded(const Body& body) {
  try {
    return body();
  } catch (...) {
    // What is queued still reads and writes pinned memory, and maybe the caller's image.
    try {
      stream_->synchronize();
    } catch (const EngineError&) {
    }
    throw;
  }
}

void TensorRtSession::run() {
  const DeviceScope scope(device());
  ShapeRun& run = shape_run();
  guarded([&] { queue(run); });
  stream_->synchronize();
  for (Input& input : inputs_) {
    if (input.is_staged) input.stage->done();
  }
}

void TensorRtSession::queue(ShapeRun& run) {
  for (std::size_t i = 0; i < inputs_.size(); ++i) queue_input(i, run);
  run.queue(*stream_);
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    Output& output = outputs_[i];
    output.shape.assign(run.output_shapes()[i].begin(), run.output_shapes()[i].end());
    if (takes_rows_ && plans_->source().network.outputs[i].shape[0] == -1) {
      output.shape[0] = inputs_[0].shape[0];
    }
    output.is_on_host = !output.is_kept;
    if (output.is_on_host) queue_fetch(i, run);
  }
}

void TensorRtSession::queue_input(std::size_t index, ShapeRun& run) {
  Input& input = inputs_[index];
  if (input.is_staged) {
    input.stage->queue(static_cast<float*>(run.input(index)), *stream_);
    return;
  }
  auto* const values = static_cast<float*>(input.pinned->data());
  const std::size_t given = num_values(input.shape);
  const std::size_t all = num_values(plan_shapes_[index]);
  std::fill(values + given, values + all, 0.0f);
  stream_->copy_to_device(run.input(index), values, all * sizeof(float));
}

void TensorRtSession::queue_fetch(std::size_t index, const ShapeRun& run) {
  Output& output = outputs_[index];
  const std::size_t size_bytes = num_values(output.shape) * sizeof(float);
  stream_->copy_to_host(pinned_room(output.pinned, device(), size_bytes), run.output(index),
                        size_bytes);
}

TensorView TensorRtSession::output(std::size_t index) const {
  const Output& output = outputs_[index];
  return {output.is_on_host ? static_cast<const float*>(output.pinned->data()) : nullptr,
          output.shape};
}

DeviceStages* TensorRtSession::on_device() {
  return plans_->source().kernels != nullptr ? this : nullptr;
}

template <typename Image>
void TensorRtSession::stage_image(std::size_t index, const Image& image,
                                  const PreprocessSpec& spec) {
  const DeviceScope scope(device());
  Input& input = inputs_[index];
  if (input.stage == nullptr) {
    input.stage = std::make_unique<ImageStage>(device(), *plans_->source().kernels);
  }
  const NetworkSize size = input.stage->put(image, spec);
  const std::int64_t shape[] = {1, 3, size.padded_height, size.padded_width};
  set_shape(index, shape);
  input.is_staged = true;
}

void TensorRtSession::put_image(std::size_t input, const ImageView& image,
                                const PreprocessSpec& spec) {
  stage_image(input, image, spec);
}

void TensorRtSession::put_image(std::size_t input, const DeviceImage& image,
                                const PreprocessSpec& spec) {
  const int own = device().index();
  if (image.device != own) {
    throw InvalidArgument("The image lies in memory of GPU " + std::to_string(image.device) +
                          ", and the predictor computes on GPU " + std::to_string(own) +
                          "; copy it there, or load the predictor with device \"gpu:" +
                          std::to_string(image.device) + "\".");
  }
  stage_image(input, image, spec);
}

void TensorRtSession::keep_output(std::size_t output) { outputs_[output].is_kept = true; }

TensorView TensorRtSession::fetch_output(std::size_t output) {
  if (!outputs_[output].is_on_host) {
    const DeviceScope scope(device());
    queue_fetch(output, runs_.front());
    stream_->synchronize();
    outputs_[output].is_on_host = true;
  }
  return TensorRtSession::output(output);
}

bool TensorRtSession::draw_masks(const MasksToDraw& to_draw, std::span<Mask> masks) {
  const DeviceScope scope(device());
  if (masks_ == nullptr) {
    masks_ = std::make_unique<MaskStage>(device(), *plans_->source().kernels);
  }
  const ShapeRun& run = runs_.front();
  const Shape& prototypes = outputs_[to_draw.prototypes].shape;
  const Shape& coefficients = outputs_[to_draw.coefficients].shape;
  const MaskSizes sizes = {.num_prototypes = static_cast<int>(prototypes[1]),
                           .height = static_cast<int>(prototypes[2]),
                           .width = static_cast<int>(prototypes[3]),
                           .image_height = to_draw.image_height,
                           .image_width = to_draw.image_width};
  return guarded([&] {
    return masks_->draw(static_cast<const float*>(run.output(to_draw.prototypes)),
                        static_cast<const float*>(run.output(to_draw.coefficients)),
                        static_cast<int>(coefficients[1]), sizes, to_draw.masks,
                        to_draw.logit_threshold, *stream_, masks);
  });
}

}  // namespace instseg::tensorrt
