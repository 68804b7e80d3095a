// The twin resizes twice, literally: to the enlarged picture, cut, then to the image; in double
// precision with the float32 positions and weights of PaddlePaddle. A pixel may differ only where
// the value is so near the threshold that float32 rounding decides.
#include "postprocess/twice_resized_mask.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "allocation_count.h"
#include "instseg/errors.h"
#include "instseg/mask_geometry.h"
#include "postprocess/mask_trim.h"
#include "postprocess/three_tap_kernels.h"
#include "testing.h"

namespace instseg {
namespace {

using testing::Random;

struct Picture {
  int height = 0;
  int width = 0;
  std::vector<double> values;
  double at(int y, int x) const { return values[static_cast<std::size_t>(y) * width + x]; }
};

// Bilinear with half-pixel centres; only the first out_height x out_width pixels are made of a
// result of full_height x full_width.
Picture resized(const Picture& in, int full_height, int full_width, int out_height, int out_width) {
  struct Tap {
    int first;
    int second;
    double weight;
  };
  const auto tap = [](int size, int out, int i) {
    const float ratio = out > 1 ? static_cast<float>(size) / static_cast<float>(out) : 0.0f;
    const float position = std::max(ratio * (static_cast<float>(i) + 0.5f) - 0.5f, 0.0f);
    const int first = std::min(static_cast<int>(position), size - 1);
    return Tap{first, std::min(first + 1, size - 1), position - static_cast<float>(first)};
  };
  Picture out{out_height, out_width, {}};
  for (int y = 0; y < out_height; ++y) {
    const Tap row = tap(in.height, full_height, y);
    for (int x = 0; x < out_width; ++x) {
      const Tap column = tap(in.width, full_width, x);
      const auto along = [&](int r) {
        return in.at(r, column.first) * (1 - column.weight) +
               in.at(r, column.second) * column.weight;
      };
      out.values.push_back(along(row.first) * (1 - row.weight) + along(row.second) * row.weight);
    }
  }
  return out;
}

struct Case {
  int height = 0;  // of the probabilities
  int width = 0;
  int factor = 4;
  int cut_height = 0;
  int cut_width = 0;
  int image_height = 0;
  int image_width = 0;
  int resized_width = 0;  // 0: the image's
  float threshold = 0.5f;
  std::vector<float> probabilities;

