#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "instseg/errors.h"
#include "preprocess/preprocess.h"
#include "resize_reference.h"
#include "testing.h"

namespace instseg {
namespace {

using testing::Picture;
using testing::Random;

constexpr PixelFormat kFormats[] = {PixelFormat::kGray, PixelFormat::kBgr, PixelFormat::kBgra};
constexpr Interpolation kInterpolations[] = {Interpolation::kNearest, Interpolation::kBilinear,
                                             Interpolation::kBicubic};

std::vector<std::uint8_t> resized(const ImageView& image, int height, int width,
                                  Interpolation interpolation, const ThreadPool& pool,
                                  PreprocessWorkspace& workspace) {
  const std::size_t size = static_cast<std::size_t>(height) * static_cast<std::size_t>(width) *
                           static_cast<std::size_t>(num_channels(image.format));
  std::vector<std::uint8_t> out(size, 0xAA);
  resize(image, height, width, interpolation, out.data(), workspace, pool);
  return out;
}

std::string describe(const Picture& picture, int height, int width, Interpolation interpolation) {
  return std::to_string(picture.height) + "x" + std::to_string(picture.width) + "x" +
         std::to_string(num_channels(picture.format)) + " to " + std::to_string(height) + "x" +
         std::to_string(width) + ", interpolation " +
         std::to_string(static_cast<int>(interpolation));
}

// One workspace for all calls: what earlier sizes left in it must not show.
void expect_reference(const Picture& picture, int height, int width,
                      PreprocessWorkspace& workspace) {
  static const ThreadPool pool(1);
  for (const Interpolation interpolation : kInterpolations) {
    const auto fast = resized(picture.view(), height, width, interpolation, pool, workspace);
    const auto slow = testing::resize_reference(picture, height, width, interpolation);
    if (fast == slow) continue;
    const auto at = std::mismatch(fast.begin(), fast.end(), slow.begin()).first - fast.begin();
    testing::fail(__FILE__, __LINE__,
                  describe(picture, height, width, interpolation) + ": value " +
                      std::to_string(at) + " is " +
                      std::to_string(fast[static_cast<std::size_t>(at)]) + ", not " +
                      std::to_string(slow[static_cast<std::size_t>(at)]));
  }
}

TEST(Resize, EqualsTheReferenceAtRandomSizes) {
  Random random(1);
  PreprocessWorkspace workspace;
  for (int i = 0; i < 150; ++i) {
    const PixelFormat format = kFormats[i % 3];
    const Picture picture = testing::random_picture(
        random, random.integer(1, 60), random.integer(1, 60), format, random.integer(0, 9));
    expect_reference(picture, random.integer(1, 60), random.integer(1, 60), workspace);
  }
}

TEST(Resize, EqualsTheReferenceAtEveryWidthAroundTheVectors) {
  // Vectors hold 2, 4, 8 and 32 values; loads of 8 and 16 bytes end at the row's last pixel.
  Random random(2);
  PreprocessWorkspace workspace;
  for (const PixelFormat format : kFormats) {
    const Picture wide = testing::random_picture(random, 5, 41, format);
    for (int width = 1; width <= 40; ++width) expect_reference(wide, 3, width, workspace);
    for (int source = 1; source <= 20; ++source) {
      expect_reference(testing::random_picture(random, 4, source, format), 3, 23, workspace);
    }
  }
}

TEST(Resize, EqualsTheReferenceOnThinImages) {
  Random random(3);
  PreprocessWorkspace workspace;
  for (const PixelFormat format : kFormats) {
    for (const auto& [height, width] :
         {std::pair{1, 1}, {1, 50}, {50, 1}, {2, 3}, {3, 40}, {40, 3}}) {
      const Picture picture = testing::random_picture(random, height, width, format);
      for (const auto& [h, w] : {std::pair{1, 1}, {7, 1}, {1, 7}, {9, 33}, {64, 48}}) {
        expect_reference(picture, h, w, workspace);
      }
    }
  }
}

TEST(Resize, EqualsTheReferenceAtRealRatios) {
  Random random(4);
  PreprocessWorkspace workspace;
  // 1080p to 640 x 640, half, quarter and double size, each a tenth of its length.
  expect_reference(testing::random_picture(random, 108, 192, PixelFormat::kBgr), 64, 64, workspace);
  expect_reference(testing::random_picture(random, 128, 96, PixelFormat::kBgr), 64, 48, workspace);
  expect_reference(testing::random_picture(random, 256, 128, PixelFormat::kBgr), 64, 32, workspace);
  expect_reference(testing::random_picture(random, 30, 44, PixelFormat::kBgr), 60, 88, workspace);
}

TEST(Resize, BicubicRoundsTheExactValue) {
  // float32 sums of values below 2^9 are off by less than 1e-4, so only a value that close to a
  // half may be rounded to the other side: expected once in 5000 values, allowed 20 times as often.
  Random random(5);
  PreprocessWorkspace workspace;
  const ThreadPool pool(1);
  for (const auto& [height, width] : {std::pair{64, 64}, {150, 131}, {40, 90}}) {
    const Picture picture = testing::random_picture(random, 97, 111, PixelFormat::kBgr);
    const auto fast =
        resized(picture.view(), height, width, Interpolation::kBicubic, pool, workspace);
    const auto exact = testing::bicubic_in_double(picture, height, width);
    int others = 0;
    for (std::size_t i = 0; i < fast.size(); ++i) {
      const double value = std::clamp(exact[i], 0.0, 255.0);
      if (std::abs(fast[i] - value) > 0.5) ++others;
      ASSERT_TRUE(std::abs(fast[i] - value) < 0.5 + 1e-4);
    }
    EXPECT_TRUE(others <= static_cast<int>(fast.size() / 250));
  }
}

TEST(Resize, OfOneColourIsThatColour) {
  PreprocessWorkspace workspace;
  const ThreadPool pool(1);
  for (const int colour : {0, 1, 127, 254, 255}) {
    Picture picture{33, 47, PixelFormat::kBgr, 141, {}};
    picture.bytes.assign(33 * 141, static_cast<std::uint8_t>(colour));
    for (const Interpolation interpolation : kInterpolations) {
      const auto out = resized(picture.view(), 71, 20, interpolation, pool, workspace);
      EXPECT_TRUE(std::all_of(out.begin(), out.end(), [=](int byte) { return byte == colour; }));
    }
  }
}

TEST(Resize, ToTheSameSizeCopies) {
  Random random(6);
  PreprocessWorkspace workspace;
  const ThreadPool pool(1);
  for (const PixelFormat format : kFormats) {
    const Picture picture = testing::random_picture(random, 37, 29, format);
    for (const Interpolation interpolation : kInterpolations) {
      EXPECT_TRUE(resized(picture.view(), 37, 29, interpolation, pool, workspace) == picture.bytes);
    }
  }
}

TEST(Resize, GivesTheSameForAnyNumberOfThreads) {
  Random random(7);
  const Picture picture = testing::random_picture(random, 301, 203, PixelFormat::kBgr);
  for (const Interpolation interpolation : kInterpolations) {
    PreprocessWorkspace alone;
    const auto expected = resized(picture.view(), 407, 111, interpolation, ThreadPool(1), alone);
    for (const int threads : {2, 3, 8}) {
      PreprocessWorkspace workspace;
      const ThreadPool pool(threads);
      for (int round = 0; round < 5; ++round) {
        EXPECT_TRUE(resized(picture.view(), 407, 111, interpolation, pool, workspace) == expected);
      }
    }
  }
}

TEST(Resize, ReadsAnImageStoredFromItsBottomRowUp) {
  Random random(8);
  PreprocessWorkspace workspace;
  const ThreadPool pool(1);
  const Picture picture = testing::random_picture(random, 20, 16, PixelFormat::kBgr);
  Picture flipped = picture;
  for (int y = 0; y < 20; ++y) {
    std::copy_n(picture.bytes.begin() + y * 48, 48, flipped.bytes.begin() + (19 - y) * 48);
  }
  ImageView upside_down = flipped.view();
  upside_down.data += 19 * 48;
  upside_down.row_stride_bytes = -48;
  for (const Interpolation interpolation : kInterpolations) {
    EXPECT_TRUE(resized(upside_down, 13, 11, interpolation, pool, workspace) ==
                resized(picture.view(), 13, 11, interpolation, pool, workspace));
  }
}

TEST(Resize, RefusesSizesBelowOne) {
  PreprocessWorkspace workspace;
  const ThreadPool pool(1);
  const std::uint8_t pixel[3] = {1, 2, 3};
  std::uint8_t out[3];
  const ImageView image{pixel, 1, 1, PixelFormat::kBgr, 0};
  EXPECT_THROWS(InvalidArgument, "0 x 1",
                resize(image, 0, 1, Interpolation::kNearest, out, workspace, pool));
  EXPECT_THROWS(InvalidArgument, "1 x -5",
                resize(image, 1, -5, Interpolation::kNearest, out, workspace, pool));
  EXPECT_THROWS(InvalidArgument, "null",
                resize({nullptr, 1, 1, PixelFormat::kBgr, 0}, 1, 1, Interpolation::kNearest, out,
                       workspace, pool));
}

}  // namespace
}  // namespace instseg
