#include "engines/tensorrt/tensorrt_session.h"

#include <algorithm>
#include <bit>
#include <utility>

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
  within(*plans_->source().device, [&] {
    runs_.clear();
    inputs_.clear();
    outputs_.clear();
    stream_.reset();
  });
}

float* TensorRtSession::pinned(Tensor& tensor, std::size_t size) {
  const std::size_t size_bytes = size * sizeof(float);
  if (tensor.pinned == nullptr || tensor.pinned->size() < size_bytes) {
    tensor.pinned.reset();
    tensor.pinned = plans_->source().device->allocate_pinned(size_bytes);
  }
  return static_cast<float*>(tensor.pinned->data());
}

std::span<float> TensorRtSession::input(std::size_t index, std::span<const std::int64_t> shape) {
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
  Tensor& tensor = inputs_[index];
  tensor.shape.assign(shape.begin(), shape.end());
  Shape& plan_shape = plan_shapes_[index];
  plan_shape.assign(shape.begin(), shape.end());
  if (takes_rows_ && spec.shape[0] == -1) {
    plan_shape[0] = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(shape[0])));
  }
  const DeviceScope scope(*plans_->source().device);
  return {pinned(tensor, num_values(plan_shape)), num_values(tensor.shape)};
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

void TensorRtSession::run() {
  const DeviceScope scope(*plans_->source().device);
  ShapeRun& run = shape_run();
  try {
    queue(run);
  } catch (...) {
    // What is queued still reads and writes pinned memory.
    try {
      stream_->synchronize();
    } catch (const EngineError&) {
    }
    throw;
  }
  stream_->synchronize();
}

void TensorRtSession::queue(ShapeRun& run) {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    auto* const values = static_cast<float*>(inputs_[i].pinned->data());
    const std::size_t given = num_values(inputs_[i].shape);
    const std::size_t all = num_values(plan_shapes_[i]);
    std::fill(values + given, values + all, 0.0f);
    stream_->copy_to_device(run.input(i), values, all * sizeof(float));
  }
  run.queue(*stream_);
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    Tensor& tensor = outputs_[i];
    tensor.shape.assign(run.output_shapes()[i].begin(), run.output_shapes()[i].end());
    if (takes_rows_ && plans_->source().network.outputs[i].shape[0] == -1) {
      tensor.shape[0] = inputs_[0].shape[0];
    }
    const std::size_t size = num_values(tensor.shape);
    stream_->copy_to_host(pinned(tensor, size), run.output(i), size * sizeof(float));
  }
}

TensorView TensorRtSession::output(std::size_t index) const {
  const Tensor& tensor = outputs_[index];
  return {static_cast<const float*>(tensor.pinned->data()), tensor.shape};
}

}  // namespace instseg::tensorrt
