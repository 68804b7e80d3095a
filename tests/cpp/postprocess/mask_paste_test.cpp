#include "postprocess/mask_paste.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "allocation_count.h"
#include "instseg/errors.h"
#include "testing.h"

namespace instseg {
namespace {

using testing::Random;

std::vector<float> random_probabilities(Random& random, int side) {
  std::vector<float> probabilities;
  for (int i = 0; i < side * side; ++i) probabilities.push_back(random.real(0, 1));
  return probabilities;
}

Region whole(int height, int width) { return {.x = 0, .y = 0, .width = width, .height = height}; }

Mask fast(const std::vector<float>& probabilities, int side, const Box& box, int height, int width,
          const Region& region, float threshold = 0.5f) {
  static MaskPasteWorkspace workspace;  // reused from case to case, as in production
  return paste_mask(probabilities, side, box, height, width, region, threshold, workspace);
}

// The probability at the centre of a pixel, by the definition of grid_sample.
double slow_probability(const std::vector<float>& probabilities, int side, const Box& box, int y,
                        int x) {
  const auto position = [&](int pixel, float low, float high) {
    const double grid =
        (pixel + 0.5 - low) / (static_cast<double>(high) - low) * 2 - 1;  // -1 .. 1 in the box
    return ((grid + 1) * side - 1) / 2;
  };
  const double px = position(x, box.x1, box.x2);
  const double py = position(y, box.y1, box.y2);
  const auto at = [&](double row, double column) -> double {
    if (row < 0 || column < 0 || row >= side || column >= side) return 0;
    return probabilities[static_cast<std::size_t>(row * side + column)];
  };
  const double x0 = std::floor(px);
  const double y0 = std::floor(py);
  const double fx = px - x0;
  const double fy = py - y0;
  return (1 - fy) * ((1 - fx) * at(y0, x0) + fx * at(y0, x0 + 1)) +
         fy * ((1 - fx) * at(y0 + 1, x0) + fx * at(y0 + 1, x0 + 1));
}

bool pixel(const Mask& mask, int y, int x) {
  const Region& region = mask.region();
  const int row = y - region.y;
  const int column = x - region.x;
  if (row < 0 || column < 0 || row >= region.height || column >= region.width) return false;
  return (mask.row(row)[static_cast<std::size_t>(column / 64)] >> (column % 64) & 1) != 0;
}

// Compares every pixel of the image, but those that rounding decides.
bool expect_equal(const Mask& mask, const std::vector<float>& probabilities, int side,
                  const Box& box, int height, int width, const Region& region,
                  float threshold = 0.5f) {
  // A position is off by up to some roundings of numbers as large as the image over the length of
  // a mask pixel; probabilities of neighbours differ by up to 1.
  const double tolerance =
      4e-7 * (2 + side * std::max(width / (box.x2 - box.x1), height / (box.y2 - box.y1)));
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const bool inside = y >= region.y && x >= region.x && y < region.y + region.height &&
                          x < region.x + region.width;
      const double probability = slow_probability(probabilities, side, box, y, x);
      if (inside && std::abs(probability - threshold) < tolerance) continue;
      if (pixel(mask, y, x) != (inside && probability >= threshold)) {
        return EXPECT_EQ(std::pair(y, x), std::pair(-1, -1));
      }
    }
  }
  return true;
}

TEST(PasteMask, EqualsTheDefinition) {
  Random random(/*seed=*/7);
  for (int i = 0; i < 200; ++i) {
    const int side = random.integer(0, 2) == 0 ? 28 : random.integer(1, 15);
    const std::vector<float> probabilities = random_probabilities(random, side);
    const int height = random.integer(1, 60);
    const int width = random.integer(1, 200);
    // Boxes inside, across the edges of, and outside of the image; some far below one pixel.
    const float x1 = random.real(-40, static_cast<float>(width) + 10);
    const float y1 = random.real(-40, static_cast<float>(height) + 10);
    const float reach = random.integer(0, 3) == 0 ? 1.0f : 150.0f;
    const Box box{x1, y1, x1 + random.real(0.01f, reach), y1 + random.real(0.01f, reach)};
    const int x = random.integer(0, width - 1);
    const int y = random.integer(0, height - 1);
    const Region region{x, y, random.integer(0, width - x), random.integer(0, height - y)};
    const float threshold = random.real(0.05f, 0.95f);
    const Mask mask = fast(probabilities, side, box, height, width, region, threshold);
    ASSERT_TRUE(mask.region() == region);
    ASSERT_TRUE(expect_equal(mask, probabilities, side, box, height, width, region, threshold));
  }
}

