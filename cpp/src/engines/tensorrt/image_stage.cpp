#include "engines/tensorrt/image_stage.h"

#include <algorithm>

#include "engines/tensorrt/room.h"
#include "image/image_check.h"

namespace instseg::tensorrt {

NetworkSize ImageStage::plan(const ImageView& image, const PreprocessSpec& spec) {
  check_image(image);
  if (plan_.build(spec, image.format, image.height, image.width)) tables_on_device_ = false;
  if (!tables_on_device_) {
    const auto tables = plan_.tables();
    std::copy(tables.begin(), tables.end(), pinned_room(pinned_tables_, device_, tables.size()));
    device_room(tables_, device_, tables.size());
  }
  return plan_.size();
}

NetworkSize ImageStage::put(const ImageView& image, const PreprocessSpec& spec) {
  const NetworkSize size = plan(image, spec);
  const std::ptrdiff_t row = row_size_bytes(image);
  const std::size_t size_bytes =
      static_cast<std::size_t>(row) * static_cast<std::size_t>(image.height);
  auto* const pixels = pinned_room<std::uint8_t>(pinned_pixels_, device_, size_bytes);
  for (int y = 0; y < image.height; ++y) {
    std::copy_n(image_row(image, y), row, pixels + y * row);
  }
  image_ = image;
  image_.data = device_room<std::uint8_t>(pixels_, device_, size_bytes);
  image_.row_stride_bytes = 0;
  size_bytes_ = size_bytes;
  return size;
}

NetworkSize ImageStage::put(const DeviceImage& image, const PreprocessSpec& spec) {
  const NetworkSize size = plan(image.view, spec);
  image_ = image.view;
  size_bytes_ = 0;
  producer_ = image.stream;
  return size;
}

void ImageStage::queue(float* input, Stream& stream) {
  if (size_bytes_ > 0) {
    stream.copy_to_device(pixels_->data(), pinned_pixels_->data(), size_bytes_);
  } else {
    stream.wait_for(producer_);
  }
  if (!tables_on_device_) {
    stream.copy_to_device(tables_->data(), pinned_tables_->data(), plan_.tables().size());
  }
  const auto* const tables = static_cast<const std::byte*>(tables_->data());
  kernels_.preprocess(plan_.task(image_, tables, input), stream);
}

}  // namespace instseg::tensorrt
