#include "postprocess/box_deltas.h"

#include <algorithm>
#include <cmath>

namespace instseg {
namespace {

struct Interval {
  float low;
  float high;
};

Interval move(float low, float high, float shift, float log_size, const DeltaRule& rule) {
  const float size = high - low + rule.side;
  const float centre = shift * size + (low + 0.5f * size);
  const float half = 0.5f * (std::exp(std::min(log_size, rule.max_log_size)) * size);
  return {centre - half, centre + half - rule.side};
}

}  // namespace

Box move_box(const Box& box, const float* deltas, const DeltaRule& rule) {
  const Interval x =
      move(box.x1, box.x2, rule.factors[0] * deltas[0], rule.factors[2] * deltas[2], rule);
  const Interval y =
      move(box.y1, box.y2, rule.factors[1] * deltas[1], rule.factors[3] * deltas[3], rule);
  return {.x1 = x.low, .y1 = y.low, .x2 = x.high, .y2 = y.high};
}

Box clip_box(const Box& box, float width, float height) {
  const auto clip = [](float value, float limit) { return value > 0 ? std::min(value, limit) : 0; };
  return {.x1 = clip(box.x1, width),
          .y1 = clip(box.y1, height),
          .x2 = clip(box.x2, width),
          .y2 = clip(box.y2, height)};
}

}  // namespace instseg
