#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cuda/mask_task.h"
#include "instseg/mask.h"

namespace instseg {

// Rows of the highest mask: a launch can have 65535 blocks, of 8 rows.
inline constexpr int kMostMaskRows = 1 << 19;

// Prototypes and image that masks are drawn from and for.
struct MaskSizes {
  int num_prototypes = 0;
  int height = 0;  // of the prototypes
  int width = 0;
  int image_height = 0;
  int image_width = 0;
};

// One kept instance.
struct PlannedMask {
  Region region;            // inside the image; what lies outside it is background; may be empty
  int coefficient_row = 0;  // row of the coefficients: the query or anchor
};

// Memory of the GPU, from the caller. It must stay until the kernels have ended.
struct MaskBuffers {
  const float* prototypes = nullptr;    // [num_prototypes, height, width]
  const float* coefficients = nullptr;  // [rows, num_prototypes]
  const MaskTask* tasks = nullptr;      // the copy of MaskPlan::tasks()
  float* tiles = nullptr;               // [MaskPlan::num_tile_values()], scratch
  std::uint64_t* words = nullptr;       // [MaskPlan::num_words()]; all of them are written
};

// What the CPU prepares so that the GPU draws the masks of one image, and how its bits become
// Masks. Only these bits come back: rows of 64 pixels a word inside the regions. One thread at a
// time; allocates only to grow.
class MaskPlan {
 public:
  // Throws InvalidArgument where a region is not inside the image, a size is not positive, a
  // coefficient row is negative, or a mask has more than kMostMaskRows.
  void build(const MaskSizes& sizes, std::span<const PlannedMask> masks);

  std::span<const MaskTask> tasks() const { return tasks_; }
  std::size_t num_tile_values() const { return num_tile_values_; }
  std::size_t num_words() const { return num_words_; }

  // For launch_masks(). A pixel is foreground where its logit > logit_threshold, as in
  // render_mask(). Throws InvalidArgument for a null pointer to what is needed.
  MaskBatch batch(const MaskBuffers& buffers, float logit_threshold) const;

  // Mask i from the words that came back [num_words()].
  Mask mask(std::size_t i, std::span<const std::uint64_t> words) const;

 private:
  MaskSizes sizes_;
  std::vector<MaskTask> tasks_;
  std::size_t num_tile_values_ = 0;
  std::size_t num_words_ = 0;
  int most_tile_values_ = 0;
  int most_words_per_row_ = 0;
  int most_rows_ = 0;
};

}  // namespace instseg
