#include <vector>

#include "instseg/mask.h"
#include "mask_cases.h"
#include "polygon_checks.h"
#include "testing.h"

namespace instseg {
namespace {

using testing::Bytes;
using testing::mask_of;
using testing::picture;
using testing::Random;
using Ring = std::vector<PolygonVertex>;

TEST(Polygons, OfOnePixelIsItsSquare) {
  const auto polygons = mask_of(picture("#"), 9, 9, 5, 3).polygons();
  ASSERT_EQ(polygons.size(), std::size_t{1});
  EXPECT_TRUE((polygons[0].exterior == Ring{{5, 3}, {6, 3}, {6, 4}, {5, 4}}));
  EXPECT_TRUE(polygons[0].holes.empty());
}

TEST(Polygons, OfBackgroundAreNone) {
  EXPECT_TRUE(mask_of(picture("... ...")).polygons().empty());
  EXPECT_TRUE(Mask(5, 5, {2, 2, 0, 3}).polygons().empty());
  EXPECT_TRUE(Mask(5, 5, {2, 2, 3, 0}).polygons().empty());
}

TEST(Polygons, TurnOnlyAtCorners) {
  const auto polygons = mask_of(picture("##.. #### ####")).polygons();
  ASSERT_EQ(polygons.size(), std::size_t{1});
  EXPECT_TRUE((polygons[0].exterior == Ring{{0, 0}, {2, 0}, {2, 1}, {4, 1}, {4, 3}, {0, 3}}));
}

TEST(Polygons, KeepHolesAndTheIslandsInThem) {
  const auto polygons = mask_of(picture("##### #...# #.#.# #...# #####")).polygons();
  ASSERT_EQ(polygons.size(), std::size_t{2});
  EXPECT_TRUE((polygons[0].exterior == Ring{{0, 0}, {5, 0}, {5, 5}, {0, 5}}));
  ASSERT_EQ(polygons[0].holes.size(), std::size_t{1});
  EXPECT_TRUE((polygons[0].holes[0] == Ring{{1, 1}, {1, 4}, {4, 4}, {4, 1}}));
  EXPECT_TRUE((polygons[1].exterior == Ring{{2, 2}, {3, 2}, {3, 3}, {2, 3}}));
}

TEST(Polygons, SeparatePixelsThatTouchAtACorner) {
  for (const char* text : {"#. .#", ".# #."}) {
    EXPECT_EQ(mask_of(picture(text)).polygons().size(), std::size_t{2});
  }
}

TEST(Polygons, SplitARingThatTouchesItself) {
  // The hole touches the outside at (1, 1) ...
  const auto outside = mask_of(picture(".## #.# ###")).polygons();
  ASSERT_EQ(outside.size(), std::size_t{1});
  EXPECT_TRUE((outside[0].exterior == Ring{{1, 0}, {3, 0}, {3, 3}, {0, 3}, {0, 1}, {1, 1}}));
  ASSERT_EQ(outside[0].holes.size(), std::size_t{1});
  EXPECT_TRUE((outside[0].holes[0] == Ring{{1, 1}, {1, 2}, {2, 2}, {2, 1}}));
  // ... and here two holes touch each other at (2, 2).
  const auto holes = mask_of(picture("#### #.## ##.# ####")).polygons();
  ASSERT_EQ(holes.size(), std::size_t{1});
  ASSERT_EQ(holes[0].holes.size(), std::size_t{2});
  EXPECT_TRUE((holes[0].holes[0] == Ring{{1, 1}, {1, 2}, {2, 2}, {2, 1}}));
  EXPECT_TRUE((holes[0].holes[1] == Ring{{2, 2}, {2, 3}, {3, 3}, {3, 2}}));
}

TEST(Polygons, AreRightForEveryMaskOf4x4) {
  for (unsigned bits = 0; bits < 65536; ++bits) {
    Bytes image(4, 4);
    for (int i = 0; i < 16; ++i) image.at(i / 4, i % 4) = (bits >> i) & 1;
    const std::string fault = testing::polygons_fault(mask_of(image).polygons(), image);
    if (!EXPECT_EQ(fault, "")) {
      testing::fail(__FILE__, __LINE__, "mask " + std::to_string(bits));
      return;
    }
  }
}

TEST(Polygons, AreRightForEveryRingOf5x5) {
  // All inner 3x3 patterns times all patterns of the four sides' middles: holes that touch each
  // other, islands and the outside in every way.
  for (unsigned bits = 0; bits < 8192; ++bits) {
    Bytes image(5, 5);
    for (int i = 0; i < 25; ++i) image.at(i / 5, i % 5) = 1;
    for (int i = 0; i < 9; ++i) image.at(1 + i / 3, 1 + i % 3) = (bits >> i) & 1;
    image.at(0, 2) = (bits >> 9) & 1;
    image.at(2, 0) = (bits >> 10) & 1;
    image.at(4, 2) = (bits >> 11) & 1;
    image.at(4, 4) = (bits >> 12) & 1;
    const std::string fault = testing::polygons_fault(mask_of(image).polygons(), image);
    if (!EXPECT_EQ(fault, "")) {
      testing::fail(__FILE__, __LINE__, "mask " + std::to_string(bits));
      return;
    }
  }
}

TEST(Polygons, AreTheSameWhereverTheRegionStarts) {
  Random random(21);
  for (int i = 0; i < 50; ++i) {
    const Bytes crop = testing::random_bytes(30, 130, random);
    const auto here = mask_of(crop, 60, 300, 0, 0).polygons();
    auto there = mask_of(crop, 60, 300, 70, 30).polygons();
    for (Polygon& polygon : there) {
      const auto move_back = [](Ring& ring) {
        for (PolygonVertex& vertex : ring) vertex = {vertex.x - 70, vertex.y - 30};
      };
      move_back(polygon.exterior);
      for (Ring& hole : polygon.holes) move_back(hole);
    }
    EXPECT_TRUE(here == there);
  }
}

TEST(Polygons, OfACheckerboardAreOnePerPixel) {
  Bytes image(700, 700);
  for (int y = 0; y < 700; ++y) {
    for (int x = 0; x < 700; ++x) image.at(y, x) = (x + y) % 2 == 0;
  }
  const auto polygons = mask_of(image).polygons();
  ASSERT_EQ(polygons.size(), std::size_t{700 * 700 / 2});
  for (const Polygon& polygon : polygons) {
    if (polygon.exterior.size() != 4 || !polygon.holes.empty()) {
      testing::fail(__FILE__, __LINE__, "a polygon is not a square");
      return;
    }
  }
}

}  // namespace
}  // namespace instseg
