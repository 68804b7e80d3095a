#pragma once

#include <cstddef>

#include "instseg/image.h"

namespace instseg {

// Throws InvalidArgument, naming what is wrong, unless the view can be read: data not null, a known
// format, height and width at least 1, a row below 2 GiB, and rows that do not overlap and can lie
// in memory (a negative stride, as of a picture stored from its bottom row up, is accepted).
void check_image(const ImageView& image);

// Bytes of the pixels of one row.
std::ptrdiff_t row_size_bytes(const ImageView& image);

// First byte of row y of a checked image.
const std::uint8_t* image_row(const ImageView& image, int y);

}  // namespace instseg
