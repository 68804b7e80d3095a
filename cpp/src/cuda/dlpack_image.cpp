#include "cuda/dlpack_image.h"

#include <limits>
#include <string>

#include "image/image_check.h"
#include "instseg/errors.h"

namespace instseg {
namespace {

[[noreturn]] void refuse(const std::string& given, const std::string& expected) {
  throw InvalidArgument("The DLPack tensor " + given + "; " + expected);
}

std::string listed(const std::int64_t* values, int count) {
  std::string text = "[";
  for (int i = 0; i < count; ++i) text += (i == 0 ? "" : ", ") + std::to_string(values[i]);
  return text + "]";
}

void check_kind(const dlpack::Tensor& tensor) {
  if (tensor.device.type != dlpack::kCuda && tensor.device.type != dlpack::kCudaManaged) {
    refuse("lies on a device of type " + std::to_string(tensor.device.type),
           "expected is CUDA memory (2 or 13). Copy it to the GPU, or predict from an array.");
  }
  const dlpack::DataType& type = tensor.dtype;
  if (type.code != dlpack::kUnsigned || type.bits != 8 || type.lanes != 1) {
    refuse("has the type code " + std::to_string(type.code) + " of " + std::to_string(type.bits) +
               " bits and " + std::to_string(type.lanes) + " lanes",
           "expected is uint8 (code 1, 8 bits, 1 lane).");
  }
  if (tensor.data == nullptr) refuse("has no data", "give the address of its first value.");
}

void check_shape(const dlpack::Tensor& tensor) {
  const bool right_rank = (tensor.ndim == 2 || tensor.ndim == 3) && tensor.shape != nullptr;
  if (right_rank) {
    constexpr std::int64_t most = std::numeric_limits<int>::max();
    const std::int64_t* const shape = tensor.shape;
    const std::int64_t channels = tensor.ndim == 3 ? shape[2] : 1;
    if (shape[0] >= 1 && shape[1] >= 1 && shape[0] <= most && shape[1] <= most &&
        (channels == 1 || channels == 3 || channels == 4)) {
      return;
    }
  }
  refuse(right_rank ? "has the shape " + listed(tensor.shape, tensor.ndim)
                    : "has " + std::to_string(tensor.ndim) + " dimensions",
         "expected is [height, width] or [height, width, 1] (grey), [height, width, 3] or "
         "[height, width, 4].");
}

PixelFormat format_of(std::int64_t channels, bool rgb) {
  if (channels == 1) return PixelFormat::kGray;
  if (channels == 3) return rgb ? PixelFormat::kRgb : PixelFormat::kBgr;
  return rgb ? PixelFormat::kRgba : PixelFormat::kBgra;
}

}  // namespace

DeviceImage device_image(const dlpack::Tensor& tensor, bool rgb) {
  check_kind(tensor);
  check_shape(tensor);
  const std::int64_t channels = tensor.ndim == 3 ? tensor.shape[2] : 1;
  std::int64_t row_stride = 0;  // without a gap
  if (tensor.strides != nullptr) {
    const bool whole_pixels = tensor.shape[1] == 1 || tensor.strides[1] == channels;
    const bool whole_channels = channels == 1 || tensor.strides[2] == 1;
    if (!whole_pixels || !whole_channels) {
      refuse("has the strides " + listed(tensor.strides, tensor.ndim),
             "the values of a row must follow one another; make it contiguous.");
    }
    if (tensor.shape[0] > 1) row_stride = tensor.strides[0];
    if (tensor.shape[0] > 1 && row_stride == 0) {
      refuse("has the strides " + listed(tensor.strides, tensor.ndim),
             "its rows overlap; make it contiguous.");
    }
  }
  DeviceImage image{
      .device = tensor.device.id,
      .view = {.data = static_cast<const std::uint8_t*>(tensor.data) + tensor.byte_offset,
               .height = static_cast<int>(tensor.shape[0]),
               .width = static_cast<int>(tensor.shape[1]),
               .format = format_of(channels, rgb),
               .row_stride_bytes = row_stride}};
  check_image(image.view);
  return image;
}

}  // namespace instseg
