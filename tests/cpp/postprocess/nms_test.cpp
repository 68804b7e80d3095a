#include "postprocess/nms.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "allocation_count.h"
#include "instseg/errors.h"
#include "testing.h"

namespace instseg {
namespace {

using testing::Random;
using Indices = std::vector<std::uint32_t>;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

struct Input {
  std::vector<float> boxes;  // [count, 4]
  std::vector<float> scores;
  BoxRows rows() const { return {.boxes = boxes.data(), .count = boxes.size() / 4}; }
};

float slow_area(const float* b, float side) {
  return b[2] < b[0] || b[3] < b[1] ? 0.0f : (b[2] - b[0] + side) * (b[3] - b[1] + side);
}

float slow_iou(const float* a, const float* b, float side) {
  if (a[0] > b[2] || a[2] < b[0] || a[1] > b[3] || a[3] < b[1]) return 0;
  const float width = std::min(a[2], b[2]) - std::max(a[0], b[0]) + side;
  const float height = std::min(a[3], b[3]) - std::max(a[1], b[1]) + side;
  return width * height / (slow_area(a, side) + slow_area(b, side) - width * height);
}

Indices slow_nms(const Input& input, const NmsOptions& options) {
  Indices order(input.scores.size());
  std::iota(order.begin(), order.end(), 0u);
  std::erase_if(order,
                [&](std::uint32_t i) { return !(input.scores[i] > options.score_threshold); });
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return input.scores[a] > input.scores[b];
  });
  if (options.max_candidates > 0) {
    order.resize(std::min(order.size(), static_cast<std::size_t>(options.max_candidates)));
  }
  Indices kept;
  float threshold = options.iou_threshold;
  for (const std::uint32_t i : order) {
    const float side = options.sides_include_end ? 1.0f : 0.0f;
    const bool stays = std::all_of(kept.begin(), kept.end(), [&](std::uint32_t k) {
      return slow_iou(&input.boxes[4 * i], &input.boxes[4 * k], side) <= threshold;
    });
    if (!stays) continue;
    kept.push_back(i);
    if (options.eta < 1 && threshold > 0.5f) threshold *= options.eta;
  }
  if (options.max_kept > 0) {
    kept.resize(std::min(kept.size(), static_cast<std::size_t>(options.max_kept)));
  }
  return kept;
}

Indices fast_nms(const Input& input, const NmsOptions& options = {}) {
  static NmsWorkspace workspace;  // reused from case to case, as in production
  const auto found = nms(input.rows(), input.scores, options, workspace);
  return {found.begin(), found.end()};
}

Input random_input(Random& random, int count, float extent) {
  Input input;
  for (int i = 0; i < count; ++i) {
    const float x = random.real(-10, extent);
    const float y = random.real(-10, extent);
    // Some without area, some turned around.
    const float width = random.integer(0, 20) == 0 ? 0 : random.real(-5, extent / 2);
    const float height = random.integer(0, 20) == 0 ? 0 : random.real(-5, extent / 2);
    input.boxes.insert(input.boxes.end(), {x, y, x + width, y + height});
    input.scores.push_back(random.real(0, 1));
  }
  return input;
}

TEST(Nms, KeepsTheBestOfBoxesThatOverlap) {
  // IoU of 0 and 1: 90 / 110; box 2 stands apart.
  const Input input{{0, 0, 10, 10, 0, 1, 10, 11, 50, 50, 60, 60}, {0.5f, 0.9f, 0.1f}};
  EXPECT_TRUE((fast_nms(input) == Indices{1, 2}));
  EXPECT_TRUE((fast_nms(input, {.iou_threshold = 0.82f}) == Indices{1, 0, 2}));
  EXPECT_TRUE((fast_nms(input, {.score_threshold = 0.1f}) == Indices{1}));
  EXPECT_TRUE((fast_nms(input, {.max_kept = 1}) == Indices{1}));
}

TEST(Nms, StaysAtExactlyTheThreshold) {
  const Input input{{0, 0, 2, 1, 1, 0, 2, 1}, {0.9f, 0.8f}};  // IoU 1 / 2
  EXPECT_TRUE((fast_nms(input, {.iou_threshold = 0.5f}) == Indices{0, 1}));
  EXPECT_TRUE((fast_nms(input, {.iou_threshold = 0.49f}) == Indices{0}));
}

TEST(Nms, TiesGoByIndex) {
  const Input input{{0, 0, 9, 9, 0, 0, 9, 9, 20, 0, 29, 9, 20, 0, 29, 9}, {0.5f, 0.5f, 0.7f, 0.7f}};
  EXPECT_TRUE((fast_nms(input) == Indices{2, 0}));
  EXPECT_TRUE((fast_nms(input, {.max_candidates = 3}) == Indices{2, 0}));
}

