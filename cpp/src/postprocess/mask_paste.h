#pragma once

#include <array>
#include <span>
#include <vector>

#include "instseg/mask.h"
#include "instseg/result.h"  // Box
#include "postprocess/bilinear_axis.h"
#include "postprocess/logit_tile.h"

namespace instseg {

// Scratch memory of paste_mask(), for one thread at a time.
struct MaskPasteWorkspace {
  std::vector<float> bordered;  // the probabilities inside a border of zeros
  BilinearAxis rows;
  BilinearAxis columns;
  LogitTile tile;
  std::array<std::vector<float>, 2> row_buffers;
};

// The mask of a box at the original size, from the probabilities that a mask head gives for it.
//   probabilities  float32 [side, side], C order
//   box            where they lie, in pixels of the original image; x1 < x2, y1 < y2
//   region         inside the image; what lies outside it is background; may be empty
//   threshold      a pixel is foreground where its probability >= threshold; NaN is background
// A pixel is read at its centre, bilinearly, and outside of probabilities there are zeros; float32
// in the order of operations of PaddleDetection's paste_mask and PaddlePaddle's grid_sample:
//   position = (2 * ((x + 0.5 - x1) / (x2 - x1)) - 1 + 1) * side / 2 - 0.5
// (columns first, then rows: equal to the four products there up to rounding). The same bits on
// every machine. Throws InvalidArgument where the region is not inside the image, a size is not
// positive or the box is empty. Allocates nothing but the mask once the workspace has grown.
Mask paste_mask(std::span<const float> probabilities, int side, const Box& box, int image_height,
                int image_width, const Region& region, float threshold,
                MaskPasteWorkspace& workspace);

// All pixels of the image that paste_mask() can set for a threshold above 0: those within half a
// mask pixel of the box.
Region paste_reach(int side, const Box& box, int image_height, int image_width);

}  // namespace instseg
