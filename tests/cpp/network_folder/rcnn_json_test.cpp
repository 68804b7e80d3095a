#include "network_folder/rcnn_json.h"

#include <string>

#include "instseg/errors.h"
#include "testing.h"

namespace instseg {
namespace {

using nlohmann::json;

json valid() {
  return json::parse(R"({
    "proposals": {
      "levels": [
        {"stride_x": 4.0, "stride_y": 8.0, "anchors": [{"box": [-2.0, -1.0, 2.0, 1.0]}]},
        {"stride_x": 8.0, "stride_y": 8.0, "anchors": [{"box": [-4.0, -4.0, 4.0, 4.0]}]}],
      "variances": [0.1, 0.1, 0.2, 0.2], "pre_nms_top_n": 1000, "post_nms_top_n": -1,
      "keep_top_n": 300, "nms_threshold": 0.7, "nms_eta": 1.0, "min_size": 0.0,
      "pixel_offset": false},
    "levels": {"min_level": 2, "max_level": 3, "refer_level": 4, "refer_scale": 224,
               "pixel_offset": true},
    "box_pooling": {"height": 7, "width": 6, "sampling_ratio": 0, "aligned": false,
                    "spatial_scales": [0.25, 0.125]},
    "mask_pooling": {"height": 14, "width": 14, "sampling_ratio": -1, "aligned": true,
                     "spatial_scales": [0.25, 0.125]},
    "box_stages": [{"delta_factors": [0.1, 0.1, 0.2, 0.2], "max_log_size": 4.135}],
    "score_factor": 1.0})");
}

RcnnSpec read(const json& content) { return read_rcnn(JsonObject(content, "rcnn")); }

TEST(RcnnJson, IsReadWhole) {
  const RcnnSpec spec = read(valid());
  ASSERT_EQ(spec.proposals.levels.size(), 2u);
  EXPECT_TRUE((spec.proposals.levels[0].anchors[0] == std::array{-2.0f, -1.0f, 2.0f, 1.0f}));
  EXPECT_EQ(spec.proposals.levels[0].stride_x, 4.0f);
  EXPECT_EQ(spec.proposals.levels[0].stride_y, 8.0f);
  EXPECT_EQ(spec.proposals.variances[2], 0.2f);
  EXPECT_EQ(spec.proposals.pre_nms_top_n, 1000);
  EXPECT_EQ(spec.proposals.post_nms_top_n, 0);  // every number below 1 is "all"
  EXPECT_EQ(spec.proposals.keep_top_n, 300);
  EXPECT_EQ(spec.proposals.nms_threshold, 0.7f);
  ASSERT_TRUE(spec.levels.has_value());
  EXPECT_EQ(spec.levels->max_level, 3);
  EXPECT_TRUE(spec.levels->pixel_offset);
  EXPECT_EQ(spec.box_pooling.width, 6);
  EXPECT_TRUE(!spec.box_pooling.aligned && spec.mask_pooling.aligned);
  EXPECT_EQ(spec.mask_pooling.sampling_ratio, -1);
  EXPECT_EQ(spec.mask_pooling.spatial_scales[1], 0.125f);
  ASSERT_EQ(spec.box_stages.size(), 1u);
  EXPECT_EQ(spec.box_stages[0].max_log_size, 4.135f);
  EXPECT_EQ(spec.score_factor, 1.0f);
}

TEST(RcnnJson, HasNoLevelsWithOneMap) {
  json content = valid();
  content.erase("levels");
  EXPECT_THROWS(ModelError, "'spatial_scales'", read(content));  // two scales for one map
  content["box_pooling"]["spatial_scales"] = {0.0625};
  content["mask_pooling"]["spatial_scales"] = {0.0625};
  EXPECT_TRUE(!read(content).levels.has_value());
}

TEST(RcnnJson, NamesWhatIsMissing) {
  const json whole = valid();
  for (const auto& [key, value] : whole.items()) {
    if (key == "levels") continue;
    json content = valid();
    content.erase(key);
    EXPECT_THROWS(ModelError, "'" + key + "'", read(content));
    if (!value.is_object()) continue;
    for (const auto& [inner, unused] : value.items()) {
      content = valid();
      content[key].erase(inner);
      EXPECT_THROWS(ModelError, "'" + inner + "'", read(content));
    }
  }
}

TEST(RcnnJson, RefusesNumbersThatMakeNoSense) {
  const auto expect_refused = [](const char* pointer, const json& value) {
    json content = valid();
    content[json::json_pointer(pointer)] = value;
    const std::string path = pointer;
    const std::string key = path.substr(path.rfind('/') + 1);
    return EXPECT_THROWS(ModelError, "'" + key + "'", read(content));
  };
  expect_refused("/proposals/levels", json::array());
  expect_refused("/proposals/levels/0/stride_x", 0);
  expect_refused("/proposals/levels/0/anchors/0/box", json{1, 2, 3});
  expect_refused("/proposals/variances", json{1, 2, 3, 1e30});
  expect_refused("/proposals/nms_threshold", 1.5);
  expect_refused("/proposals/nms_eta", 0);
  expect_refused("/proposals/min_size", -1);
  expect_refused("/proposals/keep_top_n", 1e9);
  expect_refused("/levels/max_level", 1);
  expect_refused("/levels/refer_scale", 0);
  expect_refused("/box_pooling/height", 0);
  expect_refused("/box_pooling/sampling_ratio", 1000);
  expect_refused("/box_pooling/spatial_scales", json{0.25});
  expect_refused("/mask_pooling/spatial_scales", json{0.25, 0});
  expect_refused("/box_stages", json::array());
  expect_refused("/box_stages/0/max_log_size", 100);
  expect_refused("/score_factor", 0);
}

}  // namespace
}  // namespace instseg