  int full_width() const { return resized_width == 0 ? image_width : resized_width; }
  TwiceResizedGeometry geometry() const {
    TwiceResizedGeometry result{.image_height = image_height, .image_width = image_width};
    result.rows.assign(height, factor, cut_height, image_height, image_height);
    result.columns.assign(width, factor, cut_width, full_width(),
                          std::min(full_width(), image_width));
    return result;
  }
  Mask render(TwiceResizedMaskWorkspace& workspace) const {
    std::vector<float> padded = probabilities;
    padded.resize(padded.size() + kMaxThreeTapOverread, 1e6f);
    return render_twice_resized_mask(padded.data(), geometry(), threshold, workspace);
  }
  Picture twin() const {
    const Picture low{height, width, {probabilities.begin(), probabilities.end()}};
    const Picture enlarged = resized(low, factor * height, factor * width, cut_height, cut_width);
    return resized(enlarged, image_height, full_width(), image_height, full_width());
  }
};

// Blobs: smooth, so that there are outlines of every direction.
Case random_case(Random& random, int max_side) {
  Case c;
  c.height = random.integer(1, max_side);
  c.width = random.integer(1, max_side);
  c.factor = random.integer(0, 3) == 0 ? random.integer(1, 5) : 4;
  const auto cut = [&](int size) {
    return std::max(1, c.factor * size - random.integer(0, std::min(35, c.factor * size - 1)));
  };
  c.cut_height = cut(c.height);
  c.cut_width = cut(c.width);
  c.image_height = random.integer(1, 300);
  c.image_width = random.integer(0, 3) == 0 ? 64 * random.integer(1, 4) : random.integer(1, 300);
  const float y0 = random.real(0, static_cast<float>(c.height));
  const float x0 = random.real(0, static_cast<float>(c.width));
  const float radius = random.real(0.5f, static_cast<float>(max_side));
  for (int y = 0; y < c.height; ++y) {
    for (int x = 0; x < c.width; ++x) {
      const float distance = std::hypot(static_cast<float>(y) - y0, static_cast<float>(x) - x0);
      c.probabilities.push_back(std::clamp(radius - distance + random.real(-1, 1), 0.0f, 1.0f));
    }
  }
  return c;
}

bool pixel(const Mask& mask, int y, int x) {
  const Region& region = mask.region();
  if (y < region.y || y >= region.y + region.height || x < region.x ||
      x >= region.x + region.width) {
    return false;
  }
  const auto column = static_cast<std::size_t>(x - region.x);
  return ((mask.row(y - region.y)[column / 64] >> (column % 64)) & 1) != 0;
}

// Three products and two sums of weights that are two products and a sum each, along both axes, of
// values of at most 1: below 20 roundings of 2^-24.
constexpr double kRounding = 20 * 0x1p-24;

bool expect_twin(const Case& c, const Mask& mask) {
  const Picture twin = c.twin();
  for (int y = 0; y < c.image_height; ++y) {
    for (int x = 0; x < c.image_width; ++x) {
      const double probability = x < c.full_width() ? twin.at(y, x) : 0.0;
      const double value = probability - static_cast<double>(c.threshold);
      if (std::abs(value) > kRounding && pixel(mask, y, x) != (value > 0)) {
        testing::fail(__FILE__, __LINE__,
                      "pixel " + std::to_string(y) + ", " + std::to_string(x) + " of " +
                          std::to_string(c.image_height) + " x " + std::to_string(c.image_width) +
                          " from " + std::to_string(c.height) + " x " + std::to_string(c.width));
        return false;
      }
    }
  }
  return EXPECT_TRUE(mask.image_height() == c.image_height &&
                     mask.image_width() == c.image_width) &&
         EXPECT_TRUE(mask.region() == foreground_region(mask));
}

TEST(TwiceResizedMask, IsThatOfTwoResizes) {
  Random random(1);
  TwiceResizedMaskWorkspace workspace;
  for (int i = 0; i < 150; ++i) {
    Case c = random_case(random, i % 3 == 0 ? 4 : 40);
    if (i % 4 == 0) c.resized_width = std::max(1, c.image_width + random.integer(-5, 5));
    if (!expect_twin(c, c.render(workspace))) return;
  }
}

TEST(TwiceResizedMask, OfThinImages) {
  Random random(2);
  TwiceResizedMaskWorkspace workspace;
  for (const auto& [image_height, image_width] :
       {std::pair{1, 1}, std::pair{1, 4000}, std::pair{4000, 1}, std::pair{2, 3}}) {
    Case c = random_case(random, 12);
    c.image_height = image_height;
    c.image_width = image_width;
    c.probabilities[0] = 1;
    if (!expect_twin(c, c.render(workspace))) return;
  }
}

TEST(TwiceResizedMask, IsEverythingOrNothing) {
  TwiceResizedMaskWorkspace workspace;
  Case c{.height = 5,
         .width = 7,
         .cut_height = 18,
         .cut_width = 28,
         .image_height = 33,
         .image_width = 130};
  c.probabilities.assign(35, 1.0f);
  EXPECT_TRUE(c.render(workspace).region() == (Region{0, 0, 130, 33}));
  EXPECT_EQ(c.render(workspace).area(), std::int64_t{33 * 130});
  c.probabilities.assign(35, 0.25f);
  EXPECT_TRUE(c.render(workspace).region() == Region{});
  // Foreground that only the cut part would show.
  c.probabilities.assign(35, 0.0f);
  for (int x = 0; x < 7; ++x) c.probabilities[static_cast<std::size_t>(28 + x)] = 0.6f;
  c.cut_height = 12;
  EXPECT_TRUE(c.render(workspace).region() == Region{});
}

TEST(TwiceResizedMask, AllocatesOnlyTheMask) {
  Random random(3);
  Case c = random_case(random, 30);
  c.probabilities.assign(c.probabilities.size() + kMaxThreeTapOverread, 0.9f);
  const TwiceResizedGeometry geometry = c.geometry();
  TwiceResizedMaskWorkspace workspace;
  render_twice_resized_mask(c.probabilities.data(), geometry, 0.5f, workspace);
  const long before = testing::allocation_count();
  render_twice_resized_mask(c.probabilities.data(), geometry, 0.5f, workspace);
  // The mask, which already has its smallest region, and its copy.
  EXPECT_TRUE(testing::allocation_count() - before <= 2);
}

TEST(TwiceResizedAxis, RefusesWhatCannotBe) {
  TwiceResizedAxis axis;
  EXPECT_THROWS(InvalidArgument, "cut to 13", axis.assign(3, 4, 13, 10, 10));
  EXPECT_THROWS(InvalidArgument, "0 pixels", axis.assign(0, 4, 1, 10, 10));
  EXPECT_THROWS(InvalidArgument, "0 times", axis.assign(3, 0, 1, 10, 10));
  EXPECT_THROWS(InvalidArgument, "resized to 0", axis.assign(3, 4, 12, 0, 0));
  EXPECT_THROWS(InvalidArgument, "of which 11", axis.assign(3, 4, 12, 10, 11));
}

TEST(TwiceResizedAxis, WeightsAddUpToOneAndReachIsExact) {
  Random random(4);
  TwiceResizedAxis axis;
  for (int i = 0; i < 200; ++i) {
    const int in = random.integer(1, 50);
    const int factor = random.integer(1, 5);
    const int out = random.integer(1, 300);
    axis.assign(in, factor, random.integer(1, in * factor), out, random.integer(1, out));
    const int first = random.integer(0, in - 1);
    const int last = random.integer(first, in - 1);
    const TwiceResizedAxis::Range range = axis.reached_by(first, last);
    for (int x = 0; x < axis.count(); ++x) {
      const float weights[] = {axis.weights0()[x], axis.weights1()[x], axis.weights2()[x]};
      ASSERT_TRUE(std::abs(weights[0] + weights[1] + weights[2] - 1.0) <= 8 * 0x1p-24);
      bool reached = false;
      for (int tap = 0; tap < 3; ++tap) {
        const int source = axis.source()[x] + tap;
        ASSERT_TRUE(weights[tap] >= 0 && (source < in || weights[tap] == 0));
        reached = reached || (weights[tap] > 0 && source >= first && source <= last);
      }
      if (reached) ASSERT_TRUE(x >= range.begin && x < range.end);
      if (x > 0) ASSERT_TRUE(axis.source()[x] >= axis.source()[x - 1]);
    }
  }
}

}  // namespace
}  // namespace instseg
