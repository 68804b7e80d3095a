#include <array>
#include <limits>
#include <utility>

#include "bindings.h"
#include "instseg/errors.h"

namespace instseg::python {
namespace {

constexpr std::array<std::pair<const char*, PixelFormat>, 5> kColors = {{
    {"bgr", PixelFormat::kBgr},
    {"rgb", PixelFormat::kRgb},
    {"gray", PixelFormat::kGray},
    {"bgra", PixelFormat::kBgra},
    {"rgba", PixelFormat::kRgba},
}};

PixelFormat pixel_format(const std::string& color) {
  for (const auto& [name, format] : kColors) {
    if (color == name) return format;
  }
  throw InvalidArgument("color is '" + color +
                        "', expected 'bgr', 'rgb', 'gray', 'bgra' or 'rgba'");
}

std::string describe(const py::array& image) {
  return "dtype " + py::str(image.dtype()).cast<std::string>() + ", shape " +
         py::str(image.attr("shape")).cast<std::string>();
}

}  // namespace

ImageView image_view(const py::array& image, const std::string& color) {
  const PixelFormat format = pixel_format(color);
  const int channels = num_channels(format);
  const bool flat = format == PixelFormat::kGray && image.ndim() == 2;
  const bool is_bytes = image.dtype().kind() == 'u' && image.itemsize() == 1;
  if (!is_bytes || (!flat && (image.ndim() != 3 || image.shape(2) != channels))) {
    throw InvalidArgument(
        "the image has " + describe(image) + ", but color '" + color +
        "' needs uint8 [height, width" +
        (format == PixelFormat::kGray ? "]" : ", " + std::to_string(channels) + "]"));
  }
  if (image.shape(0) > std::numeric_limits<int>::max() ||
      image.shape(1) > std::numeric_limits<int>::max()) {
    throw InvalidArgument("the image has " + describe(image) + ", which is too large");
  }
  const bool adjacent = image.size() == 0 || image.shape(1) == 1 || image.strides(1) == channels;
  if (!adjacent || (!flat && channels > 1 && image.size() > 0 && image.strides(2) != 1)) {
    throw InvalidArgument("the pixels of a row are not adjacent in memory (" + describe(image) +
                          "); pass numpy.ascontiguousarray(image)");
  }
  return {.data = static_cast<const std::uint8_t*>(image.data()),
          .height = static_cast<int>(image.shape(0)),
          .width = static_cast<int>(image.shape(1)),
          .format = format,
          .row_stride_bytes = image.shape(0) > 1 ? image.strides(0) : 0};
}

}  // namespace instseg::python
