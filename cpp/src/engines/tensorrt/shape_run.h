#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "engines/tensorrt/device.h"
#include "engines/tensorrt/plan_store.h"

namespace instseg::tensorrt {

// One plan ready to run again and again: its execution context and the GPU memory of its inputs and
// outputs. The second run records a CUDA graph, which all later ones launch; where TensorRT cannot
// be recorded, it goes on without. Used by one thread at a time, with the GPU current.
class ShapeRun {
 public:
  // Shapes of the inputs in the order of NetworkSpec::inputs. Throws EngineError.
  ShapeRun(const PlanSource& source, std::shared_ptr<const LoadedPlan> plan,
           std::vector<Shape> inputs);

  const std::vector<Shape>& input_shapes() const { return input_shapes_; }
  const std::vector<Shape>& output_shapes() const { return output_shapes_; }
  void* input(std::size_t index) const { return inputs_[index]->data(); }
  const void* output(std::size_t index) const { return outputs_[index]->data(); }

  // Queues the network on the stream; always the same one. Throws EngineError.
  void queue(Stream& stream);

 private:
  enum class State { kNew, kWarm, kRecorded, kNotRecordable };

  void enqueue(Stream& stream);
  void record(Stream& stream);

  const PlanSource& source_;
  std::shared_ptr<const LoadedPlan> plan_;
  std::vector<Shape> input_shapes_;
  std::vector<Shape> output_shapes_;
  std::vector<std::unique_ptr<Memory>> inputs_;
  std::vector<std::unique_ptr<Memory>> outputs_;
  std::unique_ptr<Context> context_;
  std::unique_ptr<Graph> graph_;
  State state_ = State::kNew;
};

// Product of the sides.
std::size_t num_values(const Shape& shape);

}  // namespace instseg::tensorrt
