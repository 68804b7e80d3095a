#pragma once

#include "postprocess/mask_render.h"

namespace instseg {

// Scratch memory of render_whole_image_mask(), for one thread at a time.
struct WholeImageMaskWorkspace {
  MaskRenderWorkspace render;
  BilinearAxis rows;  // of the low-resolution mask itself
  BilinearAxis columns;
  LogitTile logits;
};

// render_mask() over the whole image, but stored only where foreground can be: the region is the
// extent of the low-resolution logits above the threshold, seen at the original size, and at most
// one low-resolution pixel more on each side. The same pixels are foreground.
Mask render_whole_image_mask(const PrototypeMasks& prototypes, const float* coefficients,
                             int image_height, int image_width, float logit_threshold,
                             WholeImageMaskWorkspace& workspace);

}  // namespace instseg
