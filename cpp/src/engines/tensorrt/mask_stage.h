#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "cuda/mask_plan.h"
#include "engines/tensorrt/device.h"
#include "engines/tensorrt/kernels.h"
#include "instseg/mask.h"

namespace instseg::tensorrt {

// The masks of one image, drawn on the GPU; only their bits come back. Keeps its memory, pinned and
// on the GPU. Every call needs the GPU current; used by one thread at a time.
class MaskStage {
 public:
  // device and kernels are borrowed. most_words: masks are drawn so many words of 64 pixels at a
  // time, or one by one where they are larger, so that an image full of masks takes no more memory.
  MaskStage(const Device& device, const Kernels& kernels, std::size_t most_words = kMostWords)
      : device_(device), kernels_(kernels), most_words_(most_words) {}

  // prototypes    of the GPU, as MaskSizes says
  // coefficients  of the GPU, [num_rows, num_prototypes]
  // masks         each at most kMostMaskRows high
  // Waits for the stream; out[i] is the mask of masks[i]. Returns false, with `out` undefined,
  // where a value of prototypes or coefficients is NaN or infinite. Where it throws, work may still
  // be queued that uses its memory: synchronize then.
  bool draw(const float* prototypes, const float* coefficients, int num_rows,
            const MaskSizes& sizes, std::span<const PlannedMask> masks, float logit_threshold,
            Stream& stream, std::span<Mask> out);

 private:
  static constexpr std::size_t kMostWords = std::size_t{1} << 23;  // 64 MiB

  const Device& device_;
  const Kernels& kernels_;
  const std::size_t most_words_;
  MaskPlan plan_;
  std::unique_ptr<Memory> pinned_;  // tasks, a flag, words
  std::unique_ptr<Memory> shared_;  // the same on the GPU
  std::unique_ptr<Memory> tiles_;
};

}  // namespace instseg::tensorrt
