// Two slow twins stand beside render_cropped_mask:
//  - exact: float32, pixel by pixel over the whole image, from probabilities of whole prototypes.
//    Every bit must be equal, on every instruction set.
//  - real: the mathematical definition in double precision; a bit may differ only where the exact
//    value lies within float32 rounding of the threshold.
#include "postprocess/cropped_mask.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "allocation_count.h"
#include "instseg/errors.h"
#include "postprocess/mask_kernels.h"
#include "testing.h"

namespace instseg {
namespace {

using testing::Random;

struct Case {
  int num_prototypes = 0;
  int height = 0;  // of the prototypes
  int width = 0;
  CroppedMaskSizes sizes;
  Box box;
  Region region;
  float threshold = 0.5f;
  std::vector<float> prototypes;
  std::vector<float> coefficients;

  PrototypeMasks masks() const { return {prototypes.data(), num_prototypes, height, width}; }
  Mask render(CroppedMaskWorkspace& workspace) const {
    return render_cropped_mask(masks(), coefficients.data(), box, sizes, region, threshold,
                               workspace);
  }
  std::string describe() const {
    const auto text = [](auto value) { return std::to_string(value); };
    return text(num_prototypes) + " prototypes " + text(height) + "x" + text(width) + ", input " +
           text(sizes.input_height) + "x" + text(sizes.input_width) + ", image " +
           text(sizes.image_height) + "x" + text(sizes.image_width) + ", box " + text(box.x1) +
           " " + text(box.y1) + " " + text(box.x2) + " " + text(box.y2);
  }
};

Case make_case(Random& random, int num_prototypes, int height, int width,
               const CroppedMaskSizes& sizes) {
  Case c{.num_prototypes = num_prototypes,
         .height = height,
         .width = width,
         .sizes = sizes,
         .box = {},
         .region = {},
         .prototypes = {},
         .coefficients = {}};
  c.prototypes.resize(static_cast<std::size_t>(num_prototypes) * height * width);
  for (float& value : c.prototypes) value = random.real(-3, 3);
  c.coefficients.resize(static_cast<std::size_t>(num_prototypes));
  for (float& value : c.coefficients) value = random.real(-2, 2);
  const auto input_width = static_cast<float>(sizes.input_width);
  const auto input_height = static_cast<float>(sizes.input_height);
  c.box = {random.real(-0.3f, 0.8f) * input_width, random.real(-0.3f, 0.8f) * input_height,
           random.real(0.2f, 1.3f) * input_width, random.real(0.2f, 1.3f) * input_height};
  c.region = {0, 0, sizes.image_width, sizes.image_height};
  c.threshold = random.real(0.2f, 0.8f);
  return c;
}

Case random_case(Random& random) {
  const auto size = [&] { return random.integer(1, 50); };
  Case c = make_case(random, random.integer(1, 34), size() / 2 + 1, size() / 2 + 1,
                     {size(), size(), 3 * size(), random.integer(0, 3) == 0 ? 128 : 3 * size()});
  if (random.integer(0, 3) == 0) {  // whole numbers: the box's edge runs along pixels
    c.box = {std::round(c.box.x1), std::round(c.box.y1), std::round(c.box.x2),
             std::round(c.box.y2)};
  }
  if (random.integer(0, 1) == 0) {
    c.region.x = random.integer(0, c.sizes.image_width - 1);
    c.region.y = random.integer(0, c.sizes.image_height - 1);
    c.region.width = random.integer(0, c.sizes.image_width - c.region.x);
    c.region.height = random.integer(0, c.sizes.image_height - c.region.y);
  }
  return c;
}

bool inside(const Box& box, int y, int x) {
  const auto fx = static_cast<float>(x);
  const auto fy = static_cast<float>(y);
  return fx >= box.x1 && fx < box.x2 && fy >= box.y1 && fy < box.y2;
}

struct Tap {
  int source;
  int next;
  float weight0;
  float weight1;
};

Tap tap(int in, int out, int x) {
  const float ratio = out > 1 ? static_cast<float>(in) / static_cast<float>(out) : 0.0f;
  const float position = std::max(ratio * (static_cast<float>(x) + 0.5f) - 0.5f, 0.0f);
  const int source = std::min(static_cast<int>(position), in - 1);
  const float weight1 = position - static_cast<float>(source);
  return {source, std::min(source + 1, in - 1), 1.0f - weight1, weight1};
}

template <typename Value>
struct Plane {
  int height;
  int width;
  std::vector<Value> values;
  Value& at(int y, int x) { return values[static_cast<std::size_t>(y) * width + x]; }
};

// Columns first, then rows, in the precision of Value.
template <typename Value>
Plane<Value> resized(Plane<Value>& from, int height, int width) {
  Plane<Value> to{height, width, std::vector<Value>(static_cast<std::size_t>(height) * width)};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const Tap ty = tap(from.height, height, y);
      const Tap tx = tap(from.width, width, x);
      const Value upper = from.at(ty.source, tx.source) * static_cast<Value>(tx.weight0) +
                          from.at(ty.source, tx.next) * static_cast<Value>(tx.weight1);
      const Value lower = from.at(ty.next, tx.source) * static_cast<Value>(tx.weight0) +
                          from.at(ty.next, tx.next) * static_cast<Value>(tx.weight1);
      to.at(y, x) = upper * static_cast<Value>(ty.weight0) + lower * static_cast<Value>(ty.weight1);
    }
  }
  return to;
}

