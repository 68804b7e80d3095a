#include "postprocess/top_k.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
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

Indices slow_top_k(const std::vector<float>& values, int k) {
  Indices order(values.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    if (std::isnan(values[b])) return !std::isnan(values[a]);
    return values[a] > values[b];
  });
  order.resize(std::min(order.size(), static_cast<std::size_t>(k)));
  return order;
}

Indices fast_top_k(const std::vector<float>& values, int k) {
  static TopKWorkspace workspace;  // reused from case to case, as in production
  const auto found = top_k(values, k, workspace);
  return {found.begin(), found.end()};
}

TEST(TopK, IsBestFirstAndTiesGoByIndex) {
  EXPECT_TRUE((fast_top_k({1, 3, 2, 3, 0}, 3) == Indices{1, 3, 2}));
  EXPECT_TRUE((fast_top_k({0.0f, -0.0f, 0.0f, -1.0f}, 3) == Indices{0, 1, 2}));
  EXPECT_TRUE((fast_top_k({-0.0f, 0.0f}, 1) == Indices{0}));
  EXPECT_TRUE((fast_top_k({-kInfinity, -5, kInfinity}, 3) == Indices{2, 1, 0}));
}

TEST(TopK, TakesAllWhereThereAreFewer) {
  EXPECT_TRUE((fast_top_k({2, 1}, 100) == Indices{0, 1}));
  EXPECT_TRUE(fast_top_k({}, 100).empty());
  EXPECT_TRUE(fast_top_k({1, 2}, 0).empty());
}

TEST(TopK, RanksNanLast) {
  EXPECT_TRUE((fast_top_k({kNan, -kInfinity, -kNan, 1}, 4) == Indices{3, 1, 0, 2}));
  // Nothing but NaN where the first candidates come from.
  std::vector<float> values(5000, kNan);
  values[4000] = -3;
  values[4900] = -2;
  EXPECT_TRUE((fast_top_k(values, 3) == Indices{4900, 4000, 0}));
}

TEST(TopK, RefusesANegativeK) {
  TopKWorkspace workspace;
  EXPECT_THROWS(InvalidArgument, "at least 0", top_k({}, -1, workspace));
}

TEST(TopK, IsThatOfAStableSort) {
  Random random(41);
  for (int i = 0; i < 400; ++i) {
    const int n = random.integer(0, i % 5 == 0 ? 30000 : 3000);
    const int k = random.integer(0, i % 7 == 0 ? 3000 : 150);
    const int levels = i % 3 == 0 ? random.integer(1, 20) : 0;  // many ties
    std::vector<float> values(static_cast<std::size_t>(n));
    for (float& value : values) {
      value = levels > 0 ? static_cast<float>(random.integer(-levels, levels)) : random.real(-8, 8);
      if (i % 11 == 0 && random.integer(0, 5) == 0) value = kNan;
      if (i % 13 == 0 && random.integer(0, 5) == 0) value = -kInfinity;
    }
    if (i % 4 != 0) {  // cases in order have no NaN: it cannot be sorted
      std::erase_if(values, [](float value) { return std::isnan(value); });
    }
    if (i % 4 == 1) std::sort(values.begin(), values.end());  // every value is a candidate
    if (i % 4 == 2) std::sort(values.begin(), values.end(), std::greater<>());
    if (!EXPECT_TRUE(fast_top_k(values, k) == slow_top_k(values, k))) {
      testing::fail(
          __FILE__, __LINE__,
          "case " + std::to_string(i) + ": n " + std::to_string(n) + ", k " + std::to_string(k));
      return;
    }
  }
}

TEST(TopK, AllocatesNothingOnceWarm) {
  Random random(42);
  std::vector<float> values(24000);
  for (float& value : values) value = random.real(-8, 8);
  TopKWorkspace workspace;
  top_k(values, 100, workspace);
  std::sort(values.begin(), values.end());  // the order with the most candidates
  const long before = testing::allocation_count();
  top_k(values, 100, workspace);
  EXPECT_EQ(testing::allocation_count() - before, 0L);
}

}  // namespace
}  // namespace instseg
