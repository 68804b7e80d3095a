#include "families/ppyoloe_seg.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "families/instance_selection.h"
#include "instseg/errors.h"
#include "postprocess/cropped_mask.h"
#include "testing.h"

namespace instseg {
namespace {

using testing::Random;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Network {
  int anchors = 0;
  int classes = 0;
  int num_prototypes = 8;
  int side = 16;  // of the prototypes
  PpyoloeSegSpec spec{.input_height = 64,
                      .input_width = 96,
                      .nms = {.score_threshold = 0.01f, .nms_threshold = 0.6f, .keep_top_k = 50}};
  std::vector<float> boxes;         // [A, 4]
  std::vector<float> scores;        // [K, A]
  std::vector<float> coefficients;  // [P, A]
  std::vector<float> prototypes;    // [P, side, side]

  PpyoloeSegOutputs outputs() const {
    return {.num_anchors = anchors,
            .num_classes = classes,
            .boxes_xyxy = boxes.data(),
            .scores = scores.data(),
            .mask_coefficients = coefficients.data(),
            .prototypes = {prototypes.data(), num_prototypes, side, side}};
  }
  Result detect(int height, int width, const Selection& selection, int threads = 1) const {
    const ThreadPool pool(threads);
    const auto workspace = make_ppyoloe_seg_workspace();
    return detect_ppyoloe_seg(outputs(), spec, height, width, selection, "the model", pool,
                              *workspace);
  }
};

Network random_network(Random& random, int anchors, int classes) {
  Network n{.anchors = anchors,
            .classes = classes,
            .boxes = {},
            .scores = {},
            .coefficients = {},
            .prototypes = {}};
  for (int i = 0; i < anchors; ++i) {
    const float x = random.real(-20, 100);
    const float y = random.real(-20, 70);
    // Some turned around, some without area.
    n.boxes.insert(n.boxes.end(), {x, y, x + random.real(-5, 60),
                                   random.integer(0, 9) == 0 ? y : y + random.real(-5, 40)});
  }
  for (int i = 0; i < anchors * classes; ++i) {
    n.scores.push_back(static_cast<float>(random.integer(0, 40)) / 40);  // ties
  }
  for (int i = 0; i < anchors * n.num_prototypes; ++i) {
    n.coefficients.push_back(random.real(-2, 2));
  }
  for (int i = 0; i < n.num_prototypes * n.side * n.side; ++i) {
    n.prototypes.push_back(random.real(-2, 2));
  }
  return n;
}

// Step after step, on what NMS keeps at the program's own score threshold.
Result slow_detect(const Network& n, int height, int width, const Selection& selection) {
  ClassNmsWorkspace nms;
  const auto candidates = class_wise_nms({.num_classes = n.classes,
                                          .num_boxes = static_cast<std::size_t>(n.anchors),
                                          .boxes = n.boxes.data(),
                                          .scores = n.scores.data(),
                                          .score_class_stride = n.anchors},
                                         n.spec.nms, nms);
  Result result{.image_height = height,
                .image_width = width,
                .boxes = {},
                .scores = {},
                .class_ids = {},
                .masks = {},
                .timings = {}};
  const float scale_y = static_cast<float>(static_cast<double>(n.spec.input_height) / height);
  const float scale_x = static_cast<float>(static_cast<double>(n.spec.input_width) / width);
  for (const ClassDetection& c : candidates) {
    const bool full =
        selection.max_detections > 0 && static_cast<int>(result.size()) == selection.max_detections;
    if (!(c.score > selection.threshold) || full) continue;
    if (selection.class_ids && std::ranges::count(*selection.class_ids, c.class_id) == 0) continue;
    const float* const b = &n.boxes[std::size_t{4} * c.box];
    const Box box =
        clipped({b[0] / scale_x, b[1] / scale_y, b[2] / scale_x, b[3] / scale_y}, height, width);
    if (!(box.x1 < box.x2 && box.y1 < box.y2)) continue;
    std::vector<float> coefficients;
    for (int p = 0; p < n.num_prototypes; ++p) {
      coefficients.push_back(n.coefficients[static_cast<std::size_t>(p * n.anchors) + c.box]);
    }
    const Region region =
        selection.clip_masks ? rounded_region(box, height, width) : Region{0, 0, width, height};
    CroppedMaskWorkspace drawing;
    result.boxes.push_back(box);
    result.scores.push_back(c.score);
    result.class_ids.push_back(c.class_id);
    result.masks.push_back(
        render_cropped_mask(n.outputs().prototypes, coefficients.data(), {b[0], b[1], b[2], b[3]},
                            {n.spec.input_height, n.spec.input_width, height, width}, region,
                            n.spec.mask_threshold, drawing));
  }
  return result;
}

// Boxes, scores, classes and the foreground of masks; regions may differ.
bool same_instances(const Result& a, const Result& b) {
  if (a.boxes != b.boxes || a.scores != b.scores || a.class_ids != b.class_ids) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a.masks[i].rle() != b.masks[i].rle()) return false;
  }
  return a.masks.size() == b.masks.size();
}

