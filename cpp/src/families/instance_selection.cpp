#include "families/instance_selection.h"

#include <algorithm>
#include <cmath>

namespace instseg {

bool wanted(int class_id, const Selection& selection) {
  if (!selection.class_ids) return true;
  const std::span<const int> ids = *selection.class_ids;
  return std::find(ids.begin(), ids.end(), class_id) != ids.end();
}

Box clipped(const Box& box, int image_height, int image_width) {
  const auto width = static_cast<float>(image_width);
  const auto height = static_cast<float>(image_height);
  return {.x1 = std::clamp(box.x1, 0.0f, width),
          .y1 = std::clamp(box.y1, 0.0f, height),
          .x2 = std::clamp(box.x2, 0.0f, width),
          .y2 = std::clamp(box.y2, 0.0f, height)};
}

Region rounded_region(const Box& box, int image_height, int image_width) {
  // std::nearbyint rounds halves to even, as Python's round().
  const auto rounded = [](float value, int limit) {
    return std::min(static_cast<int>(std::nearbyint(value)), limit);
  };
  const int x1 = rounded(box.x1, image_width);
  const int y1 = rounded(box.y1, image_height);
  return {.x = x1,
          .y = y1,
          .width = rounded(box.x2, image_width) - x1,
          .height = rounded(box.y2, image_height) - y1};
}

bool InstanceSelection::takes(float score) const {
  const int most = selection_->max_detections;
  return score > selection_->threshold &&
         (most <= 0 || result_->size() < static_cast<std::size_t>(most));
}

bool InstanceSelection::add(const Box& box, float score, int class_id) {
  if (!wanted(class_id, *selection_)) return false;
  const Box inside = clipped(box, result_->image_height, result_->image_width);
  if (inside.x2 <= inside.x1 || inside.y2 <= inside.y1) return false;
  result_->boxes.push_back(inside);
  result_->scores.push_back(score);
  result_->class_ids.push_back(class_id);
  return true;
}

}  // namespace instseg
