#pragma once

#include "cuda/dlpack.h"
#include "instseg/image.h"

namespace instseg {

// A picture in memory of a GPU.
struct DeviceImage {
  ImageView view;  // data points into the GPU's memory
  int device = 0;  // which GPU
};

// Borrows a DLPack tensor as a picture for launch_preprocess(): uint8 [height, width, channels], or
// [height, width] where the format has one channel. Rows may have gaps or run upwards; the values
// of a row follow one another.
// Throws InvalidArgument, naming what was given, for memory that is not CUDA's, another type,
// shape or order.
DeviceImage device_image(const dlpack::Tensor& tensor, PixelFormat format);

}  // namespace instseg
