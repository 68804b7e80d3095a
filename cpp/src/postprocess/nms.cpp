#include "postprocess/nms.h"

#include <algorithm>
#include <functional>
#include <string>

#include "instseg/errors.h"
#include "postprocess/nms_kernels.h"
#include "postprocess/ranking_key.h"
#include "postprocess/selection_kernels.h"

namespace instseg {
namespace {

void check(const BoxRows& boxes, std::span<const float> scores, const NmsOptions& options) {
  if (scores.size() != boxes.count || scores.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw InvalidArgument("nms: " + std::to_string(boxes.count) + " boxes and " +
                          std::to_string(scores.size()) +
                          " scores; there must be as many of both, fewer than 2^32");
  }
  if (!(options.iou_threshold >= 0 && options.iou_threshold <= 1) ||
      !(options.eta > 0 && options.eta <= 1) || options.max_candidates < 0 ||
      options.max_kept < 0) {
    throw InvalidArgument(
        "nms: iou_threshold must be in 0..1, eta above 0 and at most 1, max_candidates and "
        "max_kept at least 0, but they are " +
        std::to_string(options.iou_threshold) + ", " + std::to_string(options.eta) + ", " +
        std::to_string(options.max_candidates) + ", " + std::to_string(options.max_kept));
  }
}

// Fills workspace.ranked with the keys of the candidates, best first.
void rank(std::span<const float> scores, const NmsOptions& options, NmsWorkspace& workspace) {
  const std::size_t n = scores.size();
  std::vector<std::uint64_t>& ranked = workspace.ranked;
  ranked.clear();
  constexpr std::size_t kLanes = 16;  // room that indices_above wants at the end
  if (workspace.above.size() < n + kLanes) workspace.above.resize(n + kLanes);
  std::size_t found = 0;
  INSTSEG_ACTIVE_KERNELS(kSelectionKernels)
      .indices_above(scores.data(), 0, n, options.score_threshold, workspace.above.data(),
                     workspace.above.size(), &found);
  for (std::size_t i = 0; i < found; ++i) {
    ranked.push_back(ranking_key(scores[workspace.above[i]], workspace.above[i]));
  }
  const auto limit = static_cast<std::size_t>(options.max_candidates);
  if (limit > 0 && ranked.size() > limit) {
    std::nth_element(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(limit) - 1,
                     ranked.end(), std::greater<>());
    ranked.resize(limit);
  }
  std::sort(ranked.begin(), ranked.end(), std::greater<>());
}

float box_area(const float* box, float side) {
  if (box[2] < box[0] || box[3] < box[1]) return 0;
  return (box[2] - box[0] + side) * (box[3] - box[1] + side);
}

}  // namespace

std::span<const std::uint32_t> nms(const BoxRows& boxes, std::span<const float> scores,
                                   const NmsOptions& options, NmsWorkspace& workspace) {
  check(boxes, scores, options);
  rank(scores, options, workspace);
  const NmsKernels& kernels = INSTSEG_ACTIVE_KERNELS(kNmsKernels);
  const std::size_t candidates = workspace.ranked.size();
  const std::size_t most = options.max_kept > 0
                               ? std::min(candidates, static_cast<std::size_t>(options.max_kept))
                               : candidates;
  std::vector<std::uint32_t>& kept = workspace.kept;
  kept.clear();
  if (workspace.kept_boxes.size() < 5 * most) workspace.kept_boxes.resize(5 * most);
  float* const x1 = workspace.kept_boxes.data();
  float* const y1 = x1 + most;
  float* const x2 = y1 + most;
  float* const y2 = x2 + most;
  float* const area = y2 + most;

  const float side = options.sides_include_end ? 1.0f : 0.0f;
  float threshold = options.iou_threshold;
  for (const std::uint64_t key : workspace.ranked) {
    const std::size_t count = kept.size();
    if (count == most) break;
    const std::uint32_t index = ranked_index(key);
    const float* const box = boxes.boxes + static_cast<std::ptrdiff_t>(index) * boxes.stride;
    const float own_area = box_area(box, side);
    if (kernels.suppressed({x1, y1, x2, y2, area, count}, box, own_area, side, threshold)) {
      continue;
    }
    x1[count] = box[0];
    y1[count] = box[1];
    x2[count] = box[2];
    y2[count] = box[3];
    area[count] = own_area;
    kept.push_back(index);
    if (options.eta < 1 && threshold > 0.5f) threshold *= options.eta;
  }
  return kept;
}

}  // namespace instseg
