#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "families/mask_rtdetr.h"
#include "instseg/result.h"

namespace instseg::testing {

// An instance with its mask as uint8 [image_height, image_width].
struct SlowInstance {
  Box box;
  float score = 0;
  int class_id = 0;
  std::vector<std::uint8_t> mask;
};

// The obviously correct twin of detect_mask_rtdetr(): every pair of query and class is sorted, and
// every pixel of every image is computed on its own. The same float32 operations in the same order,
// so every bit must be equal.
inline std::vector<SlowInstance> slow_mask_rtdetr(const MaskRtdetrOutputs& outputs,
                                                  const MaskRtdetrSpec& spec, int image_height,
                                                  int image_width, const Selection& selection) {
  const int num_pairs = outputs.num_queries * outputs.num_classes;
  std::vector<int> pairs(static_cast<std::size_t>(num_pairs));
  std::iota(pairs.begin(), pairs.end(), 0);
  std::stable_sort(pairs.begin(), pairs.end(),
                   [&](int a, int b) { return outputs.logits[a] > outputs.logits[b]; });
  pairs.resize(static_cast<std::size_t>(std::min(spec.top_k, num_pairs)));

  // Source pixels and weights of one axis (PaddlePaddle's bilinear_interp, align_corners = False).
  struct Tap {
    int source;
    int next;
    float weight0;
    float weight1;
  };
  const auto tap = [](int in, int out, int i) {
    const float ratio = out > 1 ? static_cast<float>(in) / static_cast<float>(out) : 0.0f;
    const float position = std::max(ratio * (static_cast<float>(i) + 0.5f) - 0.5f, 0.0f);
    const int source = std::min(static_cast<int>(position), in - 1);
    const float weight1 = position - static_cast<float>(source);
    return Tap{source, std::min(source + 1, in - 1), 1.0f - weight1, weight1};
  };

  std::vector<SlowInstance> instances;
  for (const int pair : pairs) {
    const int query = pair / outputs.num_classes;
    SlowInstance instance;
    instance.class_id = pair % outputs.num_classes;
    instance.score = 1.0f / (1.0f + std::exp(-outputs.logits[pair]));
    if (!(instance.score > selection.threshold)) continue;
    if (selection.class_ids) {
      bool wanted = false;
      for (const int id : *selection.class_ids) wanted = wanted || id == instance.class_id;
      if (!wanted) continue;
    }
    const float* const cxcywh = outputs.boxes_cxcywh + 4 * query;
    const auto clipped = [](float value, int limit) {
      const auto most = static_cast<float>(limit);
      return value < 0 ? 0 : value > most ? most : value;
    };
    const auto width = static_cast<float>(image_width);
    const auto height = static_cast<float>(image_height);
    instance.box.x1 = clipped((cxcywh[0] - 0.5f * cxcywh[2]) * width, image_width);
    instance.box.y1 = clipped((cxcywh[1] - 0.5f * cxcywh[3]) * height, image_height);
    instance.box.x2 = clipped((cxcywh[0] + 0.5f * cxcywh[2]) * width, image_width);
    instance.box.y2 = clipped((cxcywh[1] + 0.5f * cxcywh[3]) * height, image_height);
    if (!(instance.box.x2 > instance.box.x1) || !(instance.box.y2 > instance.box.y1)) continue;

    const PrototypeMasks& prototypes = outputs.prototypes;
    const auto logit = [&](int y, int x) {
      float sum = 0;
      for (int p = 0; p < prototypes.num_prototypes; ++p) {
        sum = sum + outputs.mask_coefficients[query * prototypes.num_prototypes + p] *
                        prototypes.prototypes[(p * prototypes.height + y) * prototypes.width + x];
      }
      return sum;
    };
    const auto half_to_even = [](float value) { return static_cast<int>(std::nearbyint(value)); };
    for (int y = 0; y < image_height; ++y) {
      for (int x = 0; x < image_width; ++x) {
        const Tap ty = tap(prototypes.height, image_height, y);
        const Tap tx = tap(prototypes.width, image_width, x);
        const float upper =
            logit(ty.source, tx.source) * tx.weight0 + logit(ty.source, tx.next) * tx.weight1;
        const float lower =
            logit(ty.next, tx.source) * tx.weight0 + logit(ty.next, tx.next) * tx.weight1;
        const bool above = upper * ty.weight0 + lower * ty.weight1 > spec.mask_logit_threshold;
        const bool inside = x >= half_to_even(instance.box.x1) &&
                            x < half_to_even(instance.box.x2) &&
                            y >= half_to_even(instance.box.y1) && y < half_to_even(instance.box.y2);
        instance.mask.push_back(above && (inside || !selection.clip_masks));
      }
    }
    instances.push_back(std::move(instance));
    if (static_cast<int>(instances.size()) == selection.max_detections) break;
  }
  return instances;
}

// Empty where the result is the slow twin's bit for bit, otherwise what is different.
inline std::string difference(const Result& result, const std::vector<SlowInstance>& expected) {
  if (result.boxes.size() != expected.size() || result.scores.size() != expected.size() ||
      result.class_ids.size() != expected.size() || result.masks.size() != expected.size()) {
    return std::to_string(result.scores.size()) + " instances, expected " +
           std::to_string(expected.size());
  }
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::string name = "instance " + std::to_string(i) + ": ";
    if (result.scores[i] != expected[i].score) return name + "score";
    if (result.class_ids[i] != expected[i].class_id) return name + "class";
    if (!(result.boxes[i] == expected[i].box)) return name + "box";
    const Mask& mask = result.masks[i];
    if (mask.image_height() != result.image_height || mask.image_width() != result.image_width) {
      return name + "size of the mask";
    }
    std::vector<std::uint8_t> bitmap(expected[i].mask.size(), 7);
    mask.write_bitmap(bitmap.data(), result.image_width);
    if (bitmap != expected[i].mask) return name + "mask";
  }
  return "";
}

}  // namespace instseg::testing
