#include "postprocess/roi_level.h"

#include <cmath>
#include <limits>

#include "testing.h"

namespace instseg {
namespace {

using testing::Random;

constexpr LevelSpec kSpec = {
    .min_level = 2, .max_level = 5, .refer_level = 4, .refer_scale = 224, .pixel_offset = false};

int level_of_size(float size) { return roi_level({10, 10, 10 + size, 10 + size}, kSpec); }

TEST(RoiLevel, DoublesTheSizeFromLevelToLevel) {
  EXPECT_EQ(level_of_size(1), 0);
  EXPECT_EQ(level_of_size(111), 0);
  EXPECT_EQ(level_of_size(113), 1);
  EXPECT_EQ(level_of_size(223), 1);
  EXPECT_EQ(level_of_size(225), 2);
  EXPECT_EQ(level_of_size(447), 2);
  EXPECT_EQ(level_of_size(449), 3);
  EXPECT_EQ(level_of_size(5000), 3);
}

TEST(RoiLevel, PutsExactSizesUp) {
  // The 1e-6 of the formula: 224 pixels are the reference level, not one below.
  EXPECT_EQ(level_of_size(112), 1);
  EXPECT_EQ(level_of_size(224), 2);
  EXPECT_EQ(level_of_size(448), 3);
}

TEST(RoiLevel, TakesTheAreaNotASide) {
  EXPECT_EQ(roi_level({0, 0, 1792, 28}, kSpec), 2);  // as 224 x 224
  EXPECT_EQ(roi_level({0, 0, 4000, 1}, kSpec), 0);
}

TEST(RoiLevel, OfABoxWithoutAreaIsTheLowest) {
  EXPECT_EQ(roi_level({5, 5, 5, 5}, kSpec), 0);
  EXPECT_EQ(roi_level({900, 900, 5, 5}, kSpec), 0);  // turned around
  EXPECT_EQ(roi_level({900, 0, 5, 900}, kSpec), 0);
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(roi_level({nan, 0, 5, 900}, kSpec), 0);
}

TEST(RoiLevel, CountsTheLastPixelWhereAsked) {
  LevelSpec spec = kSpec;
  spec.pixel_offset = true;
  EXPECT_EQ(roi_level({0, 0, 223, 223}, spec), 2);
  EXPECT_EQ(roi_level({0, 0, 222.9f, 222.9f}, spec), 1);
}

TEST(RoiLevel, EqualsTheFormulaInDoublePrecision) {
  Random random(/*seed=*/3);
  for (int i = 0; i < 2000; ++i) {
    const Box box{0, 0, random.real(0, 1500), random.real(0, 1000)};
    const double size = std::sqrt(static_cast<double>(box.x2) * box.y2);
    const double exact = std::log2(size / 224 + 1e-6) + 4;
    if (std::abs(exact - std::round(exact)) < 1e-5) continue;  // rounding decides
    const int expected = std::clamp(static_cast<int>(std::floor(exact)), 2, 5) - 2;
    ASSERT_EQ(roi_level(box, kSpec), expected);
  }
}

}  // namespace
}  // namespace instseg
