#pragma once

#include "families/family.h"

namespace instseg {

bool wanted(int class_id, const Selection& selection);

// The part of a box that lies in the image; may be empty.
Box clipped(const Box& box, int image_height, int image_width);

// The pixels that PaddleX cuts out for a clipped box: corners rounded half to even; may be empty.
Region rounded_region(const Box& box, int image_height, int image_width);

// Fills boxes, scores and class ids of a result from candidates that come by falling score.
class InstanceSelection {
 public:
  // Both are borrowed; the result has its image size, and no instance yet.
  InstanceSelection(const Selection& selection, Result& result)
      : selection_(&selection), result_(&result) {}

  // Whether a candidate of this score can be taken; if not, no later one can.
  bool takes(float score) const;

  // Appends the candidate, its box clipped to the image, unless its class is not wanted or nothing
  // of its box is left; returns whether it did.
  bool add(const Box& box, float score, int class_id);

 private:
  const Selection* selection_;
  Result* result_;
};

}  // namespace instseg
