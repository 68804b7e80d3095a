#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "families/family.h"
#include "families/solov2.h"
#include "postprocess/dynamic_convolution.h"

namespace instseg {

// The candidates of one image that matrix NMS ranks: found among the scores, their masks measured.
// Memory for one call after the other; it grows to twice pre_nms_top_k masks and the number of
// scores above the threshold.
class Solov2Candidates {
 public:
  // Finds the candidates that can influence what `selection` keeps. A final score is at most the
  // cell's score, and NMS looks at better masks only; so cells below selection.threshold change
  // nothing, nor do classes that are not wanted where no limit binds.
  // Candidates are taken by falling cell score, pre_nms_top_k at a time, until the rest cannot rank
  // among the pre_nms_top_k best: memory is bounded whatever the scores are.
  // Returns false where a mask feature is NaN or infinite.
  bool collect(const Solov2Outputs& outputs, const Solov2Spec& spec, const Selection& selection,
               const ThreadPool& pool);

  // Numbers of candidates by falling score, at most pre_nms_top_k; places in the lists below.
  std::span<const std::uint32_t> ranking() const { return ranking_; }
  std::span<const float> scores() const { return scores_; }  // cell's score * mean probability
  std::span<const int> class_ids() const { return class_ids_; }
  std::span<const std::int64_t> areas() const { return areas_; }
  const MaskBits& foreground() const { return foreground_; }

  // Logits [feature pixels] of a candidate's mask, or null: they are kept only where there are few
  // candidates.
  const float* logits(std::uint32_t candidate) const;

  // Copies the convolution weights of a candidate's cell to weights' mask.
  void set_weights(const Solov2Outputs& outputs, std::uint32_t candidate, int mask,
                   DynamicWeights& weights) const;

 private:
  struct Found {
    float score = 0;
    std::uint32_t place = 0;  // in level, row, column, class: [cells of all levels, K]
  };

  void find(const Solov2Outputs& outputs, const Solov2Spec& spec, const Selection& selection);
  void rank(std::size_t most);

  std::vector<Found> found_;  // by falling score
  std::vector<std::uint32_t> indices_;
  DynamicWeights weights_;
  DynamicConvolutionWorkspace convolution_;
  DynamicMasks measured_;
  std::vector<float> logits_;  // [found, feature pixels], or empty
  std::size_t num_pixels_ = 0;

  std::vector<std::uint32_t> ranking_;
  std::vector<std::uint32_t> free_;  // places nobody of the ranking has
  std::vector<std::uint32_t> places_;
  std::vector<std::uint32_t> rows_;  // in logits_
  std::vector<float> scores_;
  std::vector<int> class_ids_;
  std::vector<std::int64_t> areas_;
  MaskBits foreground_;
};

}  // namespace instseg
