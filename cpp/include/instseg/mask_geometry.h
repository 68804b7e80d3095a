#pragma once

#include <array>
#include <optional>

#include "instseg/export.h"
#include "instseg/mask.h"

namespace instseg {

// A place in the image, in pixels; pixel (column c, row r) covers [c, c + 1] x [r, r + 1].
struct Point {
  float x = 0;
  float y = 0;
  bool operator==(const Point&) const = default;
};

// The smallest region that holds all foreground; {0, 0, 0, 0} where there is none.
INSTSEG_API Region foreground_region(const Mask& mask);

// The mean of the foreground pixels' centres; none where there is no foreground.
INSTSEG_API std::optional<Point> centroid(const Mask& mask);

// The corners of the smallest rectangle, at any angle, that holds all foreground pixels whole; none
// where there is no foreground. Clockwise as seen on a screen (y down), from the topmost corner (of
// two, the left one). May reach beyond the image. Of rectangles of the same area it is the first
// that one meets going clockwise along the convex hull from the top.
INSTSEG_API std::optional<std::array<Point, 4>> oriented_box(const Mask& mask);

}  // namespace instseg
