#include "image/image_check.h"

#include <limits>
#include <string>

#include "instseg/errors.h"

namespace instseg {

std::ptrdiff_t row_size_bytes(const ImageView& image) {
  return static_cast<std::ptrdiff_t>(image.width) * num_channels(image.format);
}

const std::uint8_t* image_row(const ImageView& image, int y) {
  const std::ptrdiff_t stride =
      image.row_stride_bytes != 0 ? image.row_stride_bytes : row_size_bytes(image);
  return image.data + y * stride;
}

void check_image(const ImageView& image) {
  const auto number = [](auto value) { return std::to_string(value); };
  if (num_channels(image.format) == 0) {
    throw InvalidArgument("The image has the unknown pixel format " +
                          number(static_cast<int>(image.format)) +
                          "; use one of PixelFormat's values.");
  }
  if (image.height < 1 || image.width < 1) {
    throw InvalidArgument("The image is " + number(image.height) + " x " + number(image.width) +
                          " (height x width); both must be at least 1.");
  }
  if (image.data == nullptr) {
    throw InvalidArgument("The image's data pointer is null; give the address of its first pixel.");
  }
  const std::ptrdiff_t row = row_size_bytes(image);
  if (row > std::numeric_limits<int>::max()) {
    throw InvalidArgument("A row of the image holds " + number(row) +
                          " bytes; rows must stay below 2 GiB.");
  }
  const std::ptrdiff_t stride = image.row_stride_bytes;
  const std::ptrdiff_t most = std::numeric_limits<std::ptrdiff_t>::max() / image.height;
  if (stride > most || stride < -most) {
    throw InvalidArgument("The image's row stride is " + number(stride) + " bytes, but " +
                          number(image.height) + " rows so far apart cannot lie in memory.");
  }
  if (stride != 0 && stride < row && -stride < row) {
    throw InvalidArgument("The image's row stride is " + number(stride) + " bytes, but a row of " +
                          number(image.width) + " pixels of " + number(num_channels(image.format)) +
                          " bytes needs " + number(row) +
                          "; give the bytes from one row to the next, "
                          "or 0 for rows without a gap.");
  }
}

}  // namespace instseg
