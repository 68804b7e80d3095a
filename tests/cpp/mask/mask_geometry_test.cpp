#include "instseg/mask_geometry.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "mask_cases.h"
#include "testing.h"

namespace instseg {
namespace {

using testing::Bytes;
using testing::Random;

struct Vector {
  double x = 0;
  double y = 0;
};

// The four corners of every foreground pixel.
std::vector<Vector> pixel_corners(const Bytes& image) {
  std::vector<Vector> points;
  for (int y = 0; y <= image.height; ++y) {
    for (int x = 0; x <= image.width; ++x) {
      if (image.get(y - 1, x - 1) || image.get(y - 1, x) || image.get(y, x - 1) ||
          image.get(y, x)) {
        points.push_back({static_cast<double>(x), static_cast<double>(y)});
      }
    }
  }
  return points;
}

// The slow twin: tries the line through every two points that has all others on one side, and lays
// every point onto it.
double smallest_area(const std::vector<Vector>& points) {
  double best = std::numeric_limits<double>::infinity();
  for (const Vector& p : points) {
    for (const Vector& q : points) {
      const Vector side{q.x - p.x, q.y - p.y};
      const double square = side.x * side.x + side.y * side.y;
      if (square == 0) continue;
      double s_min = 0, s_max = 0, t_min = 0, t_max = 0;
      for (const Vector& r : points) {
        const double s = (r.x - p.x) * side.x + (r.y - p.y) * side.y;
        const double t = (r.y - p.y) * side.x - (r.x - p.x) * side.y;
        s_min = std::min(s_min, s);
        s_max = std::max(s_max, s);
        t_min = std::min(t_min, t);
        t_max = std::max(t_max, t);
      }
      if (t_min == 0) best = std::min(best, (s_max - s_min) * t_max / square);
    }
  }
  return best;
}

// "" if `box` is a clockwise rectangle around all points, of the given area, topmost corner first.
std::string fault_of(const std::array<Point, 4>& box, const std::vector<Vector>& points,
                     double area) {
  // Corners are float32 of values up to about 100: half a unit in the last place is 4e-6, and the
  // products below multiply it by sides of up to 50.
  constexpr double kRounding = 1e-3;
  double found = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const Point& a = box[i];
    const Point& b = box[(i + 1) % 4];
    const Point& c = box[(i + 2) % 4];
    const double side = std::hypot(b.x - a.x, b.y - a.y);
    const double turn = (b.x - a.x) * (c.x - b.x) + (b.y - a.y) * (c.y - b.y);
    if (std::abs(turn) > kRounding) return "the corners are not right angles";
    for (const Vector& p : points) {
      const double t = (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x);
      if (t < -kRounding * side) return "a pixel lies outside, or the order is not clockwise";
    }
    if (i == 0) found = side * std::hypot(c.x - b.x, c.y - b.y);
    if (box[i].y < box[0].y) return "the first corner is not the topmost";
  }
  return std::abs(found - area) < kRounding * std::max(1.0, area) ? "" : "another area";
}

TEST(MaskGeometry, BoxesAgreeWithEveryPairOfPoints) {
  Random random(5);
  for (int i = 0; i < 300; ++i) {
    const int height = random.integer(1, 7);
    const int width = random.integer(1, 9);
    const Bytes crop = testing::random_bytes(height, width, random);
    const Mask mask = testing::mask_of(crop, 90, 100, random.integer(0, 90), random.integer(0, 80));
    const std::vector<Vector> points = pixel_corners(testing::bytes_of(mask));
    const auto box = oriented_box(mask);
    ASSERT_EQ(box.has_value(), !points.empty());
    if (box) EXPECT_EQ(fault_of(*box, points, smallest_area(points)), "");
  }
}

// Discs, sticks at an angle and triangles: hulls with many sides.
TEST(MaskGeometry, BoxesOfLargerShapes) {
  for (int degrees = 0; degrees < 180; degrees += 13) {
    const double u = std::cos(degrees * 3.14159265 / 180);
    const double v = std::sin(degrees * 3.14159265 / 180);
    Bytes stick(60, 60);
    for (int y = 0; y < 60; ++y) {
      for (int x = 0; x < 60; ++x) {
        const double along = (x - 29.5) * u + (y - 29.5) * v;
        const double across = (y - 29.5) * u - (x - 29.5) * v;
        stick.at(y, x) = std::abs(along) < 24 && std::abs(across) < 5;
      }
    }
    const auto box = oriented_box(testing::mask_of(stick));
    ASSERT_TRUE(box.has_value());
    const double a = std::hypot((*box)[1].x - (*box)[0].x, (*box)[1].y - (*box)[0].y);
    const double b = std::hypot((*box)[2].x - (*box)[1].x, (*box)[2].y - (*box)[1].y);
    // Pixels that lie half outside the drawn shape add up to sqrt(2) to each side.
    EXPECT_NEAR(std::max(a, b), 48 + 0.7, 0.8);
    EXPECT_NEAR(std::min(a, b), 10 + 0.7, 0.8);
    EXPECT_EQ(fault_of(*box, pixel_corners(stick), a * b), "");
  }
}

TEST(MaskGeometry, AnUprightRectangleIsItsOwnBox) {
  const Mask mask = testing::mask_of(testing::picture("### ###"), 20, 200, 130, 7);
  const auto box = oriented_box(mask);
  ASSERT_TRUE(box.has_value());
  const std::array<Point, 4> expected{{{130, 7}, {133, 7}, {133, 9}, {130, 9}}};
  EXPECT_TRUE(*box == expected);
  EXPECT_TRUE(*centroid(mask) == (Point{131.5f, 8}));
}

TEST(MaskGeometry, ExtentAndCentroidAgreeWithPixelsOneByOne) {
  Random random(6);
  for (int i = 0; i < 300; ++i) {
    const testing::MaskCase c = testing::random_mask(random, 150);
    int left = c.image.width, right = -1, top = c.image.height, bottom = -1;
    double sum_x = 0, sum_y = 0, pixels = 0;
    for (int y = 0; y < c.image.height; ++y) {
      for (int x = 0; x < c.image.width; ++x) {
        if (!c.image.get(y, x)) continue;
        left = std::min(left, x);
        right = std::max(right, x);
        top = std::min(top, y);
        bottom = std::max(bottom, y);
        sum_x += x + 0.5;
        sum_y += y + 0.5;
        pixels += 1;
      }
    }
    const Region expected =
        pixels == 0 ? Region{} : Region{left, top, right - left + 1, bottom - top + 1};
    EXPECT_TRUE(foreground_region(c.mask) == expected);
    const auto centre = centroid(c.mask);
    ASSERT_EQ(centre.has_value(), pixels > 0);
    if (!centre) continue;
    // The sums are exact; the mean is rounded to float32 once, values are below 256.
    EXPECT_NEAR(centre->x, sum_x / pixels, 1e-5);
    EXPECT_NEAR(centre->y, sum_y / pixels, 1e-5);
  }
}

}  // namespace
}  // namespace instseg