TEST(Nms, OfBoxesInOnePointKeepsOne) {
  EXPECT_TRUE(
      (fast_nms({std::vector<float>(4 * 50, 3), std::vector<float>(50, 0.5f)}) == Indices{0}));
}

TEST(Nms, OfNothingIsNothing) {
  EXPECT_TRUE(fast_nms({}).empty());
  EXPECT_TRUE(fast_nms({{0, 0, 1, 1}, {0.5f}}, {.score_threshold = 0.5f}).empty());
}

TEST(Nms, NeverTakesAScoreThatIsNoNumber) {
  const Input input{{0, 0, 1, 1, 5, 5, 6, 6, 9, 9, 10, 10}, {kNan, -kInfinity, kInfinity}};
  EXPECT_TRUE((fast_nms(input) == Indices{2}));
}

TEST(Nms, CountsTheLastPixelWhereAsked) {
  // Without: 1 / 3. With: (1 + 1) * (1 + 1) / (6 + 6 - 4).
  const Input input{{0, 0, 2, 1, 1, 0, 3, 1}, {0.9f, 0.8f}};
  EXPECT_TRUE((fast_nms(input, {.iou_threshold = 0.4f}) == Indices{0, 1}));
  EXPECT_TRUE((fast_nms(input, {.iou_threshold = 0.4f, .sides_include_end = true}) == Indices{0}));
}

TEST(Nms, EtaTightensTheThreshold) {
  // IoU of 0 and 1: 0.6; each kept box before costs 10 % of the threshold.
  const Input input{{0, 0, 10, 10, 0, 0, 6, 10, 50, 50, 60, 60}, {0.9f, 0.7f, 0.8f}};
  EXPECT_TRUE((fast_nms(input, {.iou_threshold = 0.7f}) == Indices{0, 2, 1}));
  EXPECT_TRUE((fast_nms(input, {.iou_threshold = 0.7f, .eta = 0.9f}) == Indices{0, 2}));
}

TEST(Nms, ReadsBoxesThatLieApart) {
  Random random(51);
  const Input input = random_input(random, 100, 50);
  std::vector<float> spread(100 * 11, kNan);
  for (std::size_t i = 0; i < 100; ++i) {
    std::copy_n(&input.boxes[4 * i], 4, &spread[11 * i + 3]);
  }
  NmsWorkspace workspace;
  const auto found =
      nms({.boxes = spread.data() + 3, .count = 100, .stride = 11}, input.scores, {}, workspace);
  EXPECT_TRUE((Indices(found.begin(), found.end()) == slow_nms(input, {})));
}

TEST(Nms, IsThatOfItsSlowTwin) {
  Random random(52);
  for (int i = 0; i < 300; ++i) {
    Input input =
        random_input(random, random.integer(0, i % 10 == 0 ? 2000 : 200), random.real(5, 300));
    if (i % 3 == 0) {  // many ties, of scores and of boxes
      for (float& score : input.scores) score = std::round(score * 8) / 8;
      for (float& value : input.boxes) value = std::round(value / 4) * 4;
    }
    NmsOptions options{.iou_threshold = random.real(0, 1)};
    if (i % 4 == 1) options.score_threshold = random.real(0, 1);
    if (i % 5 == 1) options.max_candidates = random.integer(1, 300);
    if (i % 7 == 1) options.max_kept = random.integer(1, 60);
    if (i % 11 == 1) options.eta = random.real(0.5f, 1);
    options.sides_include_end = i % 6 == 5;
    if (!EXPECT_TRUE(fast_nms(input, options) == slow_nms(input, options))) {
      testing::fail(__FILE__, __LINE__,
                    "case " + std::to_string(i) + ": " + std::to_string(input.scores.size()) +
                        " boxes, IoU " + std::to_string(options.iou_threshold));
      return;
    }
  }
}

TEST(Nms, RefusesWhatMakesNoSense) {
  const Input input{{0, 0, 1, 1}, {0.5f, 0.5f}};
  EXPECT_THROWS(InvalidArgument, "1 boxes and 2 scores", fast_nms(input));
  EXPECT_THROWS(InvalidArgument, "iou_threshold", fast_nms({}, {.iou_threshold = 1.5f}));
  EXPECT_THROWS(InvalidArgument, "eta", fast_nms({}, {.eta = 0.0f}));
  EXPECT_THROWS(InvalidArgument, "max_kept", fast_nms({}, {.max_kept = -1}));
}

TEST(Nms, AllocatesNothingOnceWarm) {
  Random random(53);
  const Input input = random_input(random, 3000, 200);
  NmsWorkspace workspace;
  nms(input.rows(), input.scores, {}, workspace);
  const long before = testing::allocation_count();
  nms(input.rows(), input.scores, {.iou_threshold = 0.4f}, workspace);
  EXPECT_EQ(testing::allocation_count() - before, 0L);
}

}  // namespace
}  // namespace instseg
