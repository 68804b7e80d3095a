#pragma once

#include <NvInfer.h>

#include "engines/tensorrt/adapter_api.h"

namespace instseg::tensorrt {

// Sides are int32 in TensorRT 8 and int64 later. Ranks beyond Dims::MAX_DIMS are cut: no network
// has them.
inline nvinfer1::Dims dims_of(const Shape& shape) {
  nvinfer1::Dims dims{};
  for (const std::int64_t side : shape) {
    if (dims.nbDims == nvinfer1::Dims::MAX_DIMS) break;
    dims.d[dims.nbDims++] = static_cast<std::remove_reference_t<decltype(dims.d[0])>>(side);
  }
  return dims;
}

inline Shape shape_of(const nvinfer1::Dims& dims) {
  return dims.nbDims < 0 ? Shape() : Shape(dims.d, dims.d + dims.nbDims);
}

}  // namespace instseg::tensorrt
