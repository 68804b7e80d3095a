#include "instseg/mask.h"

#include <cstring>
#include <limits>

#include "instseg/errors.h"
#include "mask/bit_kernels.h"

namespace instseg {
namespace {

std::string describe(int image_height, int image_width, const Region& region) {
  return "region x " + std::to_string(region.x) + ", y " + std::to_string(region.y) + ", width " +
         std::to_string(region.width) + ", height " + std::to_string(region.height) +
         " in an image of height " + std::to_string(image_height) + ", width " +
         std::to_string(image_width);
}

bool inside(int begin, int size, int limit) {
  return begin >= 0 && size >= 0 && static_cast<std::int64_t>(begin) + size <= limit;
}

}  // namespace

Mask::Mask(int image_height, int image_width, const Region& region)
    : image_height_(image_height), image_width_(image_width), region_(region) {
  if (!inside(region.x, region.width, image_width) ||
      !inside(region.y, region.height, image_height)) {
    throw InvalidArgument("mask: the region must lie inside the image, but is " +
                          describe(image_height, image_width, region) +
                          "; clip the region to the image");
  }
  if (static_cast<std::int64_t>(image_height) * image_width >
      std::numeric_limits<std::uint32_t>::max()) {
    throw InvalidArgument("mask: the image may have at most 4294967295 pixels, but there is a " +
                          describe(image_height, image_width, region));
  }
  words_per_row_ = (static_cast<std::size_t>(region.width) + 63) / 64;
  words_.resize(words_per_row_ * static_cast<std::size_t>(region.height));
}

Mask Mask::from_crop(int image_height, int image_width, const Region& region,
                     const std::uint8_t* crop, std::ptrdiff_t row_stride_bytes) {
  Mask mask(image_height, image_width, region);
  const BitKernels& kernels = INSTSEG_ACTIVE_KERNELS(kBitKernels);
  for (int y = 0; y < region.height; ++y) {
    kernels.pack_row(crop + y * row_stride_bytes, region.width, mask.row(y).data());
  }
  return mask;
}

std::span<const std::uint64_t> Mask::row(int y) const {
  return {words_.data() + static_cast<std::size_t>(y) * words_per_row_, words_per_row_};
}

std::span<std::uint64_t> Mask::row(int y) {
  return {words_.data() + static_cast<std::size_t>(y) * words_per_row_, words_per_row_};
}

std::int64_t Mask::area() const {
  return INSTSEG_ACTIVE_KERNELS(kBitKernels).count_ones(words_.data(), words_.size());
}

void Mask::write_crop(std::uint8_t* out, std::ptrdiff_t row_stride_bytes) const {
  const BitKernels& kernels = INSTSEG_ACTIVE_KERNELS(kBitKernels);
  for (int y = 0; y < region_.height; ++y) {
    kernels.unpack_row(row(y).data(), region_.width, out + y * row_stride_bytes);
  }
}

void Mask::write_bitmap(std::uint8_t* out, std::ptrdiff_t row_stride_bytes) const {
  const BitKernels& kernels = INSTSEG_ACTIVE_KERNELS(kBitKernels);
  const auto clear = [](std::uint8_t* from, int size) {
    if (size > 0) std::memset(from, 0, static_cast<std::size_t>(size));
  };
  const int right = region_.x + region_.width;
  for (int y = 0; y < image_height_; ++y) {
    std::uint8_t* const out_row = out + y * row_stride_bytes;
    if (y < region_.y || y >= region_.y + region_.height) {
      clear(out_row, image_width_);
      continue;
    }
    clear(out_row, region_.x);
    kernels.unpack_row(row(y - region_.y).data(), region_.width, out_row + region_.x);
    clear(out_row + right, image_width_ - right);
  }
}

}  // namespace instseg
