// The twin is the program itself: whole matrices, maxima and minima over all rows, masks as bytes.
#include "postprocess/matrix_nms.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "testing.h"

namespace instseg {
namespace {

using testing::Random;

using Bytes = std::vector<std::uint8_t>;

struct Case {
  std::vector<Bytes> masks;
  std::vector<int> class_ids;
  std::vector<std::uint32_t> order;
  MatrixNmsSpec spec;

  std::vector<float> run(int threads) const {
    const std::size_t pixels = masks.empty() ? 0 : masks[0].size();
    MaskBits bits{.words = {}, .words_per_mask = (pixels + 63) / 64};
    std::vector<std::int64_t> areas;
    for (const Bytes& mask : masks) {
      std::vector<std::uint64_t> words(bits.words_per_mask);
      for (std::size_t i = 0; i < pixels; ++i) {
        words[i / 64] |= static_cast<std::uint64_t>(mask[i]) << (i % 64);
      }
      bits.words.insert(bits.words.end(), words.begin(), words.end());
      areas.push_back(std::accumulate(mask.begin(), mask.end(), std::int64_t{0}));
    }
    MatrixNmsWorkspace workspace;
    workspace.ious.assign(7, 9.0f);  // what an earlier call left
    std::vector<float> decays(order.size(), -1.0f);
    matrix_nms(bits, areas, class_ids, order, spec, ThreadPool(threads), workspace, decays);
    return decays;
  }

  std::vector<float> twin() const {
    const std::size_t n = order.size();
    std::vector<float> ious(n * n);
    const auto iou = [&](std::size_t i, std::size_t j) -> float& { return ious[i * n + j]; };
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = i + 1; j < n; ++j) {
        const Bytes& a = masks[order[i]];
        const Bytes& b = masks[order[j]];
        int common = 0;
        int all = 0;
        for (std::size_t p = 0; p < a.size(); ++p) {
          common += a[p] & b[p];
          all += a[p] | b[p];
        }
        if (class_ids[order[i]] == class_ids[order[j]]) {
          iou(i, j) = static_cast<float>(common) / static_cast<float>(all);
        }
      }
    }
    std::vector<float> worst(n, 0.0f);
    for (std::size_t j = 0; j < n; ++j) {
      for (std::size_t i = 0; i < n; ++i) worst[j] = std::max(worst[j], iou(i, j));
    }
    const auto f = [&](float x) {
      return spec.decay == NmsDecay::kGaussian ? std::exp(-spec.sigma * (x * x)) : 1.0f - x;
    };
    std::vector<float> decays(n);
    for (std::size_t j = 0; j < n; ++j) {
      float least = 1e30f;
      for (std::size_t i = 0; i < n; ++i) {
        const float quotient = f(iou(i, j)) / f(worst[i]);
        if (!std::isnan(quotient)) least = std::min(least, quotient);
      }
      decays[j] = least;
    }
    return decays;
  }
};

Bytes rectangle(int height, int width, int y1, int x1, int y2, int x2) {
  Bytes mask(static_cast<std::size_t>(height) * width);
  for (int y = y1; y < y2; ++y) {
    for (int x = x1; x < x2; ++x) mask[static_cast<std::size_t>(y) * width + x] = 1;
  }
  return mask;
}

Case random_case(Random& random, int n) {
  Case c;
  const int height = random.integer(1, 20);
  const int width = random.integer(1, 40);
  for (int i = 0; i < n; ++i) {
    const int y = random.integer(0, height - 1);
    const int x = random.integer(0, width - 1);
    c.masks.push_back(rectangle(height, width, y, x, random.integer(y + 1, height),
                                random.integer(x + 1, width)));
    if (i > 0 && random.integer(0, 4) == 0) c.masks[i] = c.masks[i - 1];  // the same mask again
    c.class_ids.push_back(random.integer(0, 2));
    c.order.push_back(static_cast<std::uint32_t>(i));
  }
  for (std::size_t i = c.order.size(); i > 1; --i) {
    std::swap(c.order[i - 1], c.order[random.integer(0, static_cast<int>(i) - 1)]);
  }
  if (n > 3 && random.integer(0, 2) == 0) c.order.resize(n - 2);  // not every mask is ranked
  c.spec.decay = random.integer(0, 1) == 0 ? NmsDecay::kLinear : NmsDecay::kGaussian;
  c.spec.sigma = random.real(0.5f, 4);
  return c;
}

TEST(MatrixNms, IsThatOfTheTwin) {
  Random random(1);
  for (int i = 0; i < 300; ++i) {
    const Case c = random_case(random, random.integer(0, 25));
    const std::vector<float> expected = c.twin();
    if (!EXPECT_TRUE(c.run(1) == expected)) return;
  }
}

TEST(MatrixNms, DoesNotDependOnThreads) {
  Random random(2);
  for (int i = 0; i < 20; ++i) {
    const Case c = random_case(random, 60);
    const std::vector<float> one = c.run(1);
    EXPECT_TRUE(c.run(2) == one);
    EXPECT_TRUE(c.run(7) == one);
  }
}

TEST(MatrixNms, LowersByTheFormula) {
  // Halves of one another: iou 1/2; the third does not touch the first.
  Case c;
  c.masks = {rectangle(1, 40, 0, 0, 1, 20), rectangle(1, 40, 0, 0, 1, 40),
             rectangle(1, 40, 0, 20, 1, 40)};
  c.class_ids = {4, 4, 4};
  c.order = {0, 1, 2};
  c.spec = {NmsDecay::kGaussian, 2};
  const std::vector<float> gaussian = c.run(1);
  EXPECT_EQ(gaussian[0], 1.0f);
  EXPECT_NEAR(gaussian[1], std::exp(-0.5), 1e-7);
  // The second overlaps it by 1/2, but is itself overlapped by 1/2: no reason to lower.
  EXPECT_EQ(gaussian[2], 1.0f);
  c.spec.decay = NmsDecay::kLinear;
  EXPECT_TRUE(c.run(1) == (std::vector<float>{1.0f, 0.5f, 1.0f}));
  c.class_ids = {4, 5, 4};
  EXPECT_TRUE(c.run(1) == (std::vector<float>{1.0f, 1.0f, 1.0f}));
}

TEST(MatrixNms, DropsCopies) {
  Case c;
  c.masks.assign(4, rectangle(3, 30, 0, 3, 2, 25));
  c.class_ids.assign(4, 1);
  c.order = {2, 0, 3, 1};
  c.spec.decay = NmsDecay::kLinear;  // 0 / 0 between the copies
  EXPECT_TRUE(c.run(1) == (std::vector<float>{1.0f, 0.0f, 0.0f, 0.0f}));
  c.spec = {NmsDecay::kGaussian, 2};
  const std::vector<float> decays = c.run(1);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_NEAR(decays[i], std::exp(-2.0), 1e-7);
}

TEST(MatrixNms, OfNothingAndOfOne) {
  Case c;
  EXPECT_TRUE(c.run(2).empty());
  c.masks = {rectangle(1, 1, 0, 0, 1, 1)};
  c.class_ids = {0};
  c.order = {0};
  EXPECT_TRUE(c.run(2) == std::vector<float>{1.0f});
}

}  // namespace
}  // namespace instseg
