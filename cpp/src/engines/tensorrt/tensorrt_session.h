#pragma once

#include <list>
#include <memory>
#include <vector>

#include "engines/device_stages.h"
#include "engines/engine.h"
#include "engines/tensorrt/image_stage.h"
#include "engines/tensorrt/mask_stage.h"
#include "engines/tensorrt/plan_store.h"
#include "engines/tensorrt/shape_run.h"

namespace instseg::tensorrt {

// Whether calls bring any number of rows that do not know of each other (regions of an image): the
// first side of an input is open, and it is no image. Plans are then made for 1, 2, 4, 8, ... rows,
// and rows that are not there are zeros.
bool takes_rows(const NetworkSpec& network);

// One call in flight: a stream, pinned memory for inputs and outputs, and what runs the last used
// shapes, as many as the store holds plans.
class TensorRtSession final : public Session, public DeviceStages {
 public:
  // Throws EngineError.
  explicit TensorRtSession(std::shared_ptr<PlanStore> plans);
  ~TensorRtSession() override;

  std::span<float> input(std::size_t index, std::span<const std::int64_t> shape) override;
  void run() override;
  TensorView output(std::size_t index) const override;

  // Null without CUDA kernels; the functions below need them.
  DeviceStages* on_device() override;
  void put_image(std::size_t input, const ImageView& image, const PreprocessSpec& spec) override;
  void put_image(std::size_t input, const DeviceImage& image, const PreprocessSpec& spec) override;
  void keep_output(std::size_t output) override;
  TensorView fetch_output(std::size_t output) override;
  bool draw_masks(const MasksToDraw& to_draw, std::span<Mask> masks) override;

 private:
  struct Input {
    std::unique_ptr<Memory> pinned;  // null before the first use
    Shape shape;                     // as the caller gave it
    std::unique_ptr<ImageStage> stage;
    bool is_staged = false;  // the next run takes it from `stage`, else from `pinned`
  };
  struct Output {
    std::unique_ptr<Memory> pinned;
    Shape shape;  // as the caller gets it
    bool is_kept = false;
    bool is_on_host = false;
  };

  const Device& device() const { return *plans_->source().device; }
  void set_shape(std::size_t index, std::span<const std::int64_t> shape);
  template <typename Image>
  void stage_image(std::size_t index, const Image& image, const PreprocessSpec& spec);
  ShapeRun& shape_run();
  void queue(ShapeRun& run);  // copies, the network, copies
  void queue_input(std::size_t index, ShapeRun& run);
  void queue_fetch(std::size_t index, const ShapeRun& run);
  // Calls `body`, which queues work; where it throws, waits until nothing uses memory any more.
  template <typename Body>
  auto guarded(const Body& body);

  std::shared_ptr<PlanStore> plans_;
  bool takes_rows_;
  std::unique_ptr<Stream> stream_;
  std::vector<Input> inputs_;
  std::vector<Output> outputs_;
  std::vector<Shape> plan_shapes_;  // of the inputs, rows rounded up
  std::list<ShapeRun> runs_;        // the last used first
  std::unique_ptr<MaskStage> masks_;
};

}  // namespace instseg::tensorrt
