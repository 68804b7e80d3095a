#pragma once

#include <cstdint>
#include <span>

#include "instseg/export.h"
#include "instseg/mask.h"

namespace instseg {

// Number of foreground pixels that both masks share. Throws InvalidArgument unless their images
// have the same size.
INSTSEG_API std::int64_t intersection_area(const Mask& a, const Mask& b);

// Number of foreground pixels inside `region`, which may reach beyond the image.
INSTSEG_API std::int64_t area_inside(const Mask& mask, const Region& region);

// Foreground where any of the masks has it; its region is the smallest that holds it all. Throws
// InvalidArgument if there is none, or unless their images have the same size.
INSTSEG_API Mask united(std::span<const Mask* const> masks);

// The mask as a part of another image: pixel (column x, row y) comes to (x + dx, y + dy). Throws
// InvalidArgument unless the region then lies inside that image.
INSTSEG_API Mask moved(const Mask& mask, int image_height, int image_width, int dx, int dy);

}  // namespace instseg
