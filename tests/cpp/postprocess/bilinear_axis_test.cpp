#include "postprocess/bilinear_axis.h"

#include <algorithm>
#include <cmath>

#include "testing.h"

namespace instseg {
namespace {

using testing::Random;

TEST(BilinearAxis, DoublesWithHalfPixelCentres) {
  BilinearAxis axis;
  axis.assign(/*in=*/3, /*out=*/6, /*begin=*/0, /*count=*/6);
  const int source[] = {0, 0, 0, 1, 1, 2};
  const float weight1[] = {0, 0.25f, 0.75f, 0.25f, 0.75f, 0.25f};
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(axis.source()[i], source[i]);
    EXPECT_EQ(axis.weight1()[i], weight1[i]);
    EXPECT_EQ(axis.weight0()[i], 1 - weight1[i]);
  }
  EXPECT_EQ(axis.first_source(), 0);
  EXPECT_EQ(axis.last_source(), 2);
}

TEST(BilinearAxis, HalvesBetweenPixels) {
  BilinearAxis axis;
  axis.assign(8, 4, 0, 4);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(axis.source()[i], 2 * i);
    EXPECT_EQ(axis.weight1()[i], 0.5f);
  }
}

TEST(BilinearAxis, KeepsEqualSizesAsTheyAre) {
  BilinearAxis axis;
  axis.assign(160, 160, 0, 160);
  for (int i = 0; i < 160; ++i) {
    EXPECT_EQ(axis.source()[i], i);
    EXPECT_EQ(axis.weight1()[i], 0.0f);
  }
}

// bilinear_interp of PaddlePaddle 3.0.0 and 3.3.1 on the CPU gives the first pixel, not the middle.
TEST(BilinearAxis, OfOnePixelTakesTheFirstSource) {
  BilinearAxis axis;
  axis.assign(160, 1, 0, 1);
  EXPECT_EQ(axis.source()[0], 0);
  EXPECT_EQ(axis.weight0()[0], 1.0f);
}

TEST(BilinearAxis, IsNearTheExactPositions) {
  Random random(31);
  BilinearAxis axis;
  for (int i = 0; i < 400; ++i) {
    const int in = random.integer(1, i % 2 == 0 ? 200 : 3000);
    const int out = random.integer(2, i % 3 == 0 ? 20000 : 300);
    const int begin = random.integer(0, out - 1);
    const int count = random.integer(1, std::min(out - begin, 500));
    axis.assign(in, out, begin, count);
    ASSERT_EQ(axis.padded_count() % 64, 0);
    ASSERT_TRUE(axis.padded_count() >= count && axis.padded_count() < count + 64);
    for (int k = 0; k < axis.padded_count(); ++k) {
      const int x = begin + std::min(k, count - 1);
      const int source = axis.source()[k];
      const double weight1 = axis.weight1()[k];
      ASSERT_TRUE(k == 0 || source >= axis.source()[k - 1]);
      ASSERT_TRUE(source >= axis.first_source() && source <= axis.last_source());
      ASSERT_TRUE(weight1 >= 0 && weight1 < 1);
      ASSERT_EQ(axis.weight0()[k], 1.0f - axis.weight1()[k]);
      const double exact = std::max((x + 0.5) * in / out - 0.5, 0.0);
      // Three float32 roundings of values up to `in`: the ratio, the product, the difference.
      EXPECT_NEAR(source + weight1, exact, 3 * 0x1p-24 * (in + 1));
    }
  }
}

TEST(BilinearAxis, OfAPartIsThePartOfTheWhole) {
  Random random(32);
  BilinearAxis whole;
  BilinearAxis part;
  for (int i = 0; i < 100; ++i) {
    const int in = random.integer(1, 170);
    const int out = random.integer(1, 700);
    const int begin = random.integer(0, out - 1);
    const int count = random.integer(1, out - begin);
    whole.assign(in, out, 0, out);
    part.assign(in, out, begin, count);
    for (int k = 0; k < count; ++k) {
      ASSERT_EQ(part.source()[k], whole.source()[begin + k]);
      ASSERT_EQ(part.weight1()[k], whole.weight1()[begin + k]);
    }
  }
}

TEST(BilinearAxis, StaysInsideForHugeSizes) {
  BilinearAxis axis;
  for (const int in : {1, 2, 160, 5000}) {
    for (const int out : {16777216, 178956970, 2147483647}) {
      axis.assign(in, out, out - 100, 100);
      EXPECT_TRUE(axis.last_source() < in);
      for (int k = 0; k < 100; ++k) {
        ASSERT_TRUE(axis.source()[k] >= 0 && axis.source()[k] < in);
        ASSERT_TRUE(axis.weight1()[k] >= 0 && axis.weight1()[k] <= 1);
      }
    }
  }
}

}  // namespace
}  // namespace instseg