template <typename Value>
Plane<Value> slow_values(const Case& c, Plane<Value> probabilities) {
  Plane<Value> input = resized(probabilities, c.sizes.input_height, c.sizes.input_width);
  for (int y = 0; y < input.height; ++y) {
    for (int x = 0; x < input.width; ++x) {
      if (!inside(c.box, y, x)) input.at(y, x) = 0;
    }
  }
  return resized(input, c.sizes.image_height, c.sizes.image_width);
}

Plane<float> exact_probabilities(const Case& c) {
  BilinearAxis rows;
  BilinearAxis columns;
  rows.assign(c.height, c.height, 0, c.height);
  columns.assign(c.width, c.width, 0, c.width);
  LogitTile tile;
  tile.assign(c.masks(), c.coefficients.data(), rows, columns);
  tile.to_probabilities();
  Plane<float> plane{c.height, c.width, {}};
  for (int y = 0; y < c.height; ++y) {
    plane.values.insert(plane.values.end(), tile.row(y), tile.row(y) + c.width);
  }
  return plane;
}

Plane<double> real_probabilities(const Case& c) {
  const std::size_t size = static_cast<std::size_t>(c.height) * c.width;
  Plane<double> plane{c.height, c.width, std::vector<double>(size)};
  for (std::size_t i = 0; i < size; ++i) {
    double logit = 0;
    for (int p = 0; p < c.num_prototypes; ++p) {
      logit += static_cast<double>(c.coefficients[static_cast<std::size_t>(p)]) *
               c.prototypes[static_cast<std::size_t>(p) * size + i];
    }
    plane.values[i] = 1 / (1 + std::exp(-logit));
  }
  return plane;
}

std::vector<std::uint8_t> bitmap(const Mask& mask) {
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(mask.image_height()) *
                                   mask.image_width());
  mask.write_bitmap(pixels.data(), mask.image_width());
  return pixels;
}

bool in_region(const Region& region, int y, int x) {
  return y >= region.y && y < region.y + region.height && x >= region.x &&
         x < region.x + region.width;
}

TEST(CroppedMask, HasTheBitsOfItsExactTwin) {
  Random random(71);
  CroppedMaskWorkspace workspace;  // reused from case to case, as in production
  for (int i = 0; i < 400; ++i) {
    const Case c = random_case(random);
    const std::vector<std::uint8_t> pixels = bitmap(c.render(workspace));
    Plane<float> values = slow_values(c, exact_probabilities(c));
    for (int y = 0; y < values.height; ++y) {
      for (int x = 0; x < values.width; ++x) {
        const bool expected = in_region(c.region, y, x) && values.at(y, x) > c.threshold;
        if (pixels[static_cast<std::size_t>(y) * values.width + x] != expected) {
          testing::fail(__FILE__, __LINE__,
                        "case " + std::to_string(i) + ", y " + std::to_string(y) + " x " +
                            std::to_string(x) + ": " + c.describe());
          return;
        }
      }
    }
  }
}

TEST(CroppedMask, IsTheMathematicalDefinition) {
  Random random(72);
  CroppedMaskWorkspace workspace;
  int near_threshold = 0;
  for (int i = 0; i < 100; ++i) {
    const Case c = make_case(random, 32, 20, 30, {80, 120, random.integer(1, 200), 150});
    const std::vector<std::uint8_t> pixels = bitmap(c.render(workspace));
    Plane<double> values = slow_values(c, real_probabilities(c));
    // Logits are sums of 32 products of at most 3 * 2, each rounded; a sigmoid's slope is at most
    // 1/4; sigmoid and two resizes add some units in the last place of numbers up to 1; the weights
    // here are float32 in both.
    constexpr double kRounding = 32 * 32 * 6 * 6e-8 / 4 + 1e-6;
    for (std::size_t p = 0; p < pixels.size(); ++p) {
      if (std::abs(values.values[p] - c.threshold) <= kRounding) {
        ++near_threshold;
        continue;
      }
      if (pixels[p] != (values.values[p] > c.threshold)) {
        testing::fail(__FILE__, __LINE__, "case " + std::to_string(i) + ": " + c.describe());
        return;
      }
    }
  }
  EXPECT_TRUE(near_threshold < 2000);  // of 1.5 million pixels
}

