// Sets of pixels against the same, pixel by pixel.
#include "instseg/mask_sets.h"

#include <array>
#include <climits>
#include <vector>

#include "instseg/errors.h"
#include "instseg/mask_geometry.h"
#include "mask_cases.h"
#include "testing.h"

namespace instseg {
namespace {

using testing::Bytes;
using testing::Random;

// A mask whose region lies anywhere in an image of the given size.
Mask random_part(int image_height, int image_width, Random& random, Bytes& image) {
  const int height = random.integer(0, image_height);
  const int width = random.integer(0, image_width);
  const int y = random.integer(0, image_height - height);
  const int x = random.integer(0, image_width - width);
  const Bytes crop = testing::random_bytes(height, width, random);
  image = Bytes(image_height, image_width);
  for (int r = 0; r < height; ++r) {
    for (int c = 0; c < width; ++c) image.at(y + r, x + c) = crop.get(r, c) != 0;
  }
  return testing::mask_of(crop, image_height, image_width, x, y);
}

std::int64_t count(const Bytes& image, auto&& inside) {
  std::int64_t pixels = 0;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) pixels += image.get(y, x) != 0 && inside(y, x);
  }
  return pixels;
}

TEST(MaskSets, AgreeWithPixelsOneByOne) {
  Random random(11);
  for (int i = 0; i < 400; ++i) {
    const int height = random.integer(1, 40);
    const int width = random.integer(1, 300);
    std::vector<Bytes> images(3, Bytes(0, 0));
    std::vector<Mask> masks;
    for (Bytes& image : images) masks.push_back(random_part(height, width, random, image));

    EXPECT_EQ(intersection_area(masks[0], masks[1]),
              count(images[0], [&](int y, int x) { return images[1].get(y, x) != 0; }));

    const Region region{random.integer(-20, width + 20), random.integer(-20, height + 20),
                        random.integer(0, width), random.integer(0, height)};
    EXPECT_EQ(area_inside(masks[0], region), count(images[0], [&](int y, int x) {
                return x >= region.x && x < region.x + region.width && y >= region.y &&
                       y < region.y + region.height;
              }));

    const std::array<const Mask*, 3> all{&masks[0], &masks[1], &masks[2]};
    const Mask whole = united(all);
    Bytes expected(height, width);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        for (const Bytes& image : images) expected.at(y, x) |= image.get(y, x) != 0;
      }
    }
    ASSERT_TRUE(testing::bytes_of(whole) == expected);
    EXPECT_TRUE(whole.region() == foreground_region(whole));

    const int dx = random.integer(0, 100);
    const int dy = random.integer(0, 100);
    const Mask there = moved(masks[0], height + 100, width + 100, dx, dy);
    EXPECT_EQ(there.area(), masks[0].area());
    const Bytes seen = testing::bytes_of(there);
    EXPECT_EQ(count(seen, [&](int y, int x) { return images[0].get(y - dy, x - dx) != 0; }),
              masks[0].area());
    EXPECT_TRUE(moved(there, height, width, -dx, -dy) == masks[0]);
  }
}

TEST(MaskSets, RegionsMayReachToTheEndOfInt) {
  const Mask full = testing::mask_of(testing::picture("### ### ###"));
  EXPECT_EQ(area_inside(full, {INT_MIN, 0, INT_MAX, 3}), 0);
  EXPECT_EQ(area_inside(full, {1, 1, INT_MAX, INT_MAX}), 4);
}

TEST(MaskSets, RefuseWhatDoesNotFitTogether) {
  const Mask a(3, 4, {0, 0, 4, 3});
  const Mask b(4, 3, {0, 0, 3, 4});
  const std::array<const Mask*, 2> both{&a, &b};
  EXPECT_THROWS(InvalidArgument, "different sizes", intersection_area(a, b));
  EXPECT_THROWS(InvalidArgument, "height 4, width 3", united(both));
  EXPECT_THROWS(InvalidArgument, "at least one", united({}));
  EXPECT_THROWS(InvalidArgument, "inside the image", moved(a, 3, 4, 1, 0));
  EXPECT_THROWS(InvalidArgument, "outside the image", moved(a, 3, 4, -1, 0));
  EXPECT_THROWS(InvalidArgument, "outside the image",
                moved(Mask(3, 4, {1, 0, 1, 1}), 3, 4, INT_MAX, 0));
}

TEST(MaskSets, OfNothingAreNothing) {
  const Mask empty(5, 6, {0, 0, 6, 5});
  const Mask none(5, 6, {3, 3, 0, 0});
  const std::array<const Mask*, 2> both{&empty, &none};
  EXPECT_TRUE(united(both) == Mask(5, 6, {0, 0, 0, 0}));
  EXPECT_EQ(intersection_area(empty, none), 0);
  EXPECT_EQ(area_inside(none, {0, 0, 6, 5}), 0);
}

}  // namespace
}  // namespace instseg
