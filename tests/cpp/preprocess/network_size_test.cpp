#include <cmath>
#include <limits>

#include "instseg/errors.h"
#include "preprocess/preprocess.h"
#include "testing.h"

namespace instseg {
namespace {

PreprocessSpec fit(int height, int width, int pad_stride = 1) {
  return {.height = height, .width = width, .keep_ratio = true, .pad_stride = pad_stride};
}

NetworkSize sizes(int height, int width, int padded_height, int padded_width) {
  return {height, width, padded_height, padded_width};
}

TEST(NetworkSize, IsTheTargetWithoutKeepRatio) {
  EXPECT_TRUE(network_size({}, 1080, 1920) == sizes(640, 640, 640, 640));
  PreprocessSpec spec{.height = 30, .width = 50};
  EXPECT_TRUE(network_size(spec, 7, 9) == sizes(30, 50, 30, 50));
  spec.pad_stride = 32;
  EXPECT_TRUE(network_size(spec, 7, 9) == sizes(30, 50, 32, 64));
}

TEST(NetworkSize, FitsEitherOrientation) {
  EXPECT_TRUE(network_size(fit(800, 1333), 1080, 1920) == sizes(750, 1333, 750, 1333));
  EXPECT_TRUE(network_size(fit(800, 1333), 1920, 1080) == sizes(1333, 750, 1333, 750));
  EXPECT_TRUE(network_size(fit(1333, 800), 480, 640) == sizes(800, 1067, 800, 1067));
  EXPECT_TRUE(network_size(fit(800, 1333, 32), 480, 640) == sizes(800, 1067, 800, 1088));
  EXPECT_TRUE(network_size(fit(800, 1333, -1), 480, 640) == sizes(800, 1067, 800, 1067));
  EXPECT_TRUE(network_size(fit(800, 1333, 0), 480, 640) == sizes(800, 1067, 800, 1067));
}

TEST(NetworkSize, RoundsHalvesToEven) {
  // Factor 0.5: 25 -> 12.5 and 27 -> 13.5; both exact in binary.
  EXPECT_TRUE(network_size(fit(12, 50), 25, 100) == sizes(12, 48, 12, 48));
  EXPECT_TRUE(network_size(fit(10, 50), 25, 100).height == 10);
  EXPECT_TRUE(network_size(fit(50, 50), 100, 25) == sizes(50, 12, 50, 12));
  EXPECT_TRUE(network_size(fit(50, 50), 100, 27) == sizes(50, 14, 50, 14));
  EXPECT_TRUE(network_size(fit(50, 50), 100, 29) == sizes(50, 14, 50, 14));
  EXPECT_TRUE(network_size(fit(50, 50), 100, 31) == sizes(50, 16, 50, 16));
}

TEST(NetworkSize, KeepsAtLeastOnePixel) {
  EXPECT_TRUE(network_size(fit(800, 1333), 1, 100000) == sizes(1, 1333, 1, 1333));
  EXPECT_TRUE(network_size(fit(800, 1333, 32), 100000, 1) == sizes(1333, 1, 1344, 32));
}

TEST(NetworkSize, RefusesWhatIsNoSize) {
  EXPECT_THROWS(InvalidArgument, "0 x 5", network_size({}, 0, 5));
  EXPECT_THROWS(InvalidArgument, "5 x -1", network_size({}, 5, -1));
  EXPECT_THROWS(InvalidArgument, "0 x 640", network_size({.height = 0}, 5, 5));
  EXPECT_THROWS(InvalidArgument, "640 x 20000000", network_size({.width = 20'000'000}, 5, 5));
  EXPECT_THROWS(InvalidArgument, "multiple of 2000000000",
                network_size({.pad_stride = 2'000'000'000}, 5, 5));
}

TEST(CheckPreprocessSpec, RefusesWhatCannotBeComputedWith) {
  const double infinity = std::numeric_limits<double>::infinity();
  check_preprocess_spec({});
  EXPECT_THROWS(InvalidArgument, "std 0.0", check_preprocess_spec({.std = {1, 0, 1}}));
  EXPECT_THROWS(InvalidArgument, "Channel 1", check_preprocess_spec({.std = {1, 0, 1}}));
  EXPECT_THROWS(InvalidArgument, "nan", check_preprocess_spec({.std = {1, 1, std::nan("")}}));
  EXPECT_THROWS(InvalidArgument, "scale inf", check_preprocess_spec({.scale = infinity}));
  EXPECT_THROWS(InvalidArgument, "mean nan", check_preprocess_spec({.mean = {std::nan(""), 0, 0}}));
  EXPECT_THROWS(InvalidArgument, "float32", check_preprocess_spec({.scale = 1e300}));
  EXPECT_THROWS(InvalidArgument, "0 x 640", check_preprocess_spec({.height = 0}));
}

}  // namespace
}  // namespace instseg
