#include "cuda/preprocess_plan.h"

#include <limits>
#include <vector>

#include "instseg/errors.h"
#include "testing.h"

namespace instseg {
namespace {

const PreprocessSpec kSpec{.height = 64, .width = 96};

TEST(PreprocessPlan, SaysWhenItsTablesChange) {
  PreprocessPlan plan;
  EXPECT_TRUE(plan.build(kSpec, PixelFormat::kBgr, 30, 40));
  EXPECT_TRUE(!plan.build(kSpec, PixelFormat::kBgr, 30, 40));
  // Neither the format nor the normalisation is in the tables.
  EXPECT_TRUE(!plan.build(kSpec, PixelFormat::kGray, 30, 40));
  PreprocessSpec other = kSpec;
  other.mean = {0.5, 0.5, 0.5};
  EXPECT_TRUE(!plan.build(other, PixelFormat::kBgr, 30, 40));
  EXPECT_TRUE(plan.build(kSpec, PixelFormat::kBgr, 31, 40));
  EXPECT_TRUE(plan.build(kSpec, PixelFormat::kBgr, 31, 41));
  other.interpolation = Interpolation::kBilinear;
  EXPECT_TRUE(plan.build(other, PixelFormat::kBgr, 31, 41));
  other.normalize_before_resize = true;
  EXPECT_TRUE(plan.build(other, PixelFormat::kBgr, 31, 41));
}

TEST(PreprocessPlan, TablesTakeTwentyBytesPerRowAndColumn) {
  PreprocessPlan plan;
  plan.build(kSpec, PixelFormat::kBgr, 1080, 1920);
  EXPECT_EQ(plan.tables().size(), std::size_t{(64 + 96) * 20});  // int32, and four float32 weights
}

TEST(PreprocessPlan, TablesBeginWhereTheGpuReadsThemAtOnce) {
  PreprocessPlan plan;
  plan.build({.height = 7, .width = 5}, PixelFormat::kBgr, 30, 40);
  const std::vector<std::byte> memory(plan.tables().size());  // aligned to 16 by operator new
  std::uint8_t pixel = 0;
  float out = 0;
  const PreprocessTask task =
      plan.task({.data = &pixel, .height = 30, .width = 40}, memory.data(), &out);
  for (const ResampleTable& table : {task.rows, task.columns}) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(table.first) % 16, std::uintptr_t{0});
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(table.real) % 16, std::uintptr_t{0});
    EXPECT_TRUE(table.fixed == nullptr);
  }
}

TEST(PreprocessPlan, RefusesAnotherImageThanThePlanned) {
  PreprocessPlan plan;
  std::vector<std::uint8_t> pixels(3 * 30 * 40);
  const ImageView image{.data = pixels.data(), .height = 30, .width = 40};
  std::vector<std::byte> tables(1);
  float out = 0;
  EXPECT_THROWS(InvalidArgument, "call build() first", plan.task(image, tables.data(), &out));
  plan.build(kSpec, PixelFormat::kBgr, 30, 40);
  ImageView other = image;
  other.height = 29;
  EXPECT_THROWS(InvalidArgument, "29 x 40 pixels", plan.task(other, tables.data(), &out));
  other = image;
  other.format = PixelFormat::kRgb;
  EXPECT_THROWS(InvalidArgument, "planned for: 30 x 40", plan.task(other, tables.data(), &out));
  EXPECT_THROWS(InvalidArgument, "pointer to the tables", plan.task(image, nullptr, &out));
  EXPECT_THROWS(InvalidArgument, "pointer to the output", plan.task(image, tables.data(), nullptr));
  other = image;
  other.data = nullptr;
  EXPECT_THROWS(InvalidArgument, "data pointer is null", plan.task(other, tables.data(), &out));
}

TEST(PreprocessPlan, RefusesBadSpecsAndKeepsTheEarlierPlan) {
  PreprocessPlan plan;
  plan.build(kSpec, PixelFormat::kBgr, 30, 40);
  PreprocessSpec bad = kSpec;
  bad.std[1] = 0;
  EXPECT_THROWS(InvalidArgument, "Channel 1", plan.build(bad, PixelFormat::kBgr, 30, 40));
  EXPECT_THROWS(InvalidArgument, "at least 1", plan.build(kSpec, PixelFormat::kBgr, 0, 40));
  EXPECT_THROWS(InvalidArgument, "pixel format",
                plan.build(kSpec, static_cast<PixelFormat>(77), 30, 40));
  EXPECT_TRUE(!plan.build(kSpec, PixelFormat::kBgr, 30, 40));
}

}  // namespace
}  // namespace instseg
