#pragma once

#include "cuda/dlpack.h"
#include "instseg/image.h"

namespace instseg {

// Borrows a DLPack tensor in CUDA memory as a picture: uint8 [height, width] or [height, width, 1]
// (grey), [height, width, 3] or [height, width, 4] (with alpha). Rows may have gaps or run upwards;
// the values of a row follow one another.
//   rgb  order of the first three channels; false = BGR
// It is ready where the legacy default stream is (what a producer gives that was asked for the
// stream 1, or for none).
// Throws InvalidArgument, naming what was given, for memory that is not CUDA's, another type, shape
// or order.
DeviceImage device_image(const dlpack::Tensor& tensor, bool rgb);

}  // namespace instseg
