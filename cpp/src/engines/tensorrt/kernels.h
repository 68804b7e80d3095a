#pragma once

#include <memory>
#include <string>

#include "cuda/finite_task.h"
#include "cuda/mask_task.h"
#include "cuda/preprocess_task.h"
#include "engines/tensorrt/device.h"

namespace instseg::tensorrt {

// The CUDA kernels (cuda/launch.h), queued on a stream of the device that is current. Tests fill it
// with the same code in loops of the host. Threads may share it. Throws EngineError.
class Kernels {
 public:
  virtual ~Kernels() = default;
  // Why they cannot run on the device that is current; empty where they can.
  virtual std::string problem() const = 0;
  virtual void preprocess(const PreprocessTask& task, Stream& stream) const = 0;
  virtual void draw_masks(const MaskBatch& batch, Stream& stream) const = 0;
  virtual void check_finite(const FiniteTask& task, Stream& stream) const = 0;
};

// Null in a build without them.
std::shared_ptr<const Kernels> make_cuda_kernels();

}  // namespace instseg::tensorrt
