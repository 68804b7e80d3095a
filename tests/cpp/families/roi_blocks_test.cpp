#include "families/roi_blocks.h"

#include <cstdint>

#include "testing.h"

namespace instseg {
namespace {

TEST(RoiBlocks, AreOfNearlyEqualSizeAndBounded) {
  for (const std::int64_t values : {7 * 7 * 256, 14 * 14 * 256, 14 * 14 * 1024, 3}) {
    for (std::size_t rois = 1; rois <= 1000; ++rois) {
      const std::size_t block = rois_per_run(rois, values);
      const std::size_t runs = (rois + block - 1) / block;
      EXPECT_TRUE(static_cast<std::int64_t>(block) * values <= kValuesPerRun);
      EXPECT_TRUE(rois - (runs - 1) * block + runs > block);  // each run lacks one box at most
      // One run fewer would be too large.
      if (runs == 1) continue;
      const std::size_t larger = (rois + runs - 2) / (runs - 1);
      EXPECT_TRUE(static_cast<std::int64_t>(larger) * values > kValuesPerRun);
    }
  }
}

TEST(RoiBlocks, HoldOneBoxAtLeast) {
  EXPECT_EQ(rois_per_run(5, 2 * kValuesPerRun), 1u);
  EXPECT_EQ(rois_per_run(5, INT64_MAX), 1u);
  EXPECT_EQ(rois_per_run(0, 8), 1u);
  EXPECT_EQ(rois_per_run(5, 0), 5u);
}

}  // namespace
}  // namespace instseg
