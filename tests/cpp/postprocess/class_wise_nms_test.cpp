#include "postprocess/class_wise_nms.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "allocation_count.h"
#include "instseg/errors.h"
#include "testing.h"

namespace instseg {
namespace {

using testing::Random;
using Detections = std::vector<ClassDetection>;

// Scores [K, M]; boxes [M, 4], or [K, M, 4] where classes have their own.
struct Input {
  int num_classes = 0;
  std::size_t num_boxes = 0;
  bool own_boxes = false;
  std::vector<float> boxes;
  std::vector<float> scores;

  ClassBoxes view() const {
    const auto count = static_cast<std::ptrdiff_t>(num_boxes);
    return {.num_classes = num_classes,
            .num_boxes = num_boxes,
            .boxes = boxes.data(),
            .box_class_stride = own_boxes ? 4 * count : 0,
            .scores = scores.data(),
            .score_class_stride = count};
  }
};

Input random_input(Random& random, int num_classes, int num_boxes, bool own_boxes) {
  Input input{num_classes, static_cast<std::size_t>(num_boxes), own_boxes, {}, {}};
  for (int i = 0; i < (own_boxes ? num_classes : 1) * num_boxes; ++i) {
    const float x = random.real(0, 100);
    const float y = random.real(0, 100);
    input.boxes.insert(input.boxes.end(), {x, y, x + random.real(1, 50), y + random.real(1, 50)});
  }
  for (int i = 0; i < num_classes * num_boxes; ++i) {
    input.scores.push_back(std::round(random.real(0, 1) * 50) / 50);  // ties across classes too
  }
  return input;
}

// As multiclass_nms3 does it: classes one after the other, a stable sort of all at the end.
Detections slow(const Input& input, const ClassNmsOptions& options) {
  NmsWorkspace workspace;
  Detections all;
  for (int c = 0; c < input.num_classes; ++c) {
    if (c == options.background_label) continue;
    const float* const scores = &input.scores[static_cast<std::size_t>(c) * input.num_boxes];
    const float* const boxes =
        &input.boxes[input.own_boxes ? static_cast<std::size_t>(c) * input.num_boxes * 4 : 0];
    for (const std::uint32_t i :
         nms({.boxes = boxes, .count = input.num_boxes}, {scores, input.num_boxes},
             {.iou_threshold = options.nms_threshold,
              .score_threshold = options.score_threshold,
              .max_candidates = std::max(options.nms_top_k, 0),
              .eta = options.nms_eta,
              .sides_include_end = !options.normalized},
             workspace)) {
      all.push_back({scores[i], c, i});
    }
  }
  std::stable_sort(all.begin(), all.end(), [](const ClassDetection& a, const ClassDetection& b) {
    return a.score > b.score;
  });
  if (options.keep_top_k > 0) {
    all.resize(std::min(all.size(), static_cast<std::size_t>(options.keep_top_k)));
  }
  return all;
}

Detections fast(const ClassBoxes& input, const ClassNmsOptions& options) {
  static ClassNmsWorkspace workspace;
  const auto found = class_wise_nms(input, options, workspace);
  return {found.begin(), found.end()};
}

TEST(ClassWiseNms, LeavesOtherClassesAlone) {
  const Input input{2, 2, false, {0, 0, 9, 9, 0, 0, 9, 9}, {0.9f, 0.8f, 0.3f, 0.7f}};
  EXPECT_TRUE((fast(input.view(), {}) == Detections{{0.9f, 0, 0}, {0.7f, 1, 1}}));
  EXPECT_TRUE((fast(input.view(), {.keep_top_k = 1}) == Detections{{0.9f, 0, 0}}));
  EXPECT_TRUE((fast(input.view(), {.background_label = 0}) == Detections{{0.7f, 1, 1}}));
  EXPECT_TRUE((fast(input.view(), {.score_threshold = 0.7f}) == Detections{{0.9f, 0, 0}}));
}

TEST(ClassWiseNms, TiesGoByClassThenByIndex) {
  const Input input{2, 2, false, {0, 0, 9, 9, 20, 0, 29, 9}, {0.5f, 0.5f, 0.5f, 0.5f}};
  EXPECT_TRUE((fast(input.view(), {.keep_top_k = 3}) ==
               Detections{{0.5f, 0, 0}, {0.5f, 0, 1}, {0.5f, 1, 0}}));
}

TEST(ClassWiseNms, IsThatOfItsSlowTwin) {
  Random random(61);
  for (int i = 0; i < 100; ++i) {
    const Input input =
        random_input(random, random.integer(1, 12), random.integer(1, 150), i % 3 == 0);
    ClassNmsOptions options{.score_threshold = random.real(0, 0.8f),
                            .nms_threshold = random.real(0, 1)};
    if (i % 2 == 0) options.nms_top_k = random.integer(1, 60);
    if (i % 5 != 0) options.keep_top_k = random.integer(1, 100);
    if (i % 7 == 0) options.background_label = random.integer(0, 11);
    if (i % 11 == 0) options.nms_eta = 0.9f;
    options.normalized = i % 4 != 0;
    if (!EXPECT_TRUE(fast(input.view(), options) == slow(input, options))) {
      testing::fail(__FILE__, __LINE__, "case " + std::to_string(i));
      return;
    }
  }
}

TEST(ClassWiseNms, ReadsScoresThatLieApart) {
  Random random(62);
  const Input input = random_input(random, 5, 80, false);
  std::vector<float> transposed(input.scores.size());  // [M, K]
  for (std::size_t c = 0; c < 5; ++c) {
    for (std::size_t i = 0; i < 80; ++i) transposed[i * 5 + c] = input.scores[c * 80 + i];
  }
  ClassBoxes view = input.view();
  view.scores = transposed.data();
  view.score_stride = 5;
  view.score_class_stride = 1;
  EXPECT_TRUE(fast(view, {}) == slow(input, {}));
}

TEST(ClassWiseNms, AHigherThresholdOnlyCutsTheEnd) {
  Random random(63);
  for (int i = 0; i < 20; ++i) {
    const Input input = random_input(random, 6, 200, false);
    const ClassNmsOptions low{
        .score_threshold = 0.01f, .nms_eta = 0.95f, .nms_top_k = 60, .keep_top_k = 150};
    ClassNmsOptions high = low;
    high.score_threshold = random.real(0.1f, 1);
    Detections expected = fast(input.view(), low);
    std::erase_if(expected,
                  [&](const ClassDetection& d) { return !(d.score > high.score_threshold); });
    EXPECT_TRUE(fast(input.view(), high) == expected);
  }
}

TEST(ClassWiseNms, RefusesALimitOfNothing) {
  EXPECT_THROWS(InvalidArgument, "keep_top_k", fast({}, {.keep_top_k = 0}));
  EXPECT_THROWS(InvalidArgument, "nms_top_k", fast({}, {.nms_top_k = -2}));
}

TEST(ClassWiseNms, AllocatesNothingOnceWarm) {
  Random random(64);
  const Input input = random_input(random, 10, 500, false);
  ClassNmsWorkspace workspace;
  class_wise_nms(input.view(), {}, workspace);
  const long before = testing::allocation_count();
  class_wise_nms(input.view(), {.nms_threshold = 0.4f}, workspace);
  EXPECT_EQ(testing::allocation_count() - before, 0L);
}

}  // namespace
}  // namespace instseg
