#include "cuda/mask_plan.h"

#include <vector>

#include "instseg/errors.h"
#include "testing.h"

namespace instseg {
namespace {

constexpr MaskSizes kSizes = {
    .num_prototypes = 2, .height = 10, .width = 20, .image_height = 100, .image_width = 200};

TEST(MaskPlan, TakesOnlyWhatTheRegionsNeed) {
  MaskPlan plan;
  const std::vector<PlannedMask> masks = {
      {{10, 20, 65, 3}, 0}, {{0, 0, 0, 5}, 1}, {{7, 9, 64, 4}, 1}};
  plan.build(kSizes, masks);
  EXPECT_EQ(plan.num_words(), std::size_t{2 * 3 + 0 + 1 * 4});
  EXPECT_EQ(plan.tasks().size(), masks.size());
  EXPECT_EQ(plan.tasks()[2].word_begin, std::int64_t{6});
  // Columns 10 .. 74 lie at 0.55 .. 6.95 of the prototypes, rows 20 .. 22 at 1.55 .. 1.75.
  const MaskTask& task = plan.tasks()[0];
  EXPECT_EQ(task.first_column, 0);
  EXPECT_EQ(task.tile_width, 8);
  EXPECT_EQ(task.first_row, 1);
  EXPECT_EQ(task.tile_height, 2);
  plan.build(kSizes, {});
  EXPECT_EQ(plan.num_words(), std::size_t{0});
  EXPECT_EQ(plan.num_tile_values(), std::size_t{0});
}

TEST(MaskPlan, MakesMasksOfTheWords) {
  MaskPlan plan;
  const std::vector<PlannedMask> masks = {{{1, 2, 3, 1}, 0}, {{10, 20, 66, 2}, 0}};
  plan.build(kSizes, masks);
  const std::vector<std::uint64_t> words = {0b101, 1, 2, 0x8000000000000000u, 0};
  Mask expected(100, 200, {10, 20, 66, 2});
  expected.row(0)[0] = 1;
  expected.row(0)[1] = 2;
  expected.row(1)[0] = 0x8000000000000000u;
  EXPECT_TRUE(plan.mask(1, words) == expected);
  EXPECT_EQ(plan.mask(0, words).area(), std::int64_t{2});
}

TEST(MaskPlan, RefusesWhatCannotBeDrawn) {
  MaskPlan plan;
  const auto build = [&](const MaskSizes& sizes, const PlannedMask& mask) {
    plan.build(sizes, std::vector<PlannedMask>{mask});
  };
  EXPECT_THROWS(InvalidArgument, "inside the image", build(kSizes, {{150, 0, 51, 1}, 0}));
  EXPECT_THROWS(InvalidArgument, "inside the image", build(kSizes, {{0, -1, 5, 5}, 0}));
  EXPECT_THROWS(InvalidArgument, "inside the image", build(kSizes, {{2147483647, 0, 5, 5}, 0}));
  EXPECT_THROWS(InvalidArgument, "coefficient row -1", build(kSizes, {{0, 0, 5, 5}, -1}));
  MaskSizes sizes = kSizes;
  sizes.width = 0;
  EXPECT_THROWS(InvalidArgument, "at least 1", build(sizes, {{0, 0, 5, 5}, 0}));
  sizes = kSizes;
  sizes.image_height = 1 << 20;
  EXPECT_THROWS(InvalidArgument, "at most 524288 rows", build(sizes, {{0, 0, 5, 1 << 20}, 0}));
}

TEST(MaskPlan, RefusesMissingBuffersAndOtherWords) {
  MaskPlan plan;
  const std::vector<PlannedMask> masks = {{{1, 2, 3, 1}, 0}};
  plan.build(kSizes, masks);
  EXPECT_THROWS(InvalidArgument, "a buffer is null", plan.batch({}, 0.0f));
  EXPECT_THROWS(InvalidArgument, "from 2 words", plan.mask(0, std::vector<std::uint64_t>(2)));
  EXPECT_THROWS(InvalidArgument, "mask 1", plan.mask(1, std::vector<std::uint64_t>(1)));
  plan.build(kSizes, {});
  EXPECT_EQ(plan.batch({}, 0.0f).num_tasks, 0);
}

}  // namespace
}  // namespace instseg
