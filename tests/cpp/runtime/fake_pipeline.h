#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "fake_engine.h"
#include "network_folder/manifest.h"
#include "network_folder/network_folder.h"
#include "runtime/pipeline.h"
#include "testing.h"

namespace instseg::testing {

// A Pipeline of good_manifest() on the fake engine.
struct FakePipeline {
  std::shared_ptr<FakeControls> controls = std::make_shared<FakeControls>();
  std::unique_ptr<Engine> engine = make_fake_engine(controls);
  std::unique_ptr<Pipeline> pipeline;

  explicit FakePipeline(const PredictorOptions& options = {.num_threads = 2},
                        const nlohmann::json& manifest = good_manifest()) {
    const TestNetworkFolder folder(manifest);
    pipeline = std::make_unique<Pipeline>(read_network_folder(folder.path()), *engine, options);
  }
  Pipeline* operator->() const { return pipeline.get(); }
};

// An image that owns its pixels.
struct TestImage {
  int height = 0;
  int width = 0;
  PixelFormat format = PixelFormat::kBgr;
  std::vector<std::uint8_t> pixels;

  ImageView view() const { return {pixels.data(), height, width, format, 0}; }
};

// Blots of different colours: the network finds some instances in it, never all.
inline TestImage test_image(int height, int width, unsigned seed,
                            PixelFormat format = PixelFormat::kBgr) {
  Random random(seed);
  TestImage image{height, width, format, {}};
  const int channels = num_channels(format);
  std::vector<int> blots(static_cast<std::size_t>(36 * channels));
  for (int& value : blots) value = random.integer(0, 255);
  image.pixels.reserve(static_cast<std::size_t>(height) * static_cast<std::size_t>(width) *
                       static_cast<std::size_t>(channels));
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int blot = 6 * (6 * y / height) + 6 * x / width;
      for (int c = 0; c < channels; ++c) {
        const int value = blots[static_cast<std::size_t>(blot * channels + c)];
        image.pixels.push_back(static_cast<std::uint8_t>((value + random.integer(0, 20)) % 256));
      }
    }
  }
  return image;
}

// Sizes from a point to a strip, in every format.
inline std::vector<TestImage> test_images(unsigned seed = 1) {
  const int sizes[][2] = {{64, 64}, {1, 1}, {120, 97}, {333, 20}, {7, 401}, {250, 310}, {2, 3}};
  const PixelFormat formats[] = {PixelFormat::kBgr, PixelFormat::kRgb, PixelFormat::kGray,
                                 PixelFormat::kBgra, PixelFormat::kRgba};
  std::vector<TestImage> images;
  for (const auto& [height, width] : sizes) {
    images.push_back(test_image(height, width, seed + static_cast<unsigned>(images.size()),
                                formats[images.size() % 5]));
  }
  return images;
}

// Everything but the timings, bit for bit.
inline bool same_result(const Result& a, const Result& b) {
  return a.image_height == b.image_height && a.image_width == b.image_width && a.boxes == b.boxes &&
         a.scores == b.scores && a.class_ids == b.class_ids && a.masks == b.masks;
}

}  // namespace instseg::testing
