#include "families/roi_pooling.h"

#include <vector>

#include "postprocess/roi_level.h"
#include "testing.h"

namespace instseg {
namespace {

using testing::Random;

constexpr LevelSpec kLevels = {
    .min_level = 2, .max_level = 3, .refer_level = 2, .refer_scale = 32, .pixel_offset = false};

PoolingSpec pooling() {
  return {.height = 3, .width = 3, .sampling_ratio = 0, .spatial_scales = {0.25f, 0.125f}};
}

std::vector<float> noise(Random& random, int size) {
  std::vector<float> values;
  for (int i = 0; i < size; ++i) values.push_back(random.real(-1, 1));
  return values;
}

TEST(PoolRois, TakesEveryBoxFromTheMapOfItsLevel) {
  Random random(/*seed=*/51);
  const std::vector<float> fine = noise(random, 20 * 30 * 4);
  const std::vector<float> coarse = noise(random, 10 * 15 * 4);
  const FeatureMap maps[] = {{fine.data(), 20, 30, 4}, {coarse.data(), 10, 15, 4}};
  std::vector<Box> boxes;
  for (int i = 0; i < 40; ++i) {
    const float x = random.real(0, 100);
    const float y = random.real(0, 60);
    boxes.push_back({x, y, x + random.real(0, 120), y + random.real(0, 120)});
  }
  std::vector<float> expected;
  RoiAlignWorkspace scratch;
  int from_coarse = 0;
  for (const Box& box : boxes) {
    const auto level = static_cast<std::size_t>(roi_level(box, kLevels));
    from_coarse += static_cast<int>(level);
    std::vector<float> one(3 * 3 * 4);
    roi_align(maps[level], box, pooling().spatial_scales[level], pooling(), one, scratch);
    expected.insert(expected.end(), one.begin(), one.end());
  }
  EXPECT_TRUE(from_coarse > 0 && from_coarse < 40);
  for (const int threads : {1, 2, 5}) {
    RoiPoolingWorkspace workspace;
    std::vector<float> out(expected.size(), -9);
    pool_rois(maps, boxes, kLevels, pooling(), out, ThreadPool(threads), workspace);
    EXPECT_TRUE(out == expected);
  }
}

TEST(PoolRois, TakesTheOnlyMapWhereThereAreNoLevels) {
  Random random(/*seed=*/52);
  const std::vector<float> values = noise(random, 10 * 15 * 4);
  const FeatureMap maps[] = {{values.data(), 10, 15, 4}};
  const Box boxes[] = {{0, 0, 200, 100}};
  std::vector<float> out(3 * 3 * 4);
  std::vector<float> expected(3 * 3 * 4);
  RoiPoolingWorkspace workspace;
  RoiAlignWorkspace scratch;
  pool_rois(maps, boxes, std::nullopt, pooling(), out, ThreadPool(1), workspace);
  roi_align(maps[0], boxes[0], 0.25f, pooling(), expected, scratch);
  EXPECT_TRUE(out == expected);
}

TEST(PoolRois, OfNoBoxDoesNothing) {
  RoiPoolingWorkspace workspace;
  pool_rois({}, {}, std::nullopt, pooling(), {}, ThreadPool(2), workspace);
  EXPECT_TRUE(workspace.threads.empty());
}

}  // namespace
}  // namespace instseg
