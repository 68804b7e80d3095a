#include "network_folder/preprocess_json.h"

#include "instseg/errors.h"
#include "manifest.h"
#include "testing.h"

namespace instseg {
namespace {

using nlohmann::json;

PreprocessSpec read(const json& content) {
  return read_preprocess(JsonObject(content, "preprocess"));
}

TEST(PreprocessJson, ReadsEveryKey) {
  json content = testing::good_manifest()["preprocess"];
  content["resize"] = {
      {"height", 800}, {"width", 1333}, {"keep_ratio", true}, {"interpolation", "bilinear"}};
  content["color"] = "bgr";
  content["scale"] = 0.5;
  content["mean"] = {0.485, 0.456, 0.406};
  content["std"] = {0.229, 0.224, 0.225};
  content["normalize_before_resize"] = true;
  content["pad_stride"] = 32;
  const PreprocessSpec spec = read(content);
  EXPECT_EQ(spec.height, 800);
  EXPECT_EQ(spec.width, 1333);
  EXPECT_TRUE(spec.keep_ratio);
  EXPECT_TRUE(spec.interpolation == Interpolation::kBilinear);
  EXPECT_TRUE(!spec.rgb);
  EXPECT_EQ(spec.scale, 0.5);
  EXPECT_TRUE((spec.mean == std::array{0.485, 0.456, 0.406}));
  EXPECT_TRUE((spec.std == std::array{0.229, 0.224, 0.225}));
  EXPECT_TRUE(spec.normalize_before_resize);
  EXPECT_EQ(spec.pad_stride, 32);
}

TEST(PreprocessJson, KnowsThreeInterpolations) {
  json content = testing::good_manifest()["preprocess"];
  content["resize"]["interpolation"] = "nearest";
  EXPECT_TRUE(read(content).interpolation == Interpolation::kNearest);
  content["resize"]["interpolation"] = "area";
  EXPECT_THROWS(
      ModelError,
      "'interpolation' is \"area\", expected one of \"nearest\", \"bilinear\", \"bicubic\"",
      read(content));
}

TEST(PreprocessJson, RefusesNumbersThatFloatsCannotHold) {
  json content = testing::good_manifest()["preprocess"];
  content["std"] = {1, 1, 1e-9};
  content["mean"] = {0, 0, 1e9};  // their quotient is 1e18: fine
  EXPECT_EQ(read(content).mean[2], 1e9);
  content["mean"] = {0, 0, 1e10};
  EXPECT_THROWS(ModelError, "'mean' is", read(content));
  content["mean"] = {0, 0};
  EXPECT_THROWS(ModelError, "'mean' is [0,0], expected a list of 3 entries", read(content));
}

}  // namespace
}  // namespace instseg
