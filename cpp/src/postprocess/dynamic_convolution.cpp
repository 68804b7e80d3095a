#include "postprocess/dynamic_convolution.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <string>

#include "instseg/errors.h"
#include "postprocess/dynamic_convolution_kernels.h"

namespace instseg {
namespace {

constexpr std::size_t kTile = kConvolutionPixels;

// Calls body(thread, tile, first mask, number of masks, logits, pixels of the tile) for every tile
// of pixels and every group of masks. Logits behind the tile's last pixel are -infinity.
template <typename Body>
bool for_each_tile(const MaskFeatures& features, const DynamicWeights& weights,
                   const ThreadPool& pool, DynamicConvolutionWorkspace& workspace,
                   const Body& body) {
  if (weights.num_channels() != features.num_channels) {
    throw InvalidArgument("dynamic convolution: weights have " +
                          std::to_string(weights.num_channels()) + " channels, features " +
                          std::to_string(features.num_channels) + "; they must be equal");
  }
  const DynamicConvolutionKernels& kernels = INSTSEG_ACTIVE_KERNELS(kDynamicConvolutionKernels);
  const std::size_t num_pixels = features.num_pixels();
  const auto num_channels = static_cast<std::size_t>(features.num_channels);
  const std::size_t num_tiles = (num_pixels + kTile - 1) / kTile;
  const int num_workers = std::min(pool.size(), static_cast<int>(num_tiles));
  if (workspace.threads.size() < static_cast<std::size_t>(num_workers)) {
    workspace.threads.resize(static_cast<std::size_t>(num_workers));
  }
  for (DynamicConvolutionWorkspace::Thread& thread : workspace.threads) {
    if (thread.tile.size() < num_channels * kTile) thread.tile.resize(num_channels * kTile);
    thread.logits.resize(kConvolutionMasks * kTile);
  }
  std::atomic<std::size_t> next{0};
  std::atomic<bool> finite{true};
  pool.parallel_for(num_workers, [&](int worker) {
    DynamicConvolutionWorkspace::Thread& thread =
        workspace.threads[static_cast<std::size_t>(worker)];
    for (std::size_t tile; (tile = next.fetch_add(1)) < num_tiles && finite;) {
      const std::size_t begin = tile * kTile;
      const std::size_t count = std::min(kTile, num_pixels - begin);
      for (std::size_t c = 0; c < num_channels; ++c) {
        if (!kernels.pack_channel(features.values + c * num_pixels + begin, count,
                                  static_cast<int>(c), features.num_channels, thread.tile.data())) {
          finite = false;
          return;
        }
      }
      for (int group = 0; group < weights.num_groups(); ++group) {
        kernels.convolve_tile(thread.tile.data(), weights.group(group), features.num_channels,
                              thread.logits.data());
        const int first = group * kConvolutionMasks;
        const int masks = std::min(kConvolutionMasks, weights.num_masks() - first);
        for (int m = 0; m < masks; ++m) {
          float* const logits = thread.logits.data() + static_cast<std::size_t>(m) * kTile;
          std::fill(logits + count, logits + kTile, -std::numeric_limits<float>::infinity());
          body(tile, static_cast<std::size_t>(first + m), logits, count);
        }
      }
    }
  });
  return finite;
}

}  // namespace

void DynamicWeights::resize(int num_masks, int num_channels) {
  num_masks_ = num_masks;
  num_channels_ = num_channels;
  weights_.assign(static_cast<std::size_t>(num_groups()) * kConvolutionMasks *
                      static_cast<std::size_t>(num_channels),
                  0.0f);
}

int DynamicWeights::num_groups() const {
  return (num_masks_ + kConvolutionMasks - 1) / kConvolutionMasks;
}

const float* DynamicWeights::group(int index) const {
  return weights_.data() + static_cast<std::size_t>(index) * kConvolutionMasks *
                               static_cast<std::size_t>(num_channels_);
}

void DynamicWeights::set(int mask, int channel, float weight) {
  const std::size_t group = static_cast<std::size_t>(mask / kConvolutionMasks);
  const std::size_t row =
      group * static_cast<std::size_t>(num_channels_) + static_cast<std::size_t>(channel);
  weights_[row * kConvolutionMasks + static_cast<std::size_t>(mask % kConvolutionMasks)] = weight;
}

bool measure_masks(const MaskFeatures& features, const DynamicWeights& weights,
                   float logit_threshold, const ThreadPool& pool,
                   DynamicConvolutionWorkspace& workspace, DynamicMasks& masks, float* logits,
                   std::size_t mask_stride) {
  const DynamicConvolutionKernels& kernels = INSTSEG_ACTIVE_KERNELS(kDynamicConvolutionKernels);
  const auto num_masks = static_cast<std::size_t>(weights.num_masks());
  const std::size_t num_tiles = (features.num_pixels() + kTile - 1) / kTile;
  // Whole tiles: the words behind the last pixel stay 0.
  masks.foreground.words_per_mask = num_tiles * (kTile / 64);
  masks.foreground.words.resize(num_masks * masks.foreground.words_per_mask);
  workspace.tile_sums.resize(num_tiles * num_masks);
  workspace.tile_areas.resize(num_tiles * num_masks);
  const bool finite = for_each_tile(
      features, weights, pool, workspace,
      [&](std::size_t tile, std::size_t mask, const float* tile_logits, std::size_t count) {
        std::uint64_t* const words = masks.foreground.words.data() +
                                     mask * masks.foreground.words_per_mask + tile * (kTile / 64);
        const std::size_t place = tile * num_masks + mask;
        workspace.tile_sums[place] =
            kernels.measure_tile(tile_logits, logit_threshold, words, &workspace.tile_areas[place]);
        if (logits != nullptr) {
          std::copy_n(tile_logits, count, logits + mask * mask_stride + tile * kTile);
        }
      });
  masks.areas.assign(num_masks, 0);
  masks.sums.assign(num_masks, 0.0);
  for (std::size_t tile = 0; tile < num_tiles; ++tile) {
    for (std::size_t mask = 0; mask < num_masks; ++mask) {
      masks.areas[mask] += workspace.tile_areas[tile * num_masks + mask];
      masks.sums[mask] += static_cast<double>(workspace.tile_sums[tile * num_masks + mask]);
    }
  }
  return finite;
}

bool mask_logits(const MaskFeatures& features, const DynamicWeights& weights,
                 const ThreadPool& pool, DynamicConvolutionWorkspace& workspace, float* logits,
                 std::size_t mask_stride) {
  return for_each_tile(
      features, weights, pool, workspace,
      [&](std::size_t tile, std::size_t mask, const float* tile_logits, std::size_t count) {
        std::copy_n(tile_logits, count, logits + mask * mask_stride + tile * kTile);
      });
}

void logits_to_probabilities(std::span<float> logits) {
  INSTSEG_ACTIVE_KERNELS(kDynamicConvolutionKernels)
      .sigmoids(logits.data(), logits.size(), logits.data());
}

}  // namespace instseg
