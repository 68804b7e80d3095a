#include "preprocess/preprocess.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <thread>
#include <vector>

#include "instseg/errors.h"
#include "resize_reference.h"
#include "testing.h"

namespace instseg {
namespace {

using testing::Picture;
using testing::Random;

constexpr PixelFormat kFormats[] = {PixelFormat::kBgr, PixelFormat::kRgb, PixelFormat::kGray,
                                    PixelFormat::kBgra, PixelFormat::kRgba};

PreprocessSpec imagenet(int height, int width) {
  PreprocessSpec spec{.height = height, .width = width, .keep_ratio = true};
  spec.mean = {0.485, 0.456, 0.406};
  spec.std = {0.229, 0.224, 0.225};
  spec.pad_stride = 32;
  return spec;
}

std::vector<float> network_input(const ImageView& image, const PreprocessSpec& spec,
                                 PreprocessWorkspace& workspace, const ThreadPool& pool) {
  const NetworkSize size = network_size(spec, image.height, image.width);
  // NaN shows whatever is not written.
  std::vector<float> out(3 * static_cast<std::size_t>(size.padded_height) *
                             static_cast<std::size_t>(size.padded_width),
                         std::numeric_limits<float>::quiet_NaN());
  preprocess(image, spec, out.data(), workspace, pool);
  return out;
}

TEST(Preprocess, EqualsTheReference) {
  Random random(1);
  const ThreadPool pool(1);
  PreprocessWorkspace workspace;
  for (const PixelFormat format : kFormats) {
    for (const Interpolation interpolation :
         {Interpolation::kNearest, Interpolation::kBilinear, Interpolation::kBicubic}) {
      for (const bool before : {false, true}) {
        for (const bool rgb : {false, true}) {
          for (const auto& [height, width] : {std::pair{31, 47}, {53, 20}, {3, 17}, {1, 1}}) {
            const Picture picture =
                testing::random_picture(random, height, width, format, random.integer(0, 5));
            PreprocessSpec spec = imagenet(40, 61);
            spec.interpolation = interpolation;
            spec.normalize_before_resize = before;
            spec.rgb = rgb;
            const auto fast = network_input(picture.view(), spec, workspace, pool);
            const auto slow = testing::preprocess_reference(picture, spec);
            ASSERT_EQ(fast.size(), slow.size());
            for (std::size_t i = 0; i < fast.size(); ++i) {
              if (fast[i] == slow[i]) continue;
              testing::fail(__FILE__, __LINE__,
                            "value " + std::to_string(i) + " is " + testing::show(fast[i]) +
                                ", not " + testing::show(slow[i]) + "; format " +
                                std::to_string(static_cast<int>(format)) + ", interpolation " +
                                std::to_string(static_cast<int>(interpolation)) + ", before " +
                                std::to_string(before) + ", height " + std::to_string(height));
              break;
            }
          }
        }
      }
    }
  }
}

TEST(Preprocess, OfMaskRtDetrDividesBy255) {
  // RGB from a BGR image of the network's own size: every value is a byte times float32(1 / 255).
  Random random(2);
  const ThreadPool pool(1);
  PreprocessWorkspace workspace;
  const Picture picture = testing::random_picture(random, 24, 40, PixelFormat::kBgr);
  const PreprocessSpec spec{.height = 24, .width = 40};
  const auto out = network_input(picture.view(), spec, workspace, pool);
  for (int c = 0; c < 3; ++c) {
    for (int y = 0; y < 24; ++y) {
      for (int x = 0; x < 40; ++x) {
        const float value = out[static_cast<std::size_t>((c * 24 + y) * 40 + x)];
        ASSERT_EQ(value, static_cast<float>(picture.at(y, x, 2 - c)) * (1.0f / 255.0f));
      }
    }
  }
}

TEST(Preprocess, PadsWithZerosAfterNormalisation) {
  Random random(3);
  const ThreadPool pool(2);
  PreprocessWorkspace workspace;
  const Picture picture = testing::random_picture(random, 50, 70, PixelFormat::kBgr);
  for (const bool before : {false, true}) {
    PreprocessSpec spec = imagenet(40, 61);
    spec.normalize_before_resize = before;
    const NetworkSize size = network_size(spec, 50, 70);
    EXPECT_TRUE((size == NetworkSize{40, 56, 64, 64}));
    const auto out = network_input(picture.view(), spec, workspace, pool);
    for (int c = 0; c < 3; ++c) {
      for (int y = 0; y < 64; ++y) {
        for (int x = 0; x < 64; ++x) {
          if (y < 40 && x < 56) continue;
          ASSERT_EQ(out[static_cast<std::size_t>((c * 64 + y) * 64 + x)], 0.0f);
        }
      }
    }
  }
}

TEST(Preprocess, OfGreyEqualsThatOfThreeEqualChannels) {
  Random random(4);
  const ThreadPool pool(1);
  PreprocessWorkspace workspace;
  const Picture grey = testing::random_picture(random, 33, 21, PixelFormat::kGray);
  Picture colour{33, 21, PixelFormat::kRgb, 63, {}};
  for (const std::uint8_t byte : grey.bytes) colour.bytes.insert(colour.bytes.end(), 3, byte);
  for (const bool before : {false, true}) {
    PreprocessSpec spec = imagenet(40, 61);
    spec.normalize_before_resize = before;
    EXPECT_TRUE(network_input(grey.view(), spec, workspace, pool) ==
                network_input(colour.view(), spec, workspace, pool));
  }
}

TEST(Preprocess, IgnoresAlpha) {
  Random random(5);
  const ThreadPool pool(1);
  PreprocessWorkspace workspace;
  Picture picture = testing::random_picture(random, 33, 21, PixelFormat::kBgra);
  const auto before = network_input(picture.view(), imagenet(40, 61), workspace, pool);
  for (std::size_t i = 3; i < picture.bytes.size(); i += 4) picture.bytes[i] ^= 0x5A;
  EXPECT_TRUE(network_input(picture.view(), imagenet(40, 61), workspace, pool) == before);
}

TEST(Preprocess, GivesTheSameForAnyNumberOfThreads) {
  Random random(6);
  const Picture picture = testing::random_picture(random, 270, 480, PixelFormat::kBgr, 7);
  for (const bool before : {false, true}) {
    PreprocessSpec spec = imagenet(300, 500);
    spec.normalize_before_resize = before;
    PreprocessWorkspace alone;
    const auto expected = network_input(picture.view(), spec, alone, ThreadPool(1));
    for (const int threads : {2, 5}) {
      const ThreadPool pool(threads);
      PreprocessWorkspace workspace;
      EXPECT_TRUE(network_input(picture.view(), spec, workspace, pool) == expected);
    }
  }
}

TEST(Preprocess, RunsInManyThreadsThatShareAPool) {
  Random random(7);
  const ThreadPool pool(3);
  std::vector<Picture> pictures;
  std::vector<std::vector<float>> expected;
  for (int i = 0; i < 4; ++i) {
    pictures.push_back(
        testing::random_picture(random, 100 + 30 * i, 200 - 40 * i, PixelFormat::kBgr));
    PreprocessWorkspace workspace;
    expected.push_back(network_input(pictures.back().view(), imagenet(120, 160), workspace, pool));
  }
  std::vector<int> wrong(4, 0);
  std::vector<std::thread> callers;
  for (std::size_t i = 0; i < 4; ++i) {
    callers.emplace_back([&, i] {
      PreprocessWorkspace workspace;
      for (int round = 0; round < 10; ++round) {
        const std::size_t k = (i + static_cast<std::size_t>(round)) % 4;
        wrong[i] +=
            network_input(pictures[k].view(), imagenet(120, 160), workspace, pool) != expected[k];
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  for (const int count : wrong) EXPECT_EQ(count, 0);
}

TEST(Preprocess, RefusesBadInput) {
  const ThreadPool pool(1);
  PreprocessWorkspace workspace;
  std::uint8_t pixel[3] = {};
  float out[3] = {};
  const ImageView image{pixel, 1, 1, PixelFormat::kBgr, 0};
  EXPECT_THROWS(
      InvalidArgument, "std 0",
      preprocess(image, {.height = 1, .width = 1, .std = {0, 1, 1}}, out, workspace, pool));
  EXPECT_THROWS(InvalidArgument, "0 x 1",
                preprocess(image, {.height = 0, .width = 1}, out, workspace, pool));
  EXPECT_THROWS(InvalidArgument, "stride",
                preprocess({pixel, 1, 1, PixelFormat::kBgr, 2}, {.height = 1, .width = 1}, out,
                           workspace, pool));
}

}  // namespace
}  // namespace instseg
