#include "families/whole_image_mask.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "testing.h"

namespace instseg {
namespace {

using testing::Random;

std::vector<std::uint8_t> bitmap_of(const Mask& mask) {
  std::vector<std::uint8_t> bitmap(static_cast<std::size_t>(mask.image_height()) *
                                   static_cast<std::size_t>(mask.image_width()));
  mask.write_bitmap(bitmap.data(), mask.image_width());
  return bitmap;
}

struct Case {
  int num_prototypes;
  int height;
  int width;
  int image_height;
  int image_width;
  float threshold;
  std::vector<float> prototypes;
  std::vector<float> coefficients;

  PrototypeMasks masks() const { return {prototypes.data(), num_prototypes, height, width}; }
};

Case random_case(Random& random, int max_mask, int max_image) {
  Case c{random.integer(1, 5),
         random.integer(1, max_mask),
         random.integer(1, max_mask),
         random.integer(1, max_image),
         random.integer(1, max_image),
         random.integer(0, 1) == 0 ? 0.0f : random.real(-2, 2),
         {},
         {}};
  c.coefficients.resize(static_cast<std::size_t>(c.num_prototypes));
  for (float& value : c.coefficients) value = random.real(-1, 1);
  // Mostly background with a few spots, so that the extent is a part of the image.
  c.prototypes.assign(static_cast<std::size_t>(c.num_prototypes * c.height * c.width), -3.0f);
  for (float& value : c.coefficients) value = std::abs(value);
  for (int i = random.integer(0, 4); i > 0; --i) {
    c.prototypes[static_cast<std::size_t>(
        random.integer(0, static_cast<int>(c.prototypes.size()) - 1))] = random.real(-3, 40);
  }
  return c;
}

// Empty where the mask is that of render_mask over the whole image.
std::string fault_of(const Case& c, WholeImageMaskWorkspace& workspace) {
  MaskRenderWorkspace render;
  const Mask whole = render_mask(c.masks(), c.coefficients.data(), c.image_height, c.image_width,
                                 {0, 0, c.image_width, c.image_height}, c.threshold, render);
  const Mask mask = render_whole_image_mask(c.masks(), c.coefficients.data(), c.image_height,
                                            c.image_width, c.threshold, workspace);
  if (mask.image_height() != c.image_height || mask.image_width() != c.image_width) return "size";
  if (bitmap_of(mask) == bitmap_of(whole)) return "";
  return std::to_string(c.num_prototypes) + " prototypes " + std::to_string(c.height) + "x" +
         std::to_string(c.width) + ", image " + std::to_string(c.image_height) + "x" +
         std::to_string(c.image_width) + ", threshold " + std::to_string(c.threshold);
}

TEST(WholeImageMask, ShowsTheSamePixelsAsTheWholeImageRendered) {
  Random random(81);
  WholeImageMaskWorkspace workspace;
  for (int i = 0; i < 400; ++i) {
    if (!EXPECT_EQ(fault_of(random_case(random, 24, i % 4 == 0 ? 300 : 60), workspace), "")) return;
  }
}

TEST(WholeImageMask, OfEverySinglePixelReachesFarEnough) {
  WholeImageMaskWorkspace workspace;
  const int sizes[][2] = {{1, 1}, {1, 50}, {2, 1},   {3, 200}, {7, 3},
                          {7, 7}, {7, 8},  {10, 97}, {16, 5},  {16, 1000}};
  for (const auto& [in, out] : sizes) {
    for (int spot = 0; spot < in; ++spot) {
      for (const float value : {1.0f, 1e20f}) {
        Case c{1, 1, in, 1, out, 0, std::vector<float>(static_cast<std::size_t>(in), -1.0f), {1}};
        c.prototypes[static_cast<std::size_t>(spot)] = value;
        if (!EXPECT_EQ(fault_of(c, workspace), "")) return;
        std::swap(c.height, c.width);
        std::swap(c.image_height, c.image_width);
        if (!EXPECT_EQ(fault_of(c, workspace), "")) return;
      }
    }
  }
}

// Positions are computed in float32: in a strip of millions of pixels they are off by many pixels.
TEST(WholeImageMask, ReachesFarEnoughInGiganticImages) {
  WholeImageMaskWorkspace workspace;
  for (const int out : {5'000'000, 40'000'000}) {
    for (const int spot : {3, 80, 157}) {
      Case c{1, 1, 160, 1, out, 0, std::vector<float>(160, -1e-6f), {1}};
      c.prototypes[static_cast<std::size_t>(spot)] = 1e20f;
      if (!EXPECT_EQ(fault_of(c, workspace), "")) return;
    }
  }
}

TEST(WholeImageMask, StoresOnlyWhereForegroundCanBe) {
  WholeImageMaskWorkspace workspace;
  Case c{1, 16, 16, 160, 320, 0, std::vector<float>(256, -1.0f), {1}};
  EXPECT_TRUE(
      render_whole_image_mask(c.masks(), c.coefficients.data(), 160, 320, 0, workspace).region() ==
      Region{});
  c.prototypes[5 * 16 + 9] = 1;
  const Region region =
      render_whole_image_mask(c.masks(), c.coefficients.data(), 160, 320, 0, workspace).region();
  // The low-resolution pixel covers rows 50 to 60 and columns 180 to 200, its neighbours as much on
  // each side, and there are two pixels of leeway.
  EXPECT_TRUE(region.y >= 43 && region.y + region.height <= 67);
  EXPECT_TRUE(region.x >= 168 && region.x + region.width <= 212);
}

TEST(WholeImageMask, TakesExtremeThresholdsAndValues) {
  Random random(82);
  WholeImageMaskWorkspace workspace;
  const float inf = std::numeric_limits<float>::infinity();
  for (const float threshold : {inf, -inf, 3e38f, -3e38f, 1e-40f, -1e-40f}) {
    Case c = random_case(random, 9, 40);
    c.threshold = threshold;
    EXPECT_EQ(fault_of(c, workspace), "");
    c.coefficients[0] = 3e38f;  // logits overflow
    EXPECT_EQ(fault_of(c, workspace), "");
  }
}

TEST(WholeImageMask, FindsValuesJustAboveTheThreshold) {
  // All values equal: rounding may carry the blend over or under them, by less than 1e-6 of it.
  Random random(83);
  WholeImageMaskWorkspace workspace;
  for (int i = 0; i < 200; ++i) {
    Case c{1, 5, 6, 37, 41, random.real(-9, 9), std::vector<float>(30), {1}};
    for (float& value : c.prototypes) {
      value = c.threshold;
      for (int k = random.integer(-2, 2); k != 0; k += k < 0 ? 1 : -1) {
        value = std::nextafter(value, k < 0 ? -HUGE_VALF : HUGE_VALF);
      }
    }
    if (!EXPECT_EQ(fault_of(c, workspace), "")) return;
  }
}

}  // namespace
}  // namespace instseg
