#pragma once

#include <list>
#include <memory>
#include <vector>

#include "engines/engine.h"
#include "engines/tensorrt/plan_store.h"
#include "engines/tensorrt/shape_run.h"

namespace instseg::tensorrt {

// Whether calls bring any number of rows that do not know of each other (regions of an image): the
// first side of an input is open, and it is no image. Plans are then made for 1, 2, 4, 8, ... rows,
// and rows that are not there are zeros.
bool takes_rows(const NetworkSpec& network);

// One call in flight: a stream, pinned memory for inputs and outputs, and what runs the last used
// shapes, as many as the store holds plans.
class TensorRtSession final : public Session {
 public:
  // Throws EngineError.
  explicit TensorRtSession(std::shared_ptr<PlanStore> plans);
  ~TensorRtSession() override;

  std::span<float> input(std::size_t index, std::span<const std::int64_t> shape) override;
  void run() override;
  TensorView output(std::size_t index) const override;

 private:
  struct Tensor {
    std::unique_ptr<Memory> pinned;  // null before the first use
    Shape shape;                     // as the caller gave it, or gets it
  };

  // Memory for so many values, kept where it is large enough.
  float* pinned(Tensor& tensor, std::size_t size);
  ShapeRun& shape_run();
  void queue(ShapeRun& run);  // copies, the network, copies

  std::shared_ptr<PlanStore> plans_;
  bool takes_rows_;
  std::unique_ptr<Stream> stream_;
  std::vector<Tensor> inputs_;
  std::vector<Tensor> outputs_;
  std::vector<Shape> plan_shapes_;  // of the inputs, rows rounded up
  std::list<ShapeRun> runs_;        // the last used first
};

}  // namespace instseg::tensorrt
