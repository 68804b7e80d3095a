#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "runtime/thread_pool.h"

namespace instseg {

// Mask features of one image: float32 [num_channels, height, width], C order, borrowed.
struct MaskFeatures {
  const float* values = nullptr;
  int num_channels = 0;
  int height = 0;
  int width = 0;

  std::size_t num_pixels() const {
    return static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
  }
};

// Weights of n masks, laid out for the kernels.
class DynamicWeights {
 public:
  // All weights are 0. Allocates only where earlier calls needed less.
  void resize(int num_masks, int num_channels);
  void set(int mask, int channel, float weight);

  int num_masks() const { return num_masks_; }
  int num_channels() const { return num_channels_; }
  int num_groups() const;               // of kConvolutionMasks masks, the last one filled with 0
  const float* group(int index) const;  // [num_channels, kConvolutionMasks]

 private:
  int num_masks_ = 0;
  int num_channels_ = 0;
  std::vector<float> weights_;
};

// Foreground of masks of one size: pixel i of mask m (i = y * width + x) is bit i % 64 of word
// m * words_per_mask + i / 64; bits past the last pixel are 0.
struct MaskBits {
  std::vector<std::uint64_t> words;
  std::size_t words_per_mask = 0;

  const std::uint64_t* mask(std::size_t m) const { return words.data() + m * words_per_mask; }
};

// What matrix NMS and scoring need of each mask.
struct DynamicMasks {
  MaskBits foreground;
  std::vector<std::int64_t> areas;  // foreground pixels
  std::vector<double> sums;         // of the foreground's probabilities; at most the area
};

// Scratch memory of the functions below, one call at a time.
class DynamicConvolutionWorkspace {
 public:
  struct Thread {
    std::vector<float> tile;    // of all channels
    std::vector<float> logits;  // [kConvolutionMasks, kConvolutionPixels]
  };
  std::vector<Thread> threads;
  std::vector<float> tile_sums;          // [tiles, masks]
  std::vector<std::int64_t> tile_areas;  // [tiles, masks]
};

// Masks by dynamic convolution with kernels of 1 x 1 (arXiv:2003.10152, sec. 3.2): the logit of
// mask m at a pixel is the sum over channels c, from 0 on, of weights[m, c] * features[c, pixel],
// in float32 without fused multiply-add; its probability is the sigmoid of the logit.
//
// Both share the pixels among the threads of the pool and give the same bits for any number of
// threads and every instruction set. Both return false where a feature is NaN or infinite (the
// caller knows the tensor's name); results are then not complete. num_channels of weights and
// features must be equal, or InvalidArgument. Allocate nothing once their arguments have grown.
// logits [masks, mask_stride], mask_stride >= num_pixels(): what lies behind a mask's last pixel is
// not written.

// Foreground is where logit > logit_threshold. logits may be null: they are then not kept.
bool measure_masks(const MaskFeatures& features, const DynamicWeights& weights,
                   float logit_threshold, const ThreadPool& pool,
                   DynamicConvolutionWorkspace& workspace, DynamicMasks& masks, float* logits,
                   std::size_t mask_stride);

bool mask_logits(const MaskFeatures& features, const DynamicWeights& weights,
                 const ThreadPool& pool, DynamicConvolutionWorkspace& workspace, float* logits,
                 std::size_t mask_stride);

// In place.
void logits_to_probabilities(std::span<float> logits);

}  // namespace instseg
