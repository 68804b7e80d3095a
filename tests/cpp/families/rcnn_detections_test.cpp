#include "families/rcnn_detections.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

#include "postprocess/box_deltas.h"
#include "testing.h"

namespace instseg {
namespace {

using testing::Random;

constexpr int kClasses = 5;
constexpr float kHeight = 300;
constexpr float kWidth = 400;
constexpr BoxStageSpec kStage = {.delta_factors = {0.1f, 0.1f, 0.2f, 0.2f}, .max_log_size = 4};

struct Input {
  std::vector<Box> boxes;
  std::vector<float> scores;  // [R, K + 1]
  std::vector<float> deltas;  // [R, 4] or [R, 4 * K]
  bool per_class;

  RcnnScores view() const {
    return {.num_classes = kClasses,
            .boxes = boxes,
            .scores = scores.data(),
            .deltas = deltas.data(),
            .deltas_per_class = per_class};
  }
};

Input random_input(Random& random, int count, bool per_class) {
  Input input{.per_class = per_class};
  for (int i = 0; i < count; ++i) {
    const float x = random.real(0, kWidth);
    const float y = random.real(0, kHeight);
    input.boxes.push_back({x, y, x + random.real(0, 150), y + random.real(0, 150)});
    for (int c = 0; c <= kClasses; ++c) input.scores.push_back(random.real(0, 1));
    for (int k = 0; k < (per_class ? 4 * kClasses : 4); ++k) {
      input.deltas.push_back(random.real(-3, 3));
    }
  }
  return input;
}

float area(const Box& box) { return (box.x2 - box.x1) * (box.y2 - box.y1); }

bool overlap(const Box& a, const Box& b, float threshold) {
  if (a.x1 > b.x2 || a.x2 < b.x1 || a.y1 > b.y2 || a.y2 < b.y1) return false;
  const float width = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  const float height = std::min(a.y2, b.y2) - std::max(a.y1, b.y1);
  return !(width * height / (area(a) + area(b) - width * height) <= threshold);
}

// multiclass_nms3 by its definition, on the moved boxes.
std::vector<RcnnDetection> slow(const Input& input, const ClassNmsOptions& nms) {
  std::vector<RcnnDetection> all;
  for (int c = 0; c < kClasses; ++c) {
    if (c == nms.background_label) continue;
    std::vector<RcnnDetection> candidates;
    for (std::size_t i = 0; i < input.boxes.size(); ++i) {
      const float score = input.scores[i * (kClasses + 1) + static_cast<std::size_t>(c)];
      if (!(score > nms.score_threshold)) continue;
      const std::size_t row = input.per_class ? i * kClasses + static_cast<std::size_t>(c) : i;
      const DeltaRule rule = {.factors = kStage.delta_factors, .max_log_size = kStage.max_log_size};
      const Box moved = move_box(input.boxes[i], &input.deltas[4 * row], rule);
      candidates.push_back({clip_box(moved, kWidth, kHeight), score, c});
    }
    const auto better = [](const RcnnDetection& a, const RcnnDetection& b) {
      return a.score > b.score;
    };
    std::stable_sort(candidates.begin(), candidates.end(), better);
    std::vector<RcnnDetection> kept;
    for (const RcnnDetection& candidate : candidates) {
      const bool stays = std::none_of(kept.begin(), kept.end(), [&](const RcnnDetection& other) {
        return overlap(candidate.box, other.box, nms.nms_threshold);
      });
      if (stays) kept.push_back(candidate);
    }
    all.insert(all.end(), kept.begin(), kept.end());
  }
  std::stable_sort(all.begin(), all.end(), [](const RcnnDetection& a, const RcnnDetection& b) {
    return a.score > b.score;
  });
  if (nms.keep_top_k > 0 && all.size() > static_cast<std::size_t>(nms.keep_top_k)) {
    all.resize(static_cast<std::size_t>(nms.keep_top_k));
  }
  return all;
}

std::vector<RcnnDetection> fast(const Input& input, const ClassNmsOptions& nms,
                                float threshold = 0) {
  static RcnnDetectionWorkspace workspace;  // reused from case to case, as in production
  const auto found = detect_boxes(input.view(), kStage, nms, threshold, kHeight, kWidth, workspace);
  return {found.begin(), found.end()};
}

bool equal(const std::vector<RcnnDetection>& a, const std::vector<RcnnDetection>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const RcnnDetection& x, const RcnnDetection& y) {
                      return x.box == y.box && x.score == y.score && x.class_id == y.class_id;
                    });
}

