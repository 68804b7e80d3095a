#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "instseg/image.h"
#include "preprocess/interpolation.h"
#include "runtime/thread_pool.h"

namespace instseg {

// From an image to the input of a network; `preprocess` in instseg.json. Numbers are double because
// the float32 factors PaddleX multiplies with are rounded once, from quotients in double.
struct PreprocessSpec {
  int height = 640;
  int width = 640;
  // height and width are then a box to fill, in either orientation (network_size).
  bool keep_ratio = false;
  Interpolation interpolation = Interpolation::kBicubic;
  bool rgb = true;  // order of the network's channels; false = BGR
  // value = (pixel * scale - mean) / std; mean and std in the order of the network's channels
  double scale = 1.0 / 255.0;
  std::array<double, 3> mean = {0, 0, 0};
  std::array<double, 3> std = {1, 1, 1};
  bool normalize_before_resize = false;  // interpolate float32 values instead of bytes (SOLOv2)
  int pad_stride =
      1;  // sides grow to a multiple, by zeros at the right and the bottom; 1 or less: none
};

// Sizes of the network's input for one image.
struct NetworkSize {
  int height = 0;  // of the resized image
  int width = 0;
  int padded_height = 0;  // of the tensor
  int padded_width = 0;
  bool operator==(const NetworkSize&) const = default;
};

// With keep_ratio s = min(longer target / longer side, shorter target / shorter side), and a side
// becomes s times itself rounded half to even, at least 1. Throws InvalidArgument on a size
// below 1.
NetworkSize network_size(const PreprocessSpec& spec, int image_height, int image_width);

// Throws InvalidArgument unless both are 1 to 2^24.
void check_resized_size(int height, int width);

// Throws InvalidArgument unless every value of the spec can be computed with.
void check_preprocess_spec(const PreprocessSpec& spec);

// Reusable memory: a few rows of the resized image per thread, never a whole image. Grows to the
// widest request seen; later calls within that allocate nothing. One call at a time.
class PreprocessWorkspace {
 public:
  PreprocessWorkspace();
  ~PreprocessWorkspace();
  PreprocessWorkspace(PreprocessWorkspace&&) noexcept;
  PreprocessWorkspace& operator=(PreprocessWorkspace&&) noexcept;

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

// Resizes, reorders the channels (grey fills all three, alpha is dropped), normalises and pads.
//   out  [3, padded_height, padded_width] float32 as network_size() says; all of it is written
// The result does not depend on the number of threads or the instruction set.
// Throws InvalidArgument for an image that cannot be read or a bad spec.
void preprocess(const ImageView& image, const PreprocessSpec& spec, float* out,
                PreprocessWorkspace& workspace, const ThreadPool& pool);

// Resizes bytes as cv2.resize does (preprocess/resample_weights.h says how exactly).
//   out  [height, width, num_channels(image.format)], rows without a gap; alpha is resized like a
//   colour
void resize(const ImageView& image, int height, int width, Interpolation interpolation,
            std::uint8_t* out, PreprocessWorkspace& workspace, const ThreadPool& pool);

}  // namespace instseg
