#pragma once

#include <array>
#include <vector>

#include "instseg/mask.h"
#include "instseg/result.h"
#include "postprocess/bilinear_axis.h"
#include "postprocess/logit_tile.h"

namespace instseg {

// Scratch memory of cropped masks, for one thread at a time; it grows to the largest mask seen.
class CroppedMaskWorkspace {
 public:
  BilinearAxis rows;  // from the network's input to the image
  BilinearAxis columns;
  BilinearAxis low_rows;  // from the prototypes to the network's input
  BilinearAxis low_columns;
  LogitTile tile;
  std::array<std::vector<float>, 2> low_buffers;  // prototype rows, resized to the input's columns
  std::vector<float> input_row;                   // one row at the input's size
  std::array<std::vector<float>, 2> row_buffers;  // input rows, resized to the image's columns
};

// Where a cropped mask is computed.
struct CroppedMaskSizes {
  int input_height = 0;  // of the network
  int input_width = 0;
  int image_height = 0;
  int image_width = 0;
};

// The mask of one instance of PP-YOLOE_seg, as PaddleDetection's graph computes it, at the image's
// size but only inside `region`: sigmoid(coefficients x prototypes), resized to the network's input
// size, set to 0 outside the box there (pixel x is inside where x1 <= x < x2), resized to the
// image, > threshold. Resizing is bilinear (BilinearAxis), everything float32; the same bits on
// every machine.
//   coefficients  float32 [num_prototypes]
//   box           in pixels of the network's input; finite
//   region        inside the image; what lies outside it is background; may be empty
//   threshold     a probability, at least 0
// Throws InvalidArgument where the region is not inside the image or a size is not positive.
// Allocates nothing but the mask once the workspace has grown.
Mask render_cropped_mask(const PrototypeMasks& prototypes, const float* coefficients,
                         const Box& box, const CroppedMaskSizes& sizes, const Region& region,
                         float threshold, CroppedMaskWorkspace& workspace);

// The smallest region outside which render_cropped_mask() has no foreground, and at most some
// pixels more on each side; empty where no pixel of the input is inside the box.
Region cropped_mask_region(const Box& box, const CroppedMaskSizes& sizes);

}  // namespace instseg
