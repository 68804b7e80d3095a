#include "families/family.h"

#include <functional>
#include <string>

#include "instseg/errors.h"
#include "network_folder/manifest.h"
#include "testing.h"

namespace instseg {
namespace {

using nlohmann::json;
using testing::good_manifest;
using testing::TestNetworkFolder;

void make(const json& manifest) {
  const TestNetworkFolder folder(manifest);
  make_family(read_network_folder(folder.path()));
}

void make_changed(const std::function<void(json&)>& change) {
  json manifest = good_manifest();
  change(manifest);
  make(manifest);
}

TEST(Family, IsMadeByName) {
  make(good_manifest());
  EXPECT_THROWS(
      ModelError,
      "instseg.json: 'family' is \"yolact\", expected one of \"mask_rcnn\", \"mask_rtdetr\", "
      "\"ppyoloe_seg\", \"solov2\"",
      make_changed([](json& m) { m["family"] = "yolact"; }));
}

TEST(FamilyMaskRtdetr, NeedsItsTensorsAndNumbers) {
  EXPECT_THROWS(ModelError, "postprocess: 'top_k' is missing",
                make_changed([](json& m) { m["postprocess"].erase("top_k"); }));
  EXPECT_THROWS(ModelError, "expected \"class_logits\" once among them", make_changed([](json& m) {
                  m["networks"][0]["outputs"][1]["meaning"] = "scores";
                }));
  EXPECT_THROWS(ModelError, "'networks' has 2 entries", make_changed([](json& m) {
                  m["networks"].push_back(m["networks"][0]);
                  m["networks"][1]["role"] = "another";
                }));
}

TEST(FamilyMaskRtdetr, NeedsShapesThatFitEachOther) {
  const auto with_shape = [](std::size_t output, std::vector<int> shape) {
    make_changed([&](json& m) { m["networks"][0]["outputs"][output]["shape"] = shape; });
  };
  with_shape(0, {1, -1, 4});
  with_shape(1, {1, -1, -1});
  with_shape(3, {1, -1, -1, -1});
  EXPECT_THROWS(ModelError, "\"boxes_cxcywh\" has the shape", with_shape(0, {1, 16, 5}));
  EXPECT_THROWS(ModelError, "\"boxes_cxcywh\" has the shape", with_shape(0, {4, 16, 4}));
  EXPECT_THROWS(ModelError, "\"class_logits\" has the shape", with_shape(1, {1, 17, 3}));
  EXPECT_THROWS(ModelError, "\"class_logits\" has the shape", with_shape(1, {1, 16, 4}));
  EXPECT_THROWS(ModelError, "\"mask_coefficients\" has the shape", with_shape(2, {1, 15, 3}));
  EXPECT_THROWS(ModelError, "\"mask_prototypes\" has the shape", with_shape(3, {1, 4, 16, 16}));
  EXPECT_THROWS(ModelError, "\"mask_prototypes\" has the shape", with_shape(3, {1, 3, 16}));
}

}  // namespace
}  // namespace instseg
