#pragma once

#include <array>
#include <vector>

#include "instseg/mask.h"
#include "postprocess/bilinear_axis.h"
#include "postprocess/logit_tile.h"

namespace instseg {

// Scratch memory of mask rendering, for one thread at a time; it grows to the largest mask seen.
// It holds 20 bytes per column and 12 per row of the region, and the low-resolution logits under
// it.
class MaskRenderWorkspace {
 public:
  BilinearAxis rows;
  BilinearAxis columns;
  LogitTile tile;
  // Logits of two low-resolution rows, their columns resized.
  std::array<std::vector<float>, 2> row_buffers;
};

// The mask of one instance, at the original size but only inside `region`.
//   coefficients     float32 [num_prototypes]
//   region           inside the image; what lies outside it is background; may be empty
//   logit_threshold  a pixel is foreground where its logit > threshold (0 = probability 0.5);
//                    NaN is background
// Logits (coefficients x prototypes) are resized to [image_height, image_width] bilinearly
// (BilinearAxis; columns first, then rows; float32). The same bits on every machine.
// Throws InvalidArgument where the region is not inside the image or a size is not positive.
// Allocates nothing but the mask once the workspace has grown.
Mask render_mask(const PrototypeMasks& prototypes, const float* coefficients, int image_height,
                 int image_width, const Region& region, float logit_threshold,
                 MaskRenderWorkspace& workspace);

// The same for a low-resolution mask that is given as it is.
Mask render_mask(const LogitMap& logits, int image_height, int image_width, const Region& region,
                 float threshold, MaskRenderWorkspace& workspace);

// The last step of both, for families with a geometry of their own: resizes `tile` along the axes
// (rows.count() = region height, columns.count() = region width of `mask`) and sets every bit of
// the mask's region to value > threshold.
void threshold_tile(const LogitTile& tile, const BilinearAxis& rows, const BilinearAxis& columns,
                    float threshold, Mask& mask, std::array<std::vector<float>, 2>& row_buffers);

}  // namespace instseg
