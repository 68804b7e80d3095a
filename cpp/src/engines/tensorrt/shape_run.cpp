#include "engines/tensorrt/shape_run.h"

#include <algorithm>
#include <utility>

#include "engines/tensorrt/vendor_log.h"
#include "instseg/errors.h"

namespace instseg::tensorrt {
namespace {

[[noreturn]] void fail(const PlanSource& source, const std::string& doing, const std::string& why) {
  throw EngineError("TensorRT " + source.adapter->version() + " " + doing + " " +
                    source.files.onnx_file.string() + ": " + why);
}

}  // namespace

std::size_t num_values(const Shape& shape) {
  std::size_t count = 1;
  for (const std::int64_t side : shape) count *= static_cast<std::size_t>(side);
  return count;
}

ShapeRun::ShapeRun(const PlanSource& source, std::shared_ptr<const LoadedPlan> plan,
                   std::vector<Shape> inputs)
    : source_(source), plan_(std::move(plan)), input_shapes_(std::move(inputs)) {
  VendorLog log;
  context_ = plan_->plan->make_context(log);
  if (context_ == nullptr) fail(source_, "cannot make an execution context for", log.text());
  const auto set_address = [&](const std::string& name, const Shape& shape) {
    std::unique_ptr<Memory> memory = source_.device->allocate(num_values(shape) * sizeof(float));
    if (!context_->set_address(name, memory->data(), log)) {
      fail(source_, "refuses the memory of '" + name + "' of", log.text());
    }
    return memory;
  };
  for (std::size_t i = 0; i < input_shapes_.size(); ++i) {
    const std::string& name = source_.network.inputs[i].name;
    if (!context_->set_input_shape(name, input_shapes_[i], log)) {
      fail(source_, "refuses " + described(input_shapes_[i]) + " for '" + name + "' of",
           log.text());
    }
    inputs_.push_back(set_address(name, input_shapes_[i]));
  }
  for (const TensorSpec& tensor : source_.network.outputs) {
    Shape shape = context_->output_shape(tensor.name);
    if (std::any_of(shape.begin(), shape.end(), [](std::int64_t side) { return side < 0; })) {
      fail(source_, "does not know the shape of '" + tensor.name + "' of",
           "it is " + described(shape) + ", and must follow from the inputs' shapes");
    }
    outputs_.push_back(set_address(tensor.name, shape));
    output_shapes_.push_back(std::move(shape));
  }
}

void ShapeRun::enqueue(Stream& stream) {
  VendorLog log;
  if (!context_->enqueue(stream.handle(), log)) fail(source_, "failed to run", log.text());
}

void ShapeRun::record(Stream& stream) {
  VendorLog ignored;
  stream.begin_capture();
  const bool queued = context_->enqueue(stream.handle(), ignored);
  graph_ = stream.end_capture();
  if (!queued) graph_ = nullptr;
  state_ = graph_ != nullptr ? State::kRecorded : State::kNotRecordable;
}

void ShapeRun::queue(Stream& stream) {
  if (state_ == State::kWarm) record(stream);  // the first run did what cannot be recorded
  if (state_ == State::kRecorded) {
    graph_->launch();
  } else {
    enqueue(stream);
  }
  if (state_ == State::kNew) state_ = State::kWarm;
}

}  // namespace instseg::tensorrt
