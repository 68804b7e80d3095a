// Two slow twins stand beside render_mask:
//  - exact: float32, the same operations in the same order, pixel by pixel over the whole image.
//  Every
//    bit must be equal, also exactly at the threshold, on every instruction set.
//  - real: the mathematical definition in double precision. A bit may differ only where the exact
//  logit
//    lies so near the threshold that float32 rounding decides; the bound is derived at
//    rounding_bound().
#include "postprocess/mask_render.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "allocation_count.h"
#include "instseg/errors.h"
#include "testing.h"

namespace instseg {
namespace {

using testing::Random;

struct Case {
  int num_prototypes = 0;
  int height = 0;  // of the prototypes
  int width = 0;
  int image_height = 0;
  int image_width = 0;
  Region region;
  float threshold = 0;
  std::vector<float> prototypes;
  std::vector<float> coefficients;

  PrototypeMasks masks() const { return {prototypes.data(), num_prototypes, height, width}; }
  Mask render(MaskRenderWorkspace& workspace) const {
    return render_mask(masks(), coefficients.data(), image_height, image_width, region, threshold,
                       workspace);
  }
  std::string describe() const {
    const auto text = [](int value) { return std::to_string(value); };
    return text(num_prototypes) + " prototypes " + text(height) + "x" + text(width) + ", image " +
           text(image_height) + "x" + text(image_width) + ", region x " + text(region.x) + " y " +
           text(region.y) + " of " + text(region.height) + "x" + text(region.width) +
           ", threshold " + std::to_string(threshold);
  }
  float prototype(int p, int y, int x) const {
    return prototypes[(static_cast<std::size_t>(p) * height + y) * width + x];
  }
};

Case make_case(Random& random, int num_prototypes, int height, int width, int image_height,
               int image_width, const Region& region) {
  Case c{num_prototypes, height, width, image_height, image_width, region, 0, {}, {}};
  c.prototypes.resize(static_cast<std::size_t>(num_prototypes) * height * width);
  for (float& value : c.prototypes) value = random.real(-3, 3);
  c.coefficients.resize(static_cast<std::size_t>(num_prototypes));
  for (float& value : c.coefficients) value = random.real(-2, 2);
  return c;
}

Region random_region(Random& random, int image_height, int image_width) {
  const auto side = [&](int size, int& begin) {
    int length = random.integer(0, 2) == 0 ? size : random.integer(1, size);
    if (random.integer(0, 5) == 0) length = 1;
    begin = random.integer(0, size - length);
    if (random.integer(0, 3) == 0) begin = 0;
    if (random.integer(0, 3) == 0) begin = size - length;
    return length;
  };
  Region region;
  region.width = side(image_width, region.x);
  region.height = side(image_height, region.y);
  return region;
}

Case random_case(Random& random, int max_mask, int max_image) {
  const int image_height = random.integer(1, max_image);
  const int image_width =
      random.integer(0, 3) == 0 ? 64 * random.integer(1, 4) : random.integer(1, max_image);
  Case c = make_case(random, random.integer(1, 34), random.integer(1, max_mask),
                     random.integer(1, max_mask), image_height, image_width,
                     random_region(random, image_height, image_width));
  if (random.integer(0, 2) == 0) c.threshold = random.real(-3, 3);
  if (random.integer(0, 5) == 0) {  // small whole numbers: logits that hit the threshold exactly
    for (float& value : c.prototypes) value = static_cast<float>(random.integer(-1, 1));
    for (float& value : c.coefficients) value = static_cast<float>(random.integer(-1, 1));
    c.threshold = static_cast<float>(random.integer(-1, 1));
  }
  return c;
}

struct Tap {
  int source;
  int next;
  float weight0;
  float weight1;
};

Tap exact_tap(int in, int out, int x) {
  const float ratio = out > 1 ? static_cast<float>(in) / static_cast<float>(out) : 0.0f;
  const float position = std::max(ratio * (static_cast<float>(x) + 0.5f) - 0.5f, 0.0f);
  const int source = std::min(static_cast<int>(position), in - 1);
  const float weight1 = position - static_cast<float>(source);
  return {source, std::min(source + 1, in - 1), 1.0f - weight1, weight1};
}

bool exact_pixel(const Case& c, int y, int x) {
  const auto logit = [&](int row, int column) {
    float sum = 0;
    for (int p = 0; p < c.num_prototypes; ++p) {
      sum = sum + c.coefficients[static_cast<std::size_t>(p)] * c.prototype(p, row, column);
    }
    return sum;
  };
  const Tap ty = exact_tap(c.height, c.image_height, y);
  const Tap tx = exact_tap(c.width, c.image_width, x);
  const float upper =
      logit(ty.source, tx.source) * tx.weight0 + logit(ty.source, tx.next) * tx.weight1;
  const float lower = logit(ty.next, tx.source) * tx.weight0 + logit(ty.next, tx.next) * tx.weight1;
  return upper * ty.weight0 + lower * ty.weight1 > c.threshold;
}

double real_value(const Case& c, int y, int x) {
  const auto logit = [&](int row, int column) {
    double sum = 0;
    for (int p = 0; p < c.num_prototypes; ++p) {
      sum += static_cast<double>(c.coefficients[static_cast<std::size_t>(p)]) *
             c.prototype(p, row, column);
    }
    return sum;
  };
  const auto position = [](int in, int out, int i) {
    if (out == 1) return 0.0;
    return std::clamp((i + 0.5) * in / out - 0.5, 0.0, in - 1.0);
  };
  const double sy = position(c.height, c.image_height, y);
  const double sx = position(c.width, c.image_width, x);
  const int y0 = static_cast<int>(sy);
  const int x0 = static_cast<int>(sx);
  const int y1 = std::min(y0 + 1, c.height - 1);
  const int x1 = std::min(x0 + 1, c.width - 1);
  const double wy = sy - y0;
  const double wx = sx - x0;
  return (logit(y0, x0) * (1 - wx) + logit(y0, x1) * wx) * (1 - wy) +
         (logit(y1, x0) * (1 - wx) + logit(y1, x1) * wx) * wy;
}

// How far the float32 value may be from the real one. With u = 2^-24 and S = the largest sum of
// |coefficient * prototype| over one low-resolution pixel:
//  - a logit is a sum of P products: at most (P + 1) u S off;
//  - positions are at most 3 u (size + 1) off (three roundings, see bilinear_axis_test), and the
//  value
//    changes by at most 2 S from one source pixel to the next, per axis;
//  - the two blends round 3 times each, and both weights once: below 8 u S.
double rounding_bound(const Case& c) {
  double largest = 0;
  for (int y = 0; y < c.height; ++y) {
    for (int x = 0; x < c.width; ++x) {
      double sum = 0;
      for (int p = 0; p < c.num_prototypes; ++p) {
        sum += std::abs(static_cast<double>(c.coefficients[static_cast<std::size_t>(p)]) *
                        c.prototype(p, y, x));
      }
      largest = std::max(largest, sum);
    }
  }
  return 0x1p-24 * largest * (c.num_prototypes + 9 + 2 * 3 * (c.height + c.width + 2));
}

bool pixel(const Mask& mask, int y, int x) {
  const std::uint64_t word =
      mask.row(y - mask.region().y)[static_cast<std::size_t>((x - mask.region().x) / 64)];
  return ((word >> ((x - mask.region().x) % 64)) & 1) != 0;
}

bool tail_bits_are_zero(const Mask& mask) {
  const int used = mask.region().width % 64;
  if (used == 0) return true;
  for (int y = 0; y < mask.region().height; ++y) {
    if ((mask.row(y).back() >> used) != 0) return false;
  }
  return true;
}

bool expect_exact(const Case& c, const Mask& mask) {
  bool same = mask.image_height() == c.image_height && mask.image_width() == c.image_width &&
              mask.region() == c.region && tail_bits_are_zero(mask);
  for (int y = c.region.y; y < c.region.y + c.region.height && same; ++y) {
    for (int x = c.region.x; x < c.region.x + c.region.width && same; ++x) {
      same = pixel(mask, y, x) == exact_pixel(c, y, x);
      if (!same) {
        testing::fail(__FILE__, __LINE__,
                      "pixel y " + std::to_string(y) + " x " + std::to_string(x));
      }
    }
  }
  if (!same) testing::fail(__FILE__, __LINE__, c.describe());
  return same;
}

TEST(RenderMask, IsBitForBitThatOfTheExactTwin) {
  Random random(51);
  MaskRenderWorkspace workspace;  // reused: nothing may stay from one case to the next
  for (int i = 0; i < 250; ++i) {
    const Case c = random_case(random, 40, i % 5 == 0 ? 150 : 60);
    if (!expect_exact(c, c.render(workspace))) return;
  }
}

TEST(RenderMask, ShrinksAndGrowsByAnyFactor) {
  Random random(52);
  MaskRenderWorkspace workspace;
  const int sizes[][2] = {{160, 1},   {160, 2},   {160, 7}, {160, 90}, {160, 159},
                          {160, 160}, {160, 161}, {31, 64}, {17, 128}, {1, 1},
                          {1, 200},   {2, 1},     {3, 1000}};
  for (const auto& [mask_size, image_size] : sizes) {
    for (const bool wide : {false, true}) {
      const int image_height = wide ? 5 : image_size;
      const int image_width = wide ? image_size : 5;
      const Case c = make_case(random, 3, wide ? 4 : mask_size, wide ? mask_size : 4, image_height,
                               image_width, {0, 0, image_width, image_height});
      if (!expect_exact(c, c.render(workspace))) return;
    }
  }
}

TEST(RenderMask, DiffersFromRealNumbersOnlyWhereRoundingDecides) {
  Random random(53);
  MaskRenderWorkspace workspace;
  int pixels = 0;
  int undecided = 0;
  for (int i = 0; i < 120; ++i) {
    Case c = random_case(random, 40, 120);
    c.prototypes = make_case(random, c.num_prototypes, c.height, c.width, 1, 1, {}).prototypes;
    const Mask mask = c.render(workspace);
    const double bound = rounding_bound(c);
    for (int y = c.region.y; y < c.region.y + c.region.height; ++y) {
      for (int x = c.region.x; x < c.region.x + c.region.width; ++x) {
        const double value = real_value(c, y, x) - c.threshold;
        ++pixels;
        if (std::abs(value) <= bound) {
          ++undecided;
        } else if (!EXPECT_EQ(pixel(mask, y, x), value > 0)) {
          testing::fail(__FILE__, __LINE__, c.describe());
          return;
        }
      }
    }
  }
  EXPECT_TRUE(undecided * 1000 < pixels);  // the bound leaves nearly everything decided
}

TEST(RenderMask, OfAPartIsThePartOfTheWhole) {
  Random random(54);
  MaskRenderWorkspace workspace;
  for (int i = 0; i < 60; ++i) {
    Case c = random_case(random, 40, 300);
    const Mask part = c.render(workspace);
    const Region region = c.region;
    c.region = {0, 0, c.image_width, c.image_height};
    const Mask whole = c.render(workspace);
    for (int y = region.y; y < region.y + region.height; ++y) {
      for (int x = region.x; x < region.x + region.width; ++x) {
        ASSERT_EQ(pixel(part, y, x), pixel(whole, y, x));
      }
    }
  }
}

TEST(RenderMask, AtRealSizesAtEveryEdge) {
  Random random(55);
  MaskRenderWorkspace workspace;
  const Region regions[] = {{0, 0, 64, 3},      {1856, 1077, 64, 3}, {1919, 1079, 1, 1},
                            {0, 1079, 1920, 1}, {1919, 0, 1, 1080},  {701, 333, 129, 40},
                            {0, 0, 1, 1},       {3, 0, 63, 2},       {5, 5, 65, 2}};
  for (const Region& region : regions) {
    const Case c = make_case(random, 32, 160, 160, 1080, 1920, region);
    if (!expect_exact(c, c.render(workspace))) return;
  }
}

TEST(RenderMask, IsAllForegroundOrNothingWhereLogitsAre) {
  Random random(56);
  MaskRenderWorkspace workspace;
  for (const float value : {1.0f, -1.0f}) {
    Case c = make_case(random, 1, 20, 20, 100, 130, {10, 5, 70, 90});
    std::fill(c.prototypes.begin(), c.prototypes.end(), 1.0f);
    c.coefficients[0] = value;
    const Mask mask = c.render(workspace);
    EXPECT_EQ(mask.area(), value > 0 ? std::int64_t{70 * 90} : std::int64_t{0});
    EXPECT_TRUE(tail_bits_are_zero(mask));
    // A value that equals the threshold is background; weights of equal values add up to exactly 1.
    c.threshold = value;
    EXPECT_EQ(c.render(workspace).area(), std::int64_t{0});
    // A threshold below every value, and below the unused bits' zeros.
    c.threshold = -2;
    EXPECT_EQ(c.render(workspace).area(), std::int64_t{70 * 90});
    EXPECT_TRUE(tail_bits_are_zero(c.render(workspace)));
  }
}

TEST(RenderMask, OfAnEmptyRegionIsEmpty) {
  Random random(57);
  MaskRenderWorkspace workspace;
  for (const Region& region : {Region{5, 5, 0, 3}, Region{5, 5, 3, 0}, Region{30, 20, 0, 0}}) {
    const Mask mask = make_case(random, 2, 4, 4, 20, 30, region).render(workspace);
    EXPECT_EQ(mask.area(), std::int64_t{0});
    EXPECT_TRUE(mask.region() == region);
  }
}

TEST(RenderMask, TakesNanAsBackgroundAndInfinityAsItIs) {
  Random random(58);
  MaskRenderWorkspace workspace;
  Case c = make_case(random, 1, 3, 3, 3, 3, {0, 0, 3, 3});
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  c.coefficients[0] = 1;
  // With equal sizes the right and lower neighbours have the weight 0, and 0 x infinity is NaN.
  c.prototypes = {1, -1, 1, -infinity, -1, 1, nan, 1, infinity};
  expect_exact(c, c.render(workspace));
  EXPECT_TRUE(!pixel(c.render(workspace), 2, 0));
}

TEST(RenderMask, OfALogitMapIsThatOfOnePrototype) {
  Random random(59);
  MaskRenderWorkspace workspace;
  for (int i = 0; i < 100; ++i) {
    Case c = random_case(random, 50, 120);
    c.num_prototypes = 1;
    c.coefficients = {1.0f};
    c.prototypes.resize(static_cast<std::size_t>(c.height) * c.width);
    const Mask expected = c.render(workspace);
    const int stride = c.width + random.integer(0, 3);
    std::vector<float> padded(static_cast<std::size_t>(c.height) * stride, 1e30f);
    for (int y = 0; y < c.height; ++y) {
      for (int x = 0; x < c.width; ++x) padded[y * stride + x] = c.prototype(0, y, x);
    }
    const LogitMap map{padded.data(), c.height, c.width, stride};
    if (!EXPECT_TRUE(render_mask(map, c.image_height, c.image_width, c.region, c.threshold,
                                 workspace) == expected)) {
      testing::fail(__FILE__, __LINE__, c.describe());
      return;
    }
  }
}

TEST(RenderMask, RefusesBadSizes) {
  Random random(60);
  MaskRenderWorkspace workspace;
  Case c = make_case(random, 2, 4, 4, 20, 30, {0, 0, 31, 20});
  EXPECT_THROWS(InvalidArgument, "inside the image", c.render(workspace));
  c.region = {0, 0, 30, 20};
  c.height = 0;
  EXPECT_THROWS(InvalidArgument, "at least one row", c.render(workspace));
}

TEST(RenderMask, AllocatesOnlyTheMaskOnceWarm) {
  Random random(61);
  MaskRenderWorkspace workspace;
  Case c = make_case(random, 32, 160, 160, 480, 640, {0, 0, 640, 480});
  c.render(workspace);
  for (int i = 0; i < 20; ++i) {
    c.region = random_region(random, 480, 640);
    const long before = testing::allocation_count();
    const Mask mask = c.render(workspace);
    EXPECT_EQ(testing::allocation_count() - before, 1L);
  }
}

}  // namespace
}  // namespace instseg
