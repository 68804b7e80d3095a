#include "postprocess/proposals.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "instseg/errors.h"
#include "postprocess/box_deltas.h"

namespace instseg {
namespace {

static_assert(sizeof(Box) == 4 * sizeof(float));  // nms() reads boxes as rows of floats

Box anchor_of(const AnchorGrid& grid, std::size_t anchor, std::size_t y, std::size_t x) {
  const std::array<float, 4>& base = grid.anchors[anchor];
  const float shift_x = grid.stride_x * static_cast<float>(x);
  const float shift_y = grid.stride_y * static_cast<float>(y);
  return {.x1 = base[0] + shift_x,
          .y1 = base[1] + shift_y,
          .x2 = base[2] + shift_x,
          .y2 = base[3] + shift_y};
}

// Fills candidates and logits with the moved anchors that are large enough, best first.
void gather_candidates(const ProposalMap& map, const AnchorGrid& grid, const ProposalSpec& spec,
                       float image_height, float image_width, ProposalWorkspace::Level& level) {
  const auto width = static_cast<std::size_t>(map.width);
  const std::size_t plane = static_cast<std::size_t>(map.height) * width;
  const std::size_t count = plane * grid.anchors.size();
  const float side = spec.pixel_offset ? 1.0f : 0.0f;
  const DeltaRule rule = {.factors = spec.variances,
                          .max_log_size = static_cast<float>(std::log(1000.0 / 16.0)),
                          .side = side};
  const float min_size = std::max(spec.min_size, 1.0f);
  const int limit = spec.pre_nms_top_n > 0 ? spec.pre_nms_top_n : std::numeric_limits<int>::max();
  level.candidates.clear();
  level.logits.clear();
  for (const std::uint32_t index : top_k({map.logits, count}, limit, level.top_k)) {
    const std::size_t anchor = index / plane;
    const std::size_t cell = index % plane;
    const float* const delta = map.deltas + 4 * anchor * plane + cell;
    const float deltas[] = {delta[0], delta[plane], delta[2 * plane], delta[3 * plane]};
    const Box moved = move_box(anchor_of(grid, anchor, cell / width, cell % width), deltas, rule);
    const Box box = clip_box(moved, image_width - side, image_height - side);
    const float box_width = box.x2 - box.x1 + side;
    const float box_height = box.y2 - box.y1 + side;
    if (!(box_width >= min_size && box_height >= min_size)) continue;
    if (spec.pixel_offset &&
        !(box.x1 + box_width / 2 <= image_width && box.y1 + box_height / 2 <= image_height)) {
      continue;
    }
    level.candidates.push_back(box);
    level.logits.push_back(map.logits[index]);
  }
}

void propose_of_level(const ProposalMap& map, const AnchorGrid& grid, const ProposalSpec& spec,
                      float image_height, float image_width, ProposalWorkspace::Level& level) {
  gather_candidates(map, grid, spec, image_height, image_width, level);
  level.boxes.clear();
  level.scores.clear();
  if (level.candidates.empty()) {
    level.boxes.push_back({});
    level.scores.push_back(0);
    return;
  }
  const BoxRows rows = {.boxes = &level.candidates.front().x1, .count = level.candidates.size()};
  const NmsOptions options = {.iou_threshold = spec.nms_threshold,
                              .max_kept = spec.post_nms_top_n,
                              .eta = spec.nms_eta,
                              .sides_include_end = spec.pixel_offset};
  for (const std::uint32_t i : nms(rows, level.logits, options, level.nms)) {
    level.boxes.push_back(level.candidates[i]);
    level.scores.push_back(level.logits[i]);
  }
}

void check(std::span<const ProposalMap> maps, const ProposalSpec& spec) {
  if (maps.size() != spec.levels.size() || maps.empty()) {
    throw InvalidArgument("propose_boxes: " + std::to_string(maps.size()) + " maps for " +
                          std::to_string(spec.levels.size()) + " levels of anchors");
  }
  for (const ProposalMap& map : maps) {
    if (map.height < 1 || map.width < 1) {
      throw InvalidArgument("propose_boxes: a map has no cell: " + std::to_string(map.height) +
                            " x " + std::to_string(map.width));
    }
  }
}

}  // namespace

std::span<const Box> propose_boxes(std::span<const ProposalMap> maps, const ProposalSpec& spec,
                                   int image_height, int image_width, const ThreadPool& pool,
                                   ProposalWorkspace& workspace) {
  check(maps, spec);
  if (workspace.levels.size() < maps.size()) workspace.levels.resize(maps.size());
  pool.parallel_for(static_cast<int>(maps.size()), [&](int i) {
    const auto level = static_cast<std::size_t>(i);
    propose_of_level(maps[level], spec.levels[level], spec, static_cast<float>(image_height),
                     static_cast<float>(image_width), workspace.levels[level]);
  });

  std::vector<Box>& boxes = workspace.boxes;
  std::vector<float>& scores = workspace.scores;
  boxes.clear();
  scores.clear();
  for (std::size_t i = 0; i < maps.size(); ++i) {
    const ProposalWorkspace::Level& level = workspace.levels[i];
    boxes.insert(boxes.end(), level.boxes.begin(), level.boxes.end());
    scores.insert(scores.end(), level.scores.begin(), level.scores.end());
  }
  const auto limit = static_cast<std::size_t>(spec.keep_top_n);
  if (limit == 0 || boxes.size() <= limit) return boxes;
  // The best go to the end of the same vector, then to its front: no second one is needed.
  const std::size_t all = boxes.size();
  for (const std::uint32_t i : top_k(scores, spec.keep_top_n, workspace.top_k)) {
    boxes.push_back(Box(boxes[i]));
  }
  boxes.erase(boxes.begin(), boxes.begin() + static_cast<std::ptrdiff_t>(all));
  return boxes;
}

}  // namespace instseg