TEST(CroppedMask, RegionHoldsAllForeground) {
  Random random(73);
  CroppedMaskWorkspace workspace;
  for (int i = 0; i < 300; ++i) {
    Case c = random_case(random);
    c.region = {0, 0, c.sizes.image_width, c.sizes.image_height};
    for (float& value : c.coefficients) value = std::abs(value);
    for (float& value : c.prototypes) value = std::abs(value) + 1;  // foreground wherever allowed
    c.threshold = 0.01f;
    const std::vector<std::uint8_t> whole = bitmap(c.render(workspace));
    c.region = cropped_mask_region(c.box, c.sizes);
    EXPECT_TRUE(bitmap(c.render(workspace)) == whole);
  }
}

TEST(CroppedMask, OfABoxBetweenPixelsIsEmpty) {
  Random random(74);
  Case c = make_case(random, 4, 8, 8, {32, 32, 64, 64});
  c.threshold = 0;
  CroppedMaskWorkspace workspace;
  for (const Box& box : {Box{3.2f, 0, 3.8f, 32}, Box{0, 5.5f, 32, 5.6f}, Box{40, 0, 50, 32},
                         Box{20, 0, 10, 32}, Box{-9e30f, 0, -8e30f, 32}}) {
    c.box = box;
    EXPECT_EQ(c.render(workspace).area(), 0);
    EXPECT_TRUE(cropped_mask_region(box, c.sizes) == Region{});
  }
}

TEST(CroppedMask, TakesThinImages) {
  Random random(75);
  CroppedMaskWorkspace workspace;
  for (const auto& [height, width] : {std::pair{1, 1}, {1, 4000}, {4000, 1}}) {
    Case c = make_case(random, 4, 8, 8, {32, 32, height, width});
    c.box = {-1e9f, -1e9f, 1e9f, 1e9f};
    c.threshold = 0;  // every probability is above
    EXPECT_EQ(c.render(workspace).area(), static_cast<std::int64_t>(height) * width);
    EXPECT_TRUE((cropped_mask_region(c.box, c.sizes) == Region{0, 0, width, height}));
  }
}

TEST(CroppedMask, RefusesWhatMakesNoSense) {
  Random random(76);
  CroppedMaskWorkspace workspace;
  Case c = make_case(random, 2, 4, 4, {8, 8, 16, 16});
  c.region = {10, 0, 7, 16};
  EXPECT_THROWS(InvalidArgument, "egion", c.render(workspace));
  c.region = {};
  c.sizes.input_width = 0;
  EXPECT_THROWS(InvalidArgument, "at least 1", c.render(workspace));
}

TEST(CroppedMask, AllocatesTheMaskAloneOnceWarm) {
  Random random(77);
  Case c = make_case(random, 32, 40, 40, {160, 160, 300, 400});
  CroppedMaskWorkspace workspace;
  c.box = {0, 0, 160, 160};
  c.render(workspace);
  c.box = {10, 10, 90, 90};
  const long before = testing::allocation_count();
  const Mask mask = c.render(workspace);
  EXPECT_EQ(testing::allocation_count() - before, 1L);
}

TEST(Sigmoid, IsExactToThreeUnits) {
  const MaskKernels& kernels = INSTSEG_ACTIVE_KERNELS(kMaskKernels);
  std::vector<float> values;
  for (float x = -86; x <= 86; x += 0.0137f) values.push_back(x);
  for (const float x : {0.0f, -0.0f, 1e-30f, 200.0f, -200.0f, 1e30f}) values.push_back(x);
  std::vector<float> found = values;
  kernels.sigmoid(found.data(), found.size());
  std::uint32_t hash = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    // Below -86 the result is no smaller than sigmoid(-87), about the smallest normal number.
    const double x = std::max(static_cast<double>(values[i]), -87.0);
    const double expected = 1 / (1 + std::exp(-x));
    EXPECT_NEAR(found[i], expected, 3 * 1.2e-7 * expected);
    hash = hash * 31 + std::bit_cast<std::uint32_t>(found[i]);
  }
  EXPECT_EQ(hash, 3438565566u);  // the same bits on every instruction set
}

TEST(Sigmoid, KeepsNan) {
  std::vector<float> values(5, std::numeric_limits<float>::quiet_NaN());
  INSTSEG_ACTIVE_KERNELS(kMaskKernels).sigmoid(values.data(), values.size());
  for (const float value : values) EXPECT_TRUE(std::isnan(value));
}

}  // namespace
}  // namespace instseg
