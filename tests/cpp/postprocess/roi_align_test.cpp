#include "postprocess/roi_align.h"

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

struct Map {
  int height;
  int width;
  int channels;
  std::vector<float> values;

  FeatureMap view() const {
    return {.values = values.data(), .height = height, .width = width, .channels = channels};
  }
  double at(int y, int x, int c) const {
    return values[static_cast<std::size_t>((y * width + x) * channels + c)];
  }
};

Map random_map(Random& random, int height, int width, int channels) {
  Map map{height, width, channels, {}};
  for (int i = 0; i < height * width * channels; ++i) map.values.push_back(random.real(-2, 2));
  return map;
}

PoolingSpec pooling(int side, int sampling_ratio = 0, bool aligned = false) {
  return {.height = side, .width = side, .sampling_ratio = sampling_ratio, .aligned = aligned};
}

std::vector<float> fast(const Map& map, const Box& box, float scale, const PoolingSpec& spec) {
  static RoiAlignWorkspace workspace;  // reused from case to case, as in production
  std::vector<float> out(static_cast<std::size_t>(spec.height * spec.width * map.channels), -7);
  roi_align(map.view(), box, scale, spec, out, workspace);
  return out;
}

// One bilinear sample; 0 outside of the map by more than a cell.
double sample(const Map& map, float y, float x, int c) {
  if (y < -1 || y > static_cast<float>(map.height) || x < -1 || x > static_cast<float>(map.width)) {
    return 0;
  }
  const auto inside = [](float p, int size) {
    return std::min(std::max(static_cast<double>(p), 0.0), static_cast<double>(size - 1));
  };
  const double py = inside(y, map.height);
  const double px = inside(x, map.width);
  const int y0 = static_cast<int>(py);
  const int x0 = static_cast<int>(px);
  const int y1 = std::min(y0 + 1, map.height - 1);
  const int x1 = std::min(x0 + 1, map.width - 1);
  const double fy = py - y0;
  const double fx = px - x0;
  return (1 - fy) * ((1 - fx) * map.at(y0, x0, c) + fx * map.at(y0, x1, c)) +
         fy * ((1 - fx) * map.at(y1, x0, c) + fx * map.at(y1, x1, c));
}

// The definition: the mean of all samples of a bin.
std::vector<double> slow(const Map& map, const Box& box, float scale, const PoolingSpec& spec) {
  const float offset = spec.aligned ? 0.5f : 0.0f;
  const float x1 = box.x1 * scale - offset;
  const float y1 = box.y1 * scale - offset;
  float width = box.x2 * scale - offset - x1;
  float height = box.y2 * scale - offset - y1;
  if (!spec.aligned) {
    width = std::max(width, 1.0f);
    height = std::max(height, 1.0f);
  }
  const float bin_w = width / static_cast<float>(spec.width);
  const float bin_h = height / static_cast<float>(spec.height);
  const int grid_w = spec.sampling_ratio > 0 ? spec.sampling_ratio
                                             : std::max(static_cast<int>(std::ceil(bin_w)), 0);
  const int grid_h = spec.sampling_ratio > 0 ? spec.sampling_ratio
                                             : std::max(static_cast<int>(std::ceil(bin_h)), 0);
  std::vector<double> out;
  for (int ph = 0; ph < spec.height; ++ph) {
    for (int pw = 0; pw < spec.width; ++pw) {
      for (int c = 0; c < map.channels; ++c) {
        double sum = 0;
        for (int iy = 0; iy < grid_h; ++iy) {
          for (int ix = 0; ix < grid_w; ++ix) {
            const float y = y1 + bin_h * (static_cast<float>(ph) + (static_cast<float>(iy) + 0.5f) /
                                                                       static_cast<float>(grid_h));
            const float x = x1 + bin_w * (static_cast<float>(pw) + (static_cast<float>(ix) + 0.5f) /
                                                                       static_cast<float>(grid_w));
            sum += sample(map, y, x, c);
          }
        }
        out.push_back(sum / std::max(grid_w * grid_h, 1));
      }
    }
  }
  return out;
}