TEST(DetectBoxes, EqualsTheDefinition) {
  Random random(/*seed=*/41);
  for (int i = 0; i < 100; ++i) {
    const Input input = random_input(random, random.integer(1, 120), random.integer(0, 1) == 1);
    const ClassNmsOptions nms = {.score_threshold = random.real(0, 0.9f),
                                 .nms_threshold = random.real(0.2f, 0.8f),
                                 .keep_top_k = random.integer(0, 1) == 0 ? -1 : 20,
                                 .background_label = random.integer(-1, kClasses)};
    const std::vector<RcnnDetection> found = fast(input, nms);
    ASSERT_TRUE(equal(found, slow(input, nms)));
  }
}

TEST(DetectBoxes, HigherThresholdTakesTheFirstOfThem) {
  Random random(/*seed=*/42);
  const Input input = random_input(random, 200, true);
  const ClassNmsOptions nms = {.score_threshold = 0.05f, .nms_threshold = 0.5f, .keep_top_k = 100};
  const std::vector<RcnnDetection> all = fast(input, nms);
  for (const float threshold : {0.0f, 0.05f, 0.5f, 0.9f, 0.999f, 1.0f}) {
    std::vector<RcnnDetection> expected = all;
    std::erase_if(expected, [&](const RcnnDetection& found) { return !(found.score > threshold); });
    EXPECT_TRUE(equal(fast(input, nms, threshold), expected));
  }
}

TEST(DetectBoxes, PutsEqualScoresInTheOrderOfClassesThenBoxes) {
  Random random(/*seed=*/43);
  Input input = random_input(random, 60, true);
  for (float& score : input.scores) score = static_cast<float>(random.integer(1, 2)) / 4;
  const ClassNmsOptions nms = {.score_threshold = 0.05f, .nms_threshold = 0.5f, .keep_top_k = 40};
  ASSERT_TRUE(equal(fast(input, nms), slow(input, nms)));
}

TEST(DetectBoxes, WithoutAnyScoreFindsNothing) {
  Random random(/*seed=*/44);
  Input input = random_input(random, 30, false);
  const ClassNmsOptions nms = {.score_threshold = 0.05f, .nms_threshold = 0.5f};
  for (float& score : input.scores) score = 0.05f;
  EXPECT_TRUE(fast(input, nms).empty());
  EXPECT_TRUE(fast({.per_class = false}, nms).empty());  // no box at all
}

TEST(DetectBoxes, OfBoxesInOnePointKeepsOnePerClass) {
  Input input{.per_class = false};
  for (int i = 0; i < 20; ++i) {
    input.boxes.push_back({50, 60, 50, 60});
    for (int c = 0; c <= kClasses; ++c) input.scores.push_back(0.5f);
    for (int k = 0; k < 4; ++k) input.deltas.push_back(0);
  }
  const ClassNmsOptions nms = {.score_threshold = 0.05f, .nms_threshold = 0.5f};
  const std::vector<RcnnDetection> found = fast(input, nms);
  EXPECT_EQ(found.size(), static_cast<std::size_t>(kClasses));
  for (const RcnnDetection& one : found) EXPECT_TRUE((one.box == Box{50, 60, 50, 60}));
}

TEST(DetectBoxes, ClipsBoxesOutsideOfTheImage) {
  Input input{.boxes = {{500, 400, 600, 500}}, .per_class = false};
  input.scores.assign(kClasses + 1, 0.9f);
  input.deltas.assign(4, 0);
  const ClassNmsOptions nms = {.score_threshold = 0.05f, .nms_threshold = 0.5f};
  EXPECT_TRUE((fast(input, nms).at(0).box == Box{kWidth, kHeight, kWidth, kHeight}));
}

}  // namespace
}  // namespace instseg
