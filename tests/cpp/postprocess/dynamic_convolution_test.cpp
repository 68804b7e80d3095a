// Beside both functions stands a twin that computes every mask pixel by pixel: logits in float32
// with the same operations in the same order, so foreground bits and areas must be equal exactly,
// and probabilities in double precision.
#include "postprocess/dynamic_convolution.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "allocation_count.h"
#include "instseg/errors.h"
#include "testing.h"

namespace instseg {
namespace {

using testing::Random;

struct Case {
  int num_masks = 0;
  int num_channels = 0;
  int height = 0;
  int width = 0;
  std::vector<float> features;  // [num_channels, height, width]
  std::vector<float> weights;   // [num_masks, num_channels]

  MaskFeatures mask_features() const { return {features.data(), num_channels, height, width}; }
  DynamicWeights dynamic_weights() const {
    DynamicWeights result;
    result.resize(num_masks, num_channels);
    for (int m = 0; m < num_masks; ++m) {
      for (int c = 0; c < num_channels; ++c) result.set(m, c, weights[m * num_channels + c]);
    }
    return result;
  }
  std::size_t num_pixels() const { return mask_features().num_pixels(); }
  float logit(int mask, std::size_t pixel) const {
    float sum = 0;
    for (int c = 0; c < num_channels; ++c) {
      sum = sum + features[c * num_pixels() + pixel] * weights[mask * num_channels + c];
    }
    return sum;
  }
};

Case random_case(Random& random, int num_masks, int num_channels, int height, int width) {
  Case result{num_masks, num_channels, height, width, {}, {}};
  for (std::size_t i = 0; i < num_channels * result.num_pixels(); ++i) {
    result.features.push_back(random.real(-2, 2));
  }
  for (int i = 0; i < num_masks * num_channels; ++i) result.weights.push_back(random.real(-1, 1));
  return result;
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

bool bit(const MaskBits& bits, int mask, std::size_t pixel) {
  return ((bits.mask(static_cast<std::size_t>(mask))[pixel / 64] >> (pixel % 64)) & 1) != 0;
}

// A sigmoid of float32 operations: 3 roundings of the argument's parts, 7 of the series, 3 of the
// scaling, the sum and the quotient; each 2^-24 of a value of at most 1.
constexpr double kSigmoidError = 16 * 0x1p-24;

void expect_twin(const Case& c, float threshold, int threads) {
  const ThreadPool pool(threads);
  DynamicConvolutionWorkspace workspace;
  DynamicMasks masks;
  std::vector<float> kept(c.num_masks * (c.num_pixels() + 3), -1.0f);
  ASSERT_TRUE(measure_masks(c.mask_features(), c.dynamic_weights(), threshold, pool, workspace,
                            masks, kept.data(), c.num_pixels() + 3));
  std::vector<float> logits(kept.size(), -1.0f);
  ASSERT_TRUE(mask_logits(c.mask_features(), c.dynamic_weights(), pool, workspace, logits.data(),
                          c.num_pixels() + 3));
  ASSERT_TRUE(kept == logits);
  std::vector<float> probabilities = logits;
  logits_to_probabilities(probabilities);
  for (int m = 0; m < c.num_masks; ++m) {
    std::int64_t area = 0;
    double sum = 0;
    for (std::size_t i = 0; i < c.num_pixels(); ++i) {
      const float logit = c.logit(m, i);
      const bool foreground = logit > threshold;
      ASSERT_EQ(bit(masks.foreground, m, i), foreground);
      area += foreground ? 1 : 0;
      if (foreground) sum += sigmoid(logit);
      ASSERT_EQ(logits[m * (c.num_pixels() + 3) + i], logit);
      const float probability = probabilities[m * (c.num_pixels() + 3) + i];
      ASSERT_TRUE(std::abs(probability - sigmoid(logit)) <= kSigmoidError);
    }
    for (std::size_t i = c.num_pixels(); i < 64 * masks.foreground.words_per_mask; ++i) {
      ASSERT_TRUE(!bit(masks.foreground, m, i));
    }
    ASSERT_EQ(logits[m * (c.num_pixels() + 3) + c.num_pixels()], -1.0f);
    const auto place = static_cast<std::size_t>(m);
    ASSERT_EQ(masks.areas[place], area);
    // 16 sums per tile of 256 pixels: a probability is added at most 16 + 4 times in float32.
    ASSERT_TRUE(std::abs(masks.sums[place] - sum) <=
                static_cast<double>(area) * (kSigmoidError + 20 * 0x1p-24));
    ASSERT_TRUE(masks.sums[place] <= static_cast<double>(area));
  }
}

TEST(DynamicConvolution, IsThatOfTheTwin) {
  Random random(1);
  const int sizes[][2] = {{1, 1}, {1, 64}, {1, 255}, {16, 16}, {1, 257}, {13, 41}, {1, 1003}};
  for (const auto& [height, width] : sizes) {
    for (const int num_masks : {1, 5, 6, 7, 13}) {
      const Case c = random_case(random, num_masks, random.integer(1, 40), height, width);
      expect_twin(c, 0.0f, 1);
      expect_twin(c, random.real(-2, 2), 3);
    }
  }
}

TEST(DynamicConvolution, HoldsAtBothEndsOfTheSigmoid) {
  Case c{1, 1, 1, 12, {}, {1.0f}};
  c.features = {-1e30f, -200, -88.5f, -87, -30, -1e-8f, 0, 1e-8f, 30, 88, 200, 1e30f};
  expect_twin(c, 0.0f, 1);
  expect_twin(c, -std::numeric_limits<float>::infinity(), 1);
  std::vector<float> probabilities = c.features;
  logits_to_probabilities(probabilities);
  EXPECT_EQ(probabilities[11], 1.0f);
  EXPECT_EQ(probabilities[6], 0.5f);
  EXPECT_TRUE(probabilities[0] >= 0 && probabilities[0] < 1e-37f);
  for (std::size_t i = 1; i < 12; ++i) EXPECT_TRUE(probabilities[i - 1] <= probabilities[i]);
}

TEST(DynamicConvolution, DoesNotDependOnThreads) {
  Random random(2);
  const Case c = random_case(random, 9, 64, 50, 70);
  DynamicConvolutionWorkspace workspace;
  DynamicMasks one;
  measure_masks(c.mask_features(), c.dynamic_weights(), 0.0f, ThreadPool(1), workspace, one,
                nullptr, 0);
  for (const int threads : {2, 5}) {
    DynamicMasks many;
    measure_masks(c.mask_features(), c.dynamic_weights(), 0.0f, ThreadPool(threads), workspace,
                  many, nullptr, 0);
    EXPECT_TRUE(one.foreground.words == many.foreground.words);
    EXPECT_TRUE(one.areas == many.areas);
    EXPECT_TRUE(one.sums == many.sums);
  }
}

TEST(DynamicConvolution, SaysWhereFeaturesAreNotFinite) {
  Random random(3);
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
        -std::numeric_limits<float>::infinity()}) {
    Case c = random_case(random, 3, 8, 20, 40);
    c.weights.assign(c.weights.size(), 0.0f);
    c.features[static_cast<std::size_t>(random.integer(0, 8 * 20 * 40 - 1))] = bad;
    DynamicConvolutionWorkspace workspace;
    DynamicMasks masks;
    EXPECT_TRUE(!measure_masks(c.mask_features(), c.dynamic_weights(), 0.0f, ThreadPool(2),
                               workspace, masks, nullptr, 0));
    std::vector<float> out(3 * 800);
    EXPECT_TRUE(!mask_logits(c.mask_features(), c.dynamic_weights(), ThreadPool(1), workspace,
                             out.data(), 800));
  }
}

TEST(DynamicConvolution, RefusesOtherNumbersOfChannels) {
  Random random(4);
  const Case c = random_case(random, 2, 4, 3, 3);
  DynamicWeights weights;
  weights.resize(2, 5);
  DynamicConvolutionWorkspace workspace;
  DynamicMasks masks;
  EXPECT_THROWS(
      InvalidArgument, "5 channels, features 4",
      measure_masks(c.mask_features(), weights, 0.0f, ThreadPool(1), workspace, masks, nullptr, 0));
}

TEST(DynamicConvolution, OfNoMaskIsNothing) {
  Random random(5);
  const Case c = random_case(random, 0, 4, 3, 3);
  DynamicConvolutionWorkspace workspace;
  DynamicMasks masks;
  EXPECT_TRUE(measure_masks(c.mask_features(), c.dynamic_weights(), 0.0f, ThreadPool(1), workspace,
                            masks, nullptr, 0));
  EXPECT_TRUE(masks.areas.empty());
}

TEST(DynamicConvolution, AllocatesNothingAfterTheFirstCall) {
  Random random(6);
  const Case c = random_case(random, 9, 16, 30, 30);
  DynamicWeights weights = c.dynamic_weights();
  const ThreadPool pool(1);
  DynamicConvolutionWorkspace workspace;
  DynamicMasks masks;
  std::vector<float> out(9 * 900);
  const auto call = [&] {
    weights.resize(9, 16);
    measure_masks(c.mask_features(), weights, 0.0f, pool, workspace, masks, nullptr, 0);
    mask_logits(c.mask_features(), weights, pool, workspace, out.data(), 900);
  };
  call();
  const long before = testing::allocation_count();
  call();
  EXPECT_EQ(testing::allocation_count(), before);
}

}  // namespace
}  // namespace instseg