TEST(PasteMask, ReachesAllPixelsThatItCanSet) {
  Random random(/*seed=*/8);
  for (int i = 0; i < 100; ++i) {
    const int side = random.integer(1, 15);
    const std::vector<float> probabilities(static_cast<std::size_t>(side * side), 1.0f);
    const float x1 = random.real(-20, 60);
    const float y1 = random.real(-20, 60);
    const Box box{x1, y1, x1 + random.real(0.01f, 50), y1 + random.real(0.01f, 50)};
    const Region reach = paste_reach(side, box, 50, 70);
    const Mask part = fast(probabilities, side, box, 50, 70, reach, 1e-6f);
    const Mask all = fast(probabilities, side, box, 50, 70, whole(50, 70), 1e-6f);
    ASSERT_EQ(part.area(), all.area());
  }
}

TEST(PasteMask, CountsTheThresholdItself) {
  // All probabilities 0.5: foreground in the box, but for the outermost half mask pixels, where
  // the zeros around it take part.
  const std::vector<float> half(4, 0.5f);
  const Mask mask = fast(half, 2, {0, 0, 8, 8}, 8, 8, whole(8, 8));
  EXPECT_TRUE(!pixel(mask, 0, 0));
  EXPECT_TRUE(!pixel(mask, 1, 4));
  EXPECT_TRUE(pixel(mask, 4, 4));
  const std::vector<float> ones(4, 1.0f);
  EXPECT_EQ(fast(ones, 2, {2, 2, 10, 10}, 12, 12, whole(12, 12)).area(), 60);  // corners are 9/16
}

TEST(PasteMask, FillsTheBoxWithOnes) {
  const std::vector<float> ones(28 * 28, 1.0f);
  const Mask mask = fast(ones, 28, {10, 20, 110, 80}, 100, 150, whole(100, 150));
  // Half a mask pixel (1.8 x 1.1 pixels) at each side fades from 1 to 1/2; only corners fall below.
  for (int y = 22; y < 78; ++y) {
    for (int x = 12; x < 108; ++x) ASSERT_TRUE(pixel(mask, y, x));
  }
  EXPECT_TRUE(!pixel(mask, 19, 50) && !pixel(mask, 80, 50));
  EXPECT_TRUE(!pixel(mask, 50, 9) && !pixel(mask, 50, 110));
}

TEST(PasteMask, WorksOnTheSmallestAndOnLongImages) {
  Random random(/*seed=*/9);
  const std::vector<float> probabilities = random_probabilities(random, 28);
  for (const auto& [height, width] : {std::pair{1, 1}, {1, 4000}, {4000, 1}}) {
    const Box box{0, 0, static_cast<float>(width), static_cast<float>(height)};
    const Region region = whole(height, width);
    ASSERT_TRUE(expect_equal(fast(probabilities, 28, box, height, width, region), probabilities, 28,
                             box, height, width, region));
  }
}

TEST(PasteMask, OfNothingIsNothing) {
  const std::vector<float> ones(4, 1.0f);
  EXPECT_EQ(fast(ones, 2, {2, 2, 6, 6}, 8, 8, {3, 3, 0, 4}).area(), 0);
  EXPECT_EQ(fast(ones, 2, {100, 100, 160, 160}, 8, 8, whole(8, 8)).area(), 0);  // outside
  const std::vector<float> nan(4, std::numeric_limits<float>::quiet_NaN());
  EXPECT_EQ(fast(nan, 2, {0, 0, 8, 8}, 8, 8, whole(8, 8)).area(), 0);
}

TEST(PasteMask, AllocatesOnlyTheMaskOnceItHasSeenTheSize) {
  Random random(/*seed=*/10);
  const std::vector<float> probabilities = random_probabilities(random, 28);
  MaskPasteWorkspace workspace;
  const auto paste = [&] {
    return paste_mask(probabilities, 28, {10, 10, 90, 70}, 100, 100, whole(100, 100), 0.5f,
                      workspace);
  };
  paste();
  const long before = testing::allocation_count();
  paste();
  EXPECT_EQ(testing::allocation_count(), before + 1);
}

TEST(PasteMask, RefusesWhatDoesNotFit) {
  const std::vector<float> three(3);
  const std::vector<float> four(4);
  const Region region = whole(8, 8);
  EXPECT_THROWS(InvalidArgument, "3 probabilities are not 2 x 2",
                fast(three, 2, {0, 0, 8, 8}, 8, 8, region));
  EXPECT_THROWS(InvalidArgument, "is empty", fast(four, 2, {4, 0, 4, 8}, 8, 8, region));
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THROWS(InvalidArgument, "is empty", fast(four, 2, {nan, 0, 4, 8}, 8, 8, region));
  EXPECT_THROWS(InvalidArgument, "", fast(four, 2, {0, 0, 8, 8}, 8, 8, {4, 4, 8, 8}));
}

}  // namespace
}  // namespace instseg