// Values up to 2, summed with weights that add up to 1: some 20 roundings of each.
constexpr double kRounding = 2 * 20 * 0x1p-24;

bool expect_near(const std::vector<float>& found, const std::vector<double>& expected) {
  if (!EXPECT_EQ(found.size(), expected.size())) return false;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!EXPECT_NEAR(found[i], expected[i], kRounding)) return false;
  }
  return true;
}

TEST(RoiAlign, EqualsTheMeanOfTheSamples) {
  Random random(/*seed=*/11);
  for (int i = 0; i < 150; ++i) {
    const Map map = random_map(random, random.integer(1, 20), random.integer(1, 30),
                               random.integer(0, 3) == 0 ? 33 : random.integer(1, 5));
    const float scale = random.integer(0, 1) == 0 ? 0.25f : 0.0625f;
    // Boxes inside, across the border, and outside of the map.
    const float extent_x = static_cast<float>(map.width) / scale;
    const float extent_y = static_cast<float>(map.height) / scale;
    const float x = random.real(-0.5f * extent_x, 1.2f * extent_x);
    const float y = random.real(-0.5f * extent_y, 1.2f * extent_y);
    const Box box{x, y, x + random.real(0, extent_x), y + random.real(0, extent_y)};
    const PoolingSpec spec = {.height = random.integer(1, 8),
                              .width = random.integer(1, 8),
                              .sampling_ratio = random.integer(-1, 3),
                              .aligned = random.integer(0, 1) == 1};
    ASSERT_TRUE(expect_near(fast(map, box, scale, spec), slow(map, box, scale, spec)));
  }
}

TEST(RoiAlign, EqualsTheMeanOfTheSamplesAtRealSizes) {
  Random random(/*seed=*/12);
  const Map map = random_map(random, 50, 84, 256);
  for (const Box& box : {Box{33.3f, 21.1f, 260.7f, 300.2f}, Box{0, 0, 1333, 800},
                         Box{1300, 700, 1333, 800}, Box{100, 100, 101, 101}}) {
    for (const int side : {7, 14}) {
      ASSERT_TRUE(expect_near(fast(map, box, 0.0625f, pooling(side)),
                              slow(map, box, 0.0625f, pooling(side))));
    }
  }
}

// The same sums in the same order, in plain loops: every instruction set gives these very bits.
std::vector<float> in_the_same_order(const Map& map, const Box& box, float scale,
                                     const PoolingSpec& spec) {
  const float offset = spec.aligned ? 0.5f : 0.0f;
  RoiAxis rows;
  RoiAxis columns;
  rows.assign(box.y1 * scale - offset, box.y2 * scale - offset, map.height, spec.height,
              spec.sampling_ratio, !spec.aligned);
  columns.assign(box.x1 * scale - offset, box.x2 * scale - offset, map.width, spec.width,
                 spec.sampling_ratio, !spec.aligned);
  std::vector<float> out;
  for (int ph = 0; ph < spec.height; ++ph) {
    for (int pw = 0; pw < spec.width; ++pw) {
      for (int c = 0; c < map.channels; ++c) {
        float total = 0;
        for (int y = 0; y < rows.count()[ph]; ++y) {
          const float row_weight = rows.weights()[rows.offset()[ph] + y];
          if (row_weight == 0 || columns.count()[pw] == 0) continue;
          float sum = 0;
          for (int x = 0; x < columns.count()[pw]; ++x) {
            const float value =
                static_cast<float>(map.at(rows.first()[ph] + y, columns.first()[pw] + x, c));
            const float part = columns.weights()[columns.offset()[pw] + x] * value;
            sum = x == 0 ? part : sum + part;
          }
          total += row_weight * sum;
        }
        out.push_back(total);
      }
    }
  }
  return out;
}

TEST(RoiAlign, GivesTheSameBitsAsPlainLoops) {
  Random random(/*seed=*/13);
  for (int i = 0; i < 100; ++i) {
    const Map map =
        random_map(random, random.integer(1, 25), random.integer(1, 25), random.integer(1, 70));
    const float x = random.real(-20, 90);
    const float y = random.real(-20, 90);
    const Box box{x, y, x + random.real(0, 100), y + random.real(0, 100)};
    const PoolingSpec spec = pooling(random.integer(1, 14), random.integer(-1, 2));
    ASSERT_TRUE(fast(map, box, 0.25f, spec) == in_the_same_order(map, box, 0.25f, spec));
  }
}

