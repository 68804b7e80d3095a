// Non-maximum suppression at the size of PP-YOLOE_seg (8400 anchors, 80 classes), of R-CNN
// proposals (2000 boxes), and all of PP-YOLOE_seg's post-processing on 1080p with 20 instances.

#include <algorithm>
#include <cmath>
#include <vector>

#include "bench.h"
#include "families/ppyoloe_seg.h"
#include "postprocess/class_wise_nms.h"

namespace {

using namespace instseg;

constexpr int kAnchors = 8400;
constexpr int kClasses = 80;
constexpr int kPrototypes = 32;
constexpr int kSide = 160;
constexpr int kInstances = 20;

float uniform(std::uint32_t& state) {
  state = state * 1664525 + 1013904223;
  return static_cast<float>(state >> 8) / 16777216.0f;
}

// Boxes around the centres of a grid, as a detector's: neighbours overlap.
std::vector<float> boxes_on_a_grid(int count, std::uint32_t& state) {
  const int side = static_cast<int>(std::ceil(std::sqrt(static_cast<double>(count))));
  std::vector<float> boxes;
  for (int i = 0; i < count; ++i) {
    const float x = 640 * (static_cast<float>(i % side) + 0.5f) / static_cast<float>(side);
    const float y = 640 * (static_cast<float>(i / side) + 0.5f) / static_cast<float>(side);
    const float width = 10 + 40 * uniform(state);
    const float height = 10 + 40 * uniform(state);
    boxes.insert(boxes.end(), {x - width, y - height, x + width, y + height});
  }
  return boxes;
}

// A network's outputs in which 20 anchors score 0.9 and a given part of the others up to 0.5.
struct DenseOutputs {
  std::vector<float> boxes;
  std::vector<float> scores = std::vector<float>(kAnchors * kClasses, 0.001f);
  std::vector<float> coefficients = std::vector<float>(kPrototypes * kAnchors);
  std::vector<float> prototypes = std::vector<float>(kPrototypes * kSide * kSide);

  explicit DenseOutputs(float candidates) {
    std::uint32_t state = 3;
    boxes = boxes_on_a_grid(kAnchors, state);
    for (float& score : scores) {
      if (uniform(state) < candidates) score = 0.5f * uniform(state);
    }
    for (float& value : coefficients) value = 2 * uniform(state) - 1;
    for (std::size_t i = 0; i < prototypes.size(); ++i) {
      prototypes[i] = std::sin(0.01f * static_cast<float>(i % (kSide * 7)));
    }
    for (int i = 0; i < kInstances; ++i) {
      const int anchor = 400 * i + 57;
      scores[static_cast<std::size_t>(i * kAnchors + anchor)] = 0.9f;
      const float x = 25.0f * static_cast<float>(i);  // 133 x 178 pixels: 400 x 300 on 1080p
      const float box[4] = {x, x, x + 133, x + 178};
      std::copy_n(box, 4, &boxes[static_cast<std::size_t>(4 * anchor)]);
    }
  }
  PpyoloeSegOutputs outputs() const {
    return {.num_anchors = kAnchors,
            .num_classes = kClasses,
            .boxes_xyxy = boxes.data(),
            .scores = scores.data(),
            .mask_coefficients = coefficients.data(),
            .prototypes = {prototypes.data(), kPrototypes, kSide, kSide}};
  }
  ClassBoxes class_boxes() const {
    return {.num_classes = kClasses,
            .num_boxes = kAnchors,
            .boxes = boxes.data(),
            .scores = scores.data(),
            .score_class_stride = kAnchors};
  }
};

constexpr ClassNmsOptions kOptions = {
    .score_threshold = 0.01f, .nms_threshold = 0.7f, .nms_top_k = 1000, .keep_top_k = 300};

}  // namespace

int main(int argc, char** argv) {
  bench::Table table(argc, argv);
  std::uint32_t state = 1;
  NmsWorkspace workspace;
  const std::vector<float> proposals = boxes_on_a_grid(2000, state);
  std::vector<float> scores(2000);
  for (float& score : scores) score = uniform(state);
  table.row("2000 proposals, IoU 0.7, 1000 kept at most", 2000, [&] {
    bench::keep(nms({.boxes = proposals.data(), .count = 2000}, scores,
                    {.iou_threshold = 0.7f, .max_kept = 1000}, workspace));
  });

  ClassNmsWorkspace class_workspace;
  const DenseOutputs few(0.001f);
  const DenseOutputs many(1);
  ClassNmsOptions above_half = kOptions;
  above_half.score_threshold = 0.5f;
  table.row("8400 anchors x 80 classes, 20 above 0.5", kAnchors * kClasses,
            [&] { bench::keep(class_wise_nms(few.class_boxes(), above_half, class_workspace)); });
  table.row("8400 anchors x 80 classes, 0.1 % above 0.01", kAnchors * kClasses,
            [&] { bench::keep(class_wise_nms(few.class_boxes(), kOptions, class_workspace)); });
  table.row("8400 anchors x 80 classes, 98 % above 0.01", kAnchors * kClasses,
            [&] { bench::keep(class_wise_nms(many.class_boxes(), kOptions, class_workspace)); });

  const ThreadPool pool(1);
  const auto family_workspace = make_ppyoloe_seg_workspace();
  const PpyoloeSegSpec spec = {.input_height = 640, .input_width = 640, .nms = kOptions};
  const auto detect = [&](int height, int width) {
    bench::keep(detect_ppyoloe_seg(few.outputs(), spec, height, width, {.threshold = 0.5f},
                                   "PP-YOLOE_seg", pool, *family_workspace));
  };
  table.row("PP-YOLOE_seg: 20 masks of 400x300 on 1080p", kInstances, [&] { detect(1080, 1920); });
  table.row("PP-YOLOE_seg: 20 masks of 133x178 on 640x640", kInstances, [&] { detect(640, 640); });
}
