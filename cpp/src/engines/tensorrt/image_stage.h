#pragma once

#include <cstddef>
#include <memory>

#include "cuda/preprocess_plan.h"
#include "engines/tensorrt/device.h"
#include "engines/tensorrt/kernels.h"
#include "instseg/image.h"
#include "preprocess/preprocess.h"

namespace instseg::tensorrt {

// One image on its way into the input of a network: its bytes go up, a kernel does preprocess().
// Keeps its memory, pinned and on the GPU, for the largest image seen. Every call needs the GPU
// current; used by one thread at a time.
class ImageStage {
 public:
  // Both are borrowed.
  ImageStage(const Device& device, const Kernels& kernels) : device_(device), kernels_(kernels) {}

  // The image that queue() takes; nothing of an earlier one may be queued. Pixels of the CPU are
  // copied into pinned memory, those of the GPU are only looked at later. Returns the size of the
  // network's input. Throws InvalidArgument or EngineError.
  NetworkSize put(const ImageView& image, const PreprocessSpec& spec);
  NetworkSize put(const DeviceImage& image, const PreprocessSpec& spec);

  // Queues copies and kernel. input: of the GPU, [3, padded_height, padded_width].
  void queue(float* input, Stream& stream);

  // To be called when the stream has done what was queued.
  void done() { tables_on_device_ = true; }

 private:
  NetworkSize plan(const ImageView& image, const PreprocessSpec& spec);

  const Device& device_;
  const Kernels& kernels_;
  PreprocessPlan plan_;
  bool tables_on_device_ = false;  // those of plan_
  std::unique_ptr<Memory> pinned_tables_;
  std::unique_ptr<Memory> tables_;
  std::unique_ptr<Memory> pinned_pixels_;
  std::unique_ptr<Memory> pixels_;
  ImageView image_;             // in memory of the GPU
  std::size_t size_bytes_ = 0;  // to be copied there; 0 where it is there already
  void* producer_ = nullptr;    // the stream that fills it then
};

}  // namespace instseg::tensorrt