TEST(RoiAlign, OfAConstantMapIsThatConstant) {
  const Map map{9, 9, 2, std::vector<float>(9 * 9 * 2, 3)};
  for (const float value : fast(map, {0, 0, 36, 36}, 0.25f, pooling(7))) {
    EXPECT_NEAR(value, 3, 1e-5);
  }
}

TEST(RoiAlign, OutsideOfTheMapIsZero) {
  const Map map{9, 9, 2, std::vector<float>(9 * 9 * 2, 3)};
  for (const Box& box : {Box{100, 0, 140, 36}, Box{0, -90, 36, -60}}) {
    for (const float value : fast(map, box, 0.25f, pooling(7))) EXPECT_EQ(value, 0.0f);
  }
}

TEST(RoiAlign, OfAPointReadsOneCell) {
  // "aligned" False: a box is at least one cell long.
  Random random(/*seed=*/14);
  const Map map = random_map(random, 6, 6, 3);
  ASSERT_TRUE(expect_near(fast(map, {8, 8, 8, 8}, 0.25f, pooling(2)),
                          slow(map, {8, 8, 8, 8}, 0.25f, pooling(2))));
}

TEST(RoiAlign, OfNoLengthAndAlignedIsZero) {
  const Map map{6, 6, 3, std::vector<float>(6 * 6 * 3, 3)};
  for (const Box& box : {Box{8, 8, 8, 8}, Box{12, 12, 4, 4}}) {
    for (const float value : fast(map, box, 0.25f, pooling(2, 0, true))) EXPECT_EQ(value, 0.0f);
  }
}

TEST(RoiAlign, OfWhatIsNoNumberIsZero) {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  const Map map{6, 6, 3, std::vector<float>(6 * 6 * 3, 3)};
  for (const float value : fast(map, {nan, nan, nan, nan}, 0.25f, pooling(2))) {
    EXPECT_EQ(value, 0.0f);
  }
}

TEST(RoiAlign, CarriesNanOfTheMapNoFurtherThanItsCells) {
  Map map{12, 12, 1, std::vector<float>(144, 1)};
  map.values[0] = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> out = fast(map, {0, 0, 48, 48}, 0.25f, pooling(4));
  EXPECT_TRUE(std::isnan(out[0]));
  for (std::size_t i = 1; i < out.size(); ++i) EXPECT_NEAR(out[i], 1, 1e-5);
}

TEST(RoiAlign, AllocatesNothingOnceItHasSeenABox) {
  Random random(/*seed=*/15);
  const Map map = random_map(random, 20, 20, 8);
  RoiAlignWorkspace workspace;
  std::vector<float> out(7 * 7 * 8);
  const PoolingSpec spec = pooling(7);
  roi_align(map.view(), {0, 0, 80, 80}, 0.25f, spec, out, workspace);
  const long before = testing::allocation_count();
  roi_align(map.view(), {0, 0, 80, 80}, 0.25f, spec, out, workspace);
  roi_align(map.view(), {30, 20, 60, 70}, 0.25f, spec, out, workspace);
  EXPECT_EQ(testing::allocation_count(), before);
}

TEST(RoiAlign, RefusesWhatDoesNotFit) {
  const Map map{6, 6, 3, std::vector<float>(6 * 6 * 3)};
  RoiAlignWorkspace workspace;
  std::vector<float> out(5);
  const PoolingSpec spec = pooling(2);
  EXPECT_THROWS(InvalidArgument, "room for 5 values, but 12 are pooled",
                roi_align(map.view(), {0, 0, 9, 9}, 0.25f, spec, out, workspace));
  EXPECT_THROWS(InvalidArgument, "the feature map has no value: 0 x 6, 3 channels",
                roi_align({map.values.data(), 0, 6, 3}, {0, 0, 9, 9}, 0.25f, spec, out, workspace));
}

}  // namespace
}  // namespace instseg
