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

}  // namespace

DeviceImage device_image(const dlpack::Tensor& tensor, PixelFormat format) {
  check_kind(tensor);
  const int channels = num_channels(format);
  const int ndim = tensor.ndim;
  const bool planar = ndim == 2 && channels == 1;  // grey, without an axis for its one channel
  constexpr std::int64_t most = std::numeric_limits<int>::max();
  const bool right_rank = (planar || ndim == 3) && tensor.shape != nullptr;
  if (!right_rank || (ndim == 3 && tensor.shape[2] != channels) || tensor.shape[0] < 1 ||
      tensor.shape[1] < 1 || tensor.shape[0] > most || tensor.shape[1] > most) {
    refuse(right_rank ? "has the shape " + listed(tensor.shape, ndim)
                      : "has " + std::to_string(ndim) + " dimensions",
           "expected is [height, width, " + std::to_string(channels) + "]" +
               (channels == 1 ? " or [height, width]." : "."));
  }
  std::int64_t row_stride = 0;  // without a gap
  if (tensor.strides != nullptr) {
    const bool whole_pixels = tensor.shape[1] == 1 || tensor.strides[1] == channels;
    const bool whole_channels = planar || channels == 1 || tensor.strides[2] == 1;
    if (!whole_pixels || !whole_channels) {
      refuse("has the strides " + listed(tensor.strides, ndim),
             "the values of a row must follow one another; make it contiguous.");
    }
    if (tensor.shape[0] > 1) row_stride = tensor.strides[0];
    if (tensor.shape[0] > 1 && row_stride == 0) {
      refuse("has the strides " + listed(tensor.strides, ndim),
             "its rows overlap; make it contiguous.");
    }
  }
  DeviceImage image{
      .view = {.data = static_cast<const std::uint8_t*>(tensor.data) + tensor.byte_offset,
               .height = static_cast<int>(tensor.shape[0]),
               .width = static_cast<int>(tensor.shape[1]),
               .format = format,
               .row_stride_bytes = row_stride},
      .device = tensor.device.id};
  check_image(image.view);
  return image;
}

}  // namespace instseg
