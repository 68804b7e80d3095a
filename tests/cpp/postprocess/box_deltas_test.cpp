#include "postprocess/box_deltas.h"

#include <cmath>
#include <limits>

#include "testing.h"

namespace instseg {
namespace {

using testing::Random;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(MoveBox, WithoutDeltasGivesTheBoxAgain) {
  const float deltas[] = {0, 0, 0, 0};
  const Box box{10, 20, 30, 60};
  EXPECT_TRUE((move_box(box, deltas, {.max_log_size = 4}) == box));
  EXPECT_TRUE((move_box(box, deltas, {.max_log_size = 4, .side = 1}) == box));
}

TEST(MoveBox, MovesTheCentreBySizesAndScalesTheSides) {
  // 20 x 40, centre (20, 40): by a tenth of half the size, to twice the width.
  const float deltas[] = {0.5f, -0.5f, std::log(2.0f) * 2, 0};
  const Box moved =
      move_box({10, 20, 30, 60}, deltas, {.factors = {0.1f, 0.1f, 0.5f, 1}, .max_log_size = 4});
  EXPECT_NEAR(moved.x1, 20 + 1 - 20, 1e-5);
  EXPECT_NEAR(moved.x2, 20 + 1 + 20, 1e-5);
  EXPECT_NEAR(moved.y1, 40 - 2 - 20, 1e-5);
  EXPECT_NEAR(moved.y2, 40 - 2 + 20, 1e-5);
}

TEST(MoveBox, EqualsTheFormulaInDoublePrecision) {
  Random random(/*seed=*/5);
  for (int i = 0; i < 500; ++i) {
    const float x = random.real(-50, 1300);
    const float y = random.real(-50, 800);
    const Box box{x, y, x + random.real(0, 600), y + random.real(0, 600)};
    const float deltas[] = {random.real(-3, 3), random.real(-3, 3), random.real(-20, 20),
                            random.real(-20, 20)};
    const DeltaRule rule = {.factors = {0.1f, 0.1f, 0.2f, 0.2f}, .max_log_size = 1.5f};
    const Box moved = move_box(box, deltas, rule);
    const double width = static_cast<double>(box.x2) - box.x1;
    const double height = static_cast<double>(box.y2) - box.y1;
    const double cx = box.x1 + width / 2 + 0.1 * deltas[0] * width;
    const double cy = box.y1 + height / 2 + 0.1 * deltas[1] * height;
    const double w = width * std::exp(std::min(0.2 * deltas[2], 1.5));
    const double h = height * std::exp(std::min(0.2 * deltas[3], 1.5));
    // Ten roundings of numbers below 4096.
    constexpr double kRounding = 4096 * 0x1p-24 * 10;
    EXPECT_NEAR(moved.x1, cx - w / 2, kRounding);
    EXPECT_NEAR(moved.y1, cy - h / 2, kRounding);
    EXPECT_NEAR(moved.x2, cx + w / 2, kRounding);
    EXPECT_NEAR(moved.y2, cy + h / 2, kRounding);
  }
}

TEST(MoveBox, LimitsTheGrowth) {
  const float huge[] = {0, 0, 1e30f, kInfinity};
  const Box moved = move_box({0, 0, 2, 2}, huge, {.max_log_size = std::log(8.0f)});
  EXPECT_NEAR(moved.x2 - moved.x1, 16, 1e-4);
  EXPECT_NEAR(moved.y2 - moved.y1, 16, 1e-4);
}

TEST(MoveBox, CountsTheLastPixelWhereAsked) {
  // One pixel wide and high: doubled, it is two pixels.
  const float deltas[] = {0, 0, std::log(2.0f), std::log(2.0f)};
  const Box moved = move_box({5, 5, 5, 5}, deltas, {.max_log_size = 4, .side = 1});
  EXPECT_NEAR(moved.x2 - moved.x1 + 1, 2, 1e-5);
  EXPECT_NEAR(moved.y2 - moved.y1 + 1, 2, 1e-5);
}

TEST(ClipBox, KeepsCornersInside) {
  EXPECT_TRUE((clip_box({-1, 2, 50, 99}, 40, 30) == Box{0, 2, 40, 30}));
  EXPECT_TRUE((clip_box({60, -9, 70, -3}, 40, 30) == Box{40, 0, 40, 0}));
  EXPECT_TRUE((clip_box({kNan, -kInfinity, kInfinity, kNan}, 40, 30) == Box{0, 0, 40, 0}));
}

}  // namespace
}  // namespace instseg
