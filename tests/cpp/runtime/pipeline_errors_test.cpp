#include <cmath>
#include <limits>
#include <string>

#include "fake_pipeline.h"
#include "instseg/errors.h"
#include "testing.h"

namespace instseg {
namespace {

using nlohmann::json;
using testing::FakePipeline;
using testing::good_manifest;
using testing::same_result;
using testing::test_image;
using testing::test_images;
using testing::TestImage;

TEST(PipelineOptions, AreChecked) {
  EXPECT_THROWS(InvalidArgument, "num_threads is -1; give 1 to 1024",
                FakePipeline({.num_threads = -1}));
  EXPECT_THROWS(InvalidArgument, "num_threads is 1025", FakePipeline({.num_threads = 1025}));
  EXPECT_THROWS(InvalidArgument, "num_streams is 0; give 1 to 2",
                FakePipeline({.num_threads = 2, .num_streams = 0}));
  EXPECT_THROWS(InvalidArgument, "num_streams is 3; give 1 to 2",
                FakePipeline({.num_threads = 2, .num_streams = 3}));
  EXPECT_THROWS(InvalidArgument, "max_image_pixels is 0", FakePipeline({.max_image_pixels = 0}));
  // Masks of larger images could not be described by COCO run lengths.
  EXPECT_THROWS(InvalidArgument, "max_image_pixels is 4294967296; give 1 to 4294967295",
                FakePipeline({.max_image_pixels = std::int64_t{1} << 32}));
  EXPECT_THROWS(InvalidArgument, "The device \"gpu\" is unknown", FakePipeline({.device = "gpu"}));
  EXPECT_THROWS(InvalidArgument, "The precision \"int8\" is not available",
                FakePipeline({.precision = "int8"}));
}

TEST(PipelineOptions, ReachTheEngineCompleted) {
  const FakePipeline fake(
      {.precision = "bf16", .num_threads = 3, .num_streams = 2, .cache_dir = "/a/cache"});
  const EngineOptions& seen = fake.controls->options;
  EXPECT_EQ(seen.device, "cpu");
  EXPECT_EQ(seen.precision, "bf16");
  EXPECT_EQ(seen.num_threads, 3);
  EXPECT_EQ(seen.num_streams, 2);
  EXPECT_TRUE(seen.cache_dir == "/a/cache");
  const FakePipeline all({.num_threads = 0});
  EXPECT_TRUE(all.controls->options.num_threads >= 1);
  EXPECT_EQ(all->info().num_threads, all.controls->options.num_threads);
}

TEST(PipelineOptions, AreCheckedBeforeAnythingIsLoaded) {
  const testing::TestNetworkFolder folder;
  const auto controls = std::make_shared<testing::FakeControls>();
  const auto engine = testing::make_fake_engine(controls);
  EXPECT_THROWS(InvalidArgument, "num_streams",
                Pipeline(read_network_folder(folder.path()), *engine, {.num_streams = -1}));
  EXPECT_EQ(controls->loads.load(), 0);
}

TEST(PipelineOptions, OfACallAreChecked) {
  const FakePipeline fake;
  const TestImage image = test_image(20, 20, 1);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const float threshold : {-0.001f, 1.001f, nan, HUGE_VALF, -HUGE_VALF}) {
    EXPECT_THROWS(InvalidArgument, "; give a score, 0 to 1",
                  fake->predict(image.view(), {.threshold = threshold}));
  }
  EXPECT_THROWS(InvalidArgument, "max_detections is 0; give at least 1",
                fake->predict(image.view(), {.max_detections = 0}));
  for (const int class_id : {-1, 3, std::numeric_limits<int>::max()}) {
    EXPECT_THROWS(
        InvalidArgument,
        "class_ids holds " + std::to_string(class_id) + "; the 3 classes of Tiny are 0 to 2",
        fake->predict(image.view(), {.class_ids = std::vector<int>{0, class_id}}));
  }
  const std::vector<ImageView> batch(2, image.view());
  EXPECT_THROWS(InvalidArgument, "threshold is", fake->predict_batch(batch, {.threshold = nan}));
  EXPECT_THROWS(InvalidArgument, "threshold is", fake->predict_batch({}, {.threshold = nan}));
  EXPECT_EQ(fake.controls->runs.load(), 0);
}

TEST(PipelineOptions, ChooseInstances) {
  const FakePipeline fake;
  const TestImage image = test_images()[2];
  const Result all = fake->predict(image.view(), {.threshold = 0.0f});
  ASSERT_TRUE(all.size() >= 10);
  EXPECT_EQ(fake->predict(image.view(), {.threshold = 1.0f}).size(), 0u);
  EXPECT_EQ(fake->predict(image.view(), {.class_ids = std::vector<int>{}}).size(), 0u);
  // The threshold is exclusive.
  const float third = all.scores[2];
  for (const float score : fake->predict(image.view(), {.threshold = third}).scores) {
    EXPECT_TRUE(score > third);
  }
  const Result two = fake->predict(image.view(), {.threshold = 0.0f, .max_detections = 2});
  ASSERT_EQ(two.size(), 2u);
  EXPECT_TRUE(two.masks[1] == all.masks[1]);
  EXPECT_EQ(fake->predict(image.view(), {.threshold = 0.0f, .max_detections = 1000}).size(),
            all.size());
  std::size_t of_classes = 0;
  for (const int class_id : {0, 1, 2}) {
    const Result one = fake->predict(
        image.view(), {.threshold = 0.0f, .class_ids = std::vector<int>{class_id, class_id}});
    for (const int found : one.class_ids) EXPECT_EQ(found, class_id);
    of_classes += one.size();
  }
  EXPECT_EQ(of_classes, all.size());
}

TEST(PipelineErrors, OfImagesSayWhich) {
  const FakePipeline fake({.num_threads = 1, .max_image_pixels = 1000});
  const TestImage image = test_image(20, 50, 1);
  const TestImage large = test_image(20, 51, 1);
  fake->predict(image.view(), {});
  EXPECT_THROWS(InvalidArgument, "20 x 51 = 1020 pixels, more than max_image_pixels = 1000",
                fake->predict(large.view(), {}));
  const std::vector<ImageView> batch = {image.view(), image.view(), large.view()};
  EXPECT_THROWS(InvalidArgument, "Image 2 of the batch: The image is 20 x 51",
                fake->predict_batch(batch, {}));
  // Refused before its pixels are touched: there are none.
  std::uint8_t pixel = 0;
  const int most = std::numeric_limits<int>::max();
  EXPECT_THROWS(InvalidArgument, "more than max_image_pixels",
                fake->predict({&pixel, most, most, PixelFormat::kGray, 0}, {}));
  EXPECT_THROWS(InvalidArgument, "data pointer is null",
                fake->predict({nullptr, 2, 2, PixelFormat::kGray, 0}, {}));
  EXPECT_EQ(fake.controls->runs.load(), 1);
}

TEST(PipelineErrors, OfTheEngineLeaveThePipelineUsable) {
  for (const int streams : {1, 2}) {
    const FakePipeline fake({.num_threads = 2, .num_streams = streams});
    const TestImage image = test_images()[2];
    const Result expected = fake->predict(image.view(), {});
    for (int i = 0; i < 2 * streams + 1; ++i) {  // more often than there are sessions
      fake.controls->fail_after = 0;
      EXPECT_THROWS(EngineError, "failed as planned", fake->predict(image.view(), {}));
      fake.controls->nan_after = 0;
      EXPECT_THROWS(EngineError, "Tiny gave nan in its output 'mask_prototypes'",
                    fake->predict(image.view(), {}));
      fake.controls->wrong_shape = true;
      EXPECT_THROWS(EngineError, "'class_logits' the shape [1, 16, 3], expected [1, 17, 3]",
                    fake->predict(image.view(), {}));
      fake.controls->wrong_shape = false;
      fake.controls->fail_after = 0;
      EXPECT_THROWS(EngineError, "failed as planned", fake->warm_up());
    }
    EXPECT_TRUE(same_result(fake->predict(image.view(), {}), expected));
  }
}

TEST(PipelineErrors, OfOneImageEndABatch) {
  const FakePipeline fake({.num_threads = 2, .num_streams = 2});
  const TestImage image = test_images()[2];
  const std::vector<ImageView> batch(9, image.view());
  fake.controls->fail_after = 4;
  EXPECT_THROWS(EngineError, "failed as planned", fake->predict_batch(batch, {}));
  EXPECT_TRUE(fake.controls->runs < 9);
  const std::vector<Result> results = fake->predict_batch(batch, {});
  EXPECT_TRUE(same_result(results[0], results[8]));
}

TEST(PipelineErrors, OfLoadingComeOut) {
  const testing::TestNetworkFolder folder;
  const auto controls = std::make_shared<testing::FakeControls>();
  const auto engine = testing::make_fake_engine(controls);
  controls->refuse_to_load = true;
  EXPECT_THROWS(EngineError, "refuses the network",
                Pipeline(read_network_folder(folder.path()), *engine, {}));
  json manifest = good_manifest();
  manifest["family"] = "no_such_family";
  EXPECT_THROWS(ModelError, "'family' is \"no_such_family\", expected one of",
                FakePipeline({}, manifest));
}

}  // namespace
}  // namespace instseg
