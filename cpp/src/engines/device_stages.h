#pragma once

#include <cstddef>
#include <span>

#include "cuda/mask_plan.h"
#include "engines/engine.h"
#include "instseg/image.h"
#include "instseg/mask.h"
#include "preprocess/preprocess.h"

namespace instseg {

// Masks to draw from two outputs of the last run that stayed on the GPU.
struct MasksToDraw {
  std::size_t prototypes = 0;    // output [1, num_prototypes, height, width]
  std::size_t coefficients = 0;  // output [1, rows, num_prototypes]
  int image_height = 0;
  int image_width = 0;
  std::span<const PlannedMask> masks;  // at most kMostMaskRows high
  float logit_threshold = 0;           // foreground above it
};

// What a session (engine.h) whose tensors lie on a GPU does there before and behind its network, so
// that pixels go up and bits of masks come down instead of float tensors. The same bits as on the
// CPU. Used as the session is, by one thread at a time; throws EngineError and InvalidArgument.
class DeviceStages {
 public:
  virtual ~DeviceStages() = default;

  // Fills the image input `input` of the next run() with preprocess() of the image, in place of
  // Session::input(). Pixels in memory of the CPU are copied before it returns; those on the GPU
  // must stay until run() has returned. Throws InvalidArgument for those of another GPU.
  virtual void put_image(std::size_t input, const ImageView& image, const PreprocessSpec& spec) = 0;
  virtual void put_image(std::size_t input, const DeviceImage& image,
                         const PreprocessSpec& spec) = 0;

  // Output `output` stays on the GPU in every run() from now on: Session::output() has its shape,
  // and null for data before fetch_output().
  virtual void keep_output(std::size_t output) = 0;

  // A kept output of the last run in memory of the CPU, valid as Session::output() is.
  virtual TensorView fetch_output(std::size_t output) = 0;

  // Draws masks[i] of to_draw.masks[i] as render_mask() does (postprocess/mask_render.h). Returns
  // false, with masks undefined, where any value of the two outputs is NaN or infinite.
  virtual bool draw_masks(const MasksToDraw& to_draw, std::span<Mask> masks) = 0;
};

}  // namespace instseg
