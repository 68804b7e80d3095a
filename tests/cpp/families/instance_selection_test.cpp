#include "families/instance_selection.h"

#include <limits>
#include <vector>

#include "testing.h"

namespace instseg {
namespace {

constexpr float kBelowHalf = 0.49999997f;  // the greatest float below 0.5

Result empty_result(int height, int width) {
  Result result;
  result.image_height = height;
  result.image_width = width;
  return result;
}

TEST(InstanceSelection, TakesScoresAboveTheThreshold) {
  Result result = empty_result(10, 10);
  const Selection selection{.threshold = 0.5f};
  const InstanceSelection instances(selection, result);
  EXPECT_TRUE(instances.takes(0.51f));
  EXPECT_TRUE(!instances.takes(0.5f));
  EXPECT_TRUE(!instances.takes(std::numeric_limits<float>::quiet_NaN()));
}

TEST(InstanceSelection, EndsWhereThereAreEnough) {
  Result result = empty_result(10, 10);
  const Selection selection{.threshold = 0, .max_detections = 2};
  InstanceSelection instances(selection, result);
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(instances.takes(0.5f));
    EXPECT_TRUE(instances.add({1, 1, 5, 5}, 0.5f, i));
  }
  EXPECT_TRUE(!instances.takes(0.5f));
}

TEST(InstanceSelection, ClipsBoxesAndDropsWhatIsEmpty) {
  Result result = empty_result(20, 30);
  const Selection selection;
  InstanceSelection instances(selection, result);
  EXPECT_TRUE(instances.add({-5, -6, 100, 200}, 0.9f, 3));
  EXPECT_TRUE(!instances.add({-9, 2, 0, 8}, 0.9f, 3));   // left of the image
  EXPECT_TRUE(!instances.add({5, 20, 9, 40}, 0.9f, 3));  // below it
  EXPECT_TRUE(!instances.add({7, 7, 7, 9}, 0.9f, 3));    // no width
  EXPECT_TRUE(!instances.add({12, 3, 10, 9}, 0.9f, 3));  // turned around
  ASSERT_EQ(result.size(), 1u);
  EXPECT_TRUE((result.boxes[0] == Box{0, 0, 30, 20}));
  EXPECT_EQ(result.scores[0], 0.9f);
  EXPECT_EQ(result.class_ids[0], 3);
}

TEST(InstanceSelection, KeepsWantedClasses) {
  Result result = empty_result(20, 30);
  const std::vector<int> ids = {4, 1};
  const Selection selection{.class_ids = ids};
  InstanceSelection instances(selection, result);
  EXPECT_TRUE(!instances.add({0, 0, 9, 9}, 0.9f, 0));
  EXPECT_TRUE(instances.add({0, 0, 9, 9}, 0.9f, 1));
  EXPECT_TRUE(instances.add({0, 0, 9, 9}, 0.8f, 4));
  EXPECT_EQ(result.size(), 2u);
}

TEST(InstanceSelection, RoundsHalvesToEven) {
  EXPECT_TRUE((rounded_region({0.5f, 1.5f, 2.5f, 3.5f}, 10, 10) ==
               Region{.x = 0, .y = 2, .width = 2, .height = 2}));
  EXPECT_TRUE((rounded_region({kBelowHalf, 0, 9.7f, 9.4f}, 10, 10) ==
               Region{.x = 0, .y = 0, .width = 10, .height = 9}));
  // A thin box can round to nothing.
  EXPECT_EQ(rounded_region({2.6f, 0, 3.4f, 9}, 10, 10).width, 0);
}

}  // namespace
}  // namespace instseg
