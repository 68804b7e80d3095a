#pragma once

#include <array>
#include <vector>

#include "instseg/mask.h"
#include "postprocess/twice_resized_axis.h"

namespace instseg {

// From low-resolution probabilities to a mask of the image: enlarged by a whole factor, cut to the
// part that shows the image, resized to the image's size, all bilinear (TwiceResizedAxis). Pixels
// of the image behind an axis' last are background.
struct TwiceResizedGeometry {
  int image_height = 0;
  int image_width = 0;
  TwiceResizedAxis rows;
  TwiceResizedAxis columns;
};

// Scratch memory of render_twice_resized_mask(), for one thread at a time.
struct TwiceResizedMaskWorkspace {
  std::array<std::vector<float>, 3> row_buffers;
};

// A pixel is foreground where its probability > threshold. The mask's region is the smallest that
// holds all foreground, empty where there is none.
//   probabilities  float32 [rows.source_size(), columns.source_size()], C order, finite; at least
//                  kMaxThreeTapOverread more readable and finite floats follow
// Only what the low-resolution foreground can reach is computed. Columns first, then rows, in
// float32: the same bits on every machine. Allocates nothing but the mask once the workspace has
// grown.
Mask render_twice_resized_mask(const float* probabilities, const TwiceResizedGeometry& geometry,
                               float threshold, TwiceResizedMaskWorkspace& workspace);

}  // namespace instseg