TEST(PpyoloeSeg, IsItsSlowTwinForAnyNumberOfThreads) {
  Random random(81);
  for (int i = 0; i < 60; ++i) {
    Network n = random_network(random, random.integer(1, 120), random.integer(1, 6));
    if (i % 4 == 0) n.spec.nms.keep_top_k = random.integer(1, 20);
    if (i % 5 == 0) n.spec.nms.nms_top_k = random.integer(1, 20);
    const int height = random.integer(1, 150);
    const int width = random.integer(1, 150);
    const std::vector<int> ids = {0, 3};
    Selection selection{.threshold = random.real(0, 1), .clip_masks = i % 2 == 0};
    if (i % 3 == 0) selection.max_detections = random.integer(1, 10);
    if (i % 7 == 0) selection.class_ids = ids;
    const Result one = n.detect(height, width, selection);
    EXPECT_TRUE(same_instances(one, slow_detect(n, height, width, selection)));
    const Result four = n.detect(height, width, selection, 4);
    EXPECT_TRUE(one.boxes == four.boxes && one.scores == four.scores &&
                one.class_ids == four.class_ids && one.masks == four.masks);
  }
}

TEST(PpyoloeSeg, AWorkspaceCarriesNothingOver) {
  Random random(82);
  const auto workspace = make_ppyoloe_seg_workspace();
  const ThreadPool pool(2);
  const Selection selection{.threshold = 0.3f};
  for (const auto& [height, width] : {std::pair{90, 70}, {3, 200}, {150, 150}, {1, 1}}) {
    const Network n = random_network(random, 80, 4);
    const Result reused = detect_ppyoloe_seg(n.outputs(), n.spec, height, width, selection,
                                             "the model", pool, *workspace);
    EXPECT_TRUE(same_instances(reused, n.detect(height, width, selection)));
  }
}

TEST(PpyoloeSeg, TiesGoByClassThenByAnchor) {
  Random random(83);
  Network n = random_network(random, 2, 2);
  n.boxes = {5, 5, 20, 20, 50, 30, 80, 60};
  n.scores = {0.5f, 0.75f, 0.75f, 0.5f};
  const Result result = n.detect(64, 96, {.threshold = 0.1f});
  EXPECT_TRUE((result.class_ids == std::vector<std::int32_t>{0, 1, 0, 1}));
  EXPECT_TRUE((result.boxes[0] == Box{50, 30, 80, 60}));
  EXPECT_TRUE((result.boxes[1] == Box{5, 5, 20, 20}));
}

TEST(PpyoloeSeg, FindsNothingWhereNothingIsAboveTheThresholds) {
  Random random(84);
  Network n = random_network(random, 30, 3);
  EXPECT_EQ(n.detect(50, 50, {.threshold = 1.0f}).size(), 0u);
  std::fill(n.scores.begin(), n.scores.end(), 0.005f);  // below the program's own threshold
  const Result result = n.detect(50, 40, {.threshold = 0});
  EXPECT_EQ(result.size(), 0u);
  EXPECT_EQ(result.image_height, 50);
  EXPECT_EQ(result.image_width, 40);
}

TEST(PpyoloeSeg, DropsBoxesOutsideTheImage) {
  Random random(85);
  Network n = random_network(random, 4, 1);
  n.boxes = {-30, 5, -3, 20, 5, 70, 20, 90, 200, 5, 300, 20, -10, -10, 5, 5};
  n.scores = {0.9f, 0.9f, 0.9f, 0.5f};
  const Result result = n.detect(64, 96, {.threshold = 0.1f});
  ASSERT_EQ(result.size(), 1u);
  EXPECT_TRUE((result.boxes[0] == Box{0, 0, 5, 5}));
  EXPECT_EQ(result.masks.size(), 1u);
}

TEST(PpyoloeSeg, OfBoxesInOnePointFindsNothing) {
  Random random(86);
  Network n = random_network(random, 50, 2);
  std::fill(n.boxes.begin(), n.boxes.end(), 7.0f);
  EXPECT_EQ(n.detect(64, 96, {.threshold = 0}).size(), 0u);
}

TEST(PpyoloeSeg, TakesThinImages) {
  Random random(87);
  const Network n = random_network(random, 60, 3);
  for (const auto& [height, width] : {std::pair{1, 1}, {1, 4000}, {4000, 1}}) {
    for (const bool clip : {true, false}) {
      const Selection selection{.threshold = 0.2f, .clip_masks = clip};
      const Result result = n.detect(height, width, selection);
      EXPECT_TRUE(result.size() > 0);
      EXPECT_TRUE(same_instances(result, slow_detect(n, height, width, selection)));
      for (const Mask& mask : result.masks) EXPECT_EQ(mask.image_width(), width);
    }
  }
}

TEST(PpyoloeSeg, RefusesWhatIsNotFinite) {
  Random random(88);
  for (const float bad : {kNan, kInfinity, -kInfinity}) {
    const Network good = random_network(random, 40, 3);
    const Selection selection{.threshold = 0.1f};
    Network n = good;
    n.boxes[17] = bad;
    EXPECT_THROWS(EngineError, "boxes_xyxy", n.detect(50, 50, selection));
    n = good;
    n.scores[101] = bad;
    EXPECT_THROWS(EngineError, "class_scores", n.detect(50, 50, selection, 3));
    n = good;
    n.coefficients[5] = bad;
    EXPECT_THROWS(EngineError, "mask_coefficients", n.detect(50, 50, selection));
    n = good;
    n.prototypes[999] = bad;
    EXPECT_THROWS(EngineError, "the model gave", n.detect(50, 50, selection, 3));
  }
}

}  // namespace
}  // namespace instseg
