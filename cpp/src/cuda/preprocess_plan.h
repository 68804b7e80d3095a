#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "cuda/preprocess_task.h"
#include "instseg/image.h"
#include "preprocess/channel_plan.h"
#include "preprocess/preprocess.h"
#include "preprocess/resample_weights.h"

namespace instseg {

// What the CPU prepares so that the GPU computes preprocess() (preprocess/preprocess.h): sizes, and
// the tables of weights, some 20 bytes per row and column of the resized image. One thread at a
// time; allocates only to grow.
class PreprocessPlan {
 public:
  // For images of this size and format. Returns whether tables() changed, so that they have to be
  // copied to the GPU again. Throws InvalidArgument for a bad spec or size.
  bool build(const PreprocessSpec& spec, PixelFormat format, int image_height, int image_width);

  // Of the tensor [3, padded_height, padded_width].
  const NetworkSize& size() const { return size_; }

  // To be copied to memory of the GPU that is aligned to 16 bytes (all that cudaMalloc gives is).
  std::span<const std::byte> tables() const { return tables_; }

  // One image of the planned size and format, for launch_preprocess().
  //   image   in memory of the GPU; rows may have gaps
  //   tables  the copy of tables()
  //   out     [3, padded_height, padded_width] float32; all of it is written
  // Throws InvalidArgument for another image, a null pointer, or before build().
  PreprocessTask task(const ImageView& image, const std::byte* tables, float* out) const;

 private:
  // Places in tables_.
  struct AxisPlace {
    int source = 0;
    std::size_t first = 0;
    std::size_t weights = 0;
  };

  AxisPlace append(const ResampleWeights& weights, const ResampleAxis& axis);

  PixelFormat format_ = PixelFormat::kBgr;
  int image_height_ = 0;
  int image_width_ = 0;
  NetworkSize size_;
  ChannelPlan channels_;
  ResampleAxis row_axis_;  // along rows, as tables_ holds it
  ResampleAxis column_axis_;
  ResampleWeights along_row_;
  ResampleWeights along_column_;
  AxisPlace columns_;
  AxisPlace rows_;
  std::vector<std::byte> tables_;
};

}  // namespace instseg
