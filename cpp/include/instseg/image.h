#pragma once

#include <cstddef>
#include <cstdint>

namespace instseg {

// Order of the 8-bit samples of one pixel. Alpha is ignored.
enum class PixelFormat { kBgr, kRgb, kGray, kBgra, kRgba };

// Bytes per pixel; 0 for what is no PixelFormat.
constexpr int num_channels(PixelFormat format) {
  switch (format) {
    case PixelFormat::kGray:
      return 1;
    case PixelFormat::kBgr:
    case PixelFormat::kRgb:
      return 3;
    case PixelFormat::kBgra:
    case PixelFormat::kRgba:
      return 4;
  }
  return 0;
}

// Borrowed uint8 pixels [height, width, num_channels(format)]; nothing is copied or owned.
struct ImageView {
  const std::uint8_t* data = nullptr;
  int height = 0;
  int width = 0;
  PixelFormat format = PixelFormat::kBgr;
  // Bytes from one row to the next; 0 means rows follow each other without a gap.
  std::ptrdiff_t row_stride_bytes = 0;
};

// Borrowed pixels in memory of an NVIDIA GPU.
struct DeviceImage {
  int device = 0;  // CUDA's number of the GPU
  ImageView view;  // its data is an address of that GPU (cudaMalloc, cudaMallocManaged)
  // The stream whose work, as far as it is queued at the call, fills the pixels: a cudaStream_t (or
  // CUstream) of the GPU's primary context, which is the CUDA runtime's; null = the legacy default.
  void* stream = nullptr;
};

}  // namespace instseg
