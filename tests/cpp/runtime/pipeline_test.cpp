#include "runtime/pipeline.h"

#include <set>
#include <string>

#include "fake_pipeline.h"
#include "instseg/errors.h"
#include "testing.h"

namespace instseg {
namespace {

using testing::FakePipeline;
using testing::same_result;
using testing::test_image;
using testing::test_images;
using testing::TestImage;

TEST(Pipeline, GivesWhatItsStepsGiveOneByOne) {
  const FakePipeline fake;
  const testing::TestNetworkFolder written;
  const NetworkFolder folder = read_network_folder(written.path());
  const auto family = make_family(folder);
  const auto network = fake.engine->load(folder.networks[0], {});
  const ThreadPool pool(1);
  for (const TestImage& image : test_images()) {
    std::vector<std::unique_ptr<Session>> sessions;
    sessions.push_back(network->make_session());
    const std::int64_t shape[] = {1, 3, 64, 64};
    PreprocessWorkspace workspace;
    preprocess(image.view(), folder.preprocess, sessions[0]->input(0, shape).data(), workspace,
               pool);
    sessions[0]->run();
    const auto family_workspace = family->make_workspace();
    const Result expected = family->detect(sessions, image.height, image.width, {.threshold = 0.5f},
                                           pool, *family_workspace);
    EXPECT_TRUE(same_result(fake->predict(image.view(), {}), expected));
  }
}

TEST(Pipeline, GivesResultsThatKeepTheirPromises) {
  const FakePipeline fake;
  std::size_t instances = 0;
  for (const TestImage& image : test_images()) {
    const Result result = fake->predict(image.view(), {.threshold = 0.3f});
    EXPECT_EQ(result.image_height, image.height);
    EXPECT_EQ(result.image_width, image.width);
    ASSERT_EQ(result.boxes.size(), result.size());
    ASSERT_EQ(result.class_ids.size(), result.size());
    ASSERT_EQ(result.masks.size(), result.size());
    for (std::size_t i = 0; i < result.size(); ++i) {
      EXPECT_TRUE(result.scores[i] > 0.3f && result.scores[i] <= 1);
      EXPECT_TRUE(i == 0 || result.scores[i] <= result.scores[i - 1]);
      EXPECT_TRUE(result.class_ids[i] >= 0 && result.class_ids[i] < 3);
      const Box& box = result.boxes[i];
      EXPECT_TRUE(box.x1 >= 0 && box.x1 < box.x2 && box.x2 <= static_cast<float>(image.width));
      EXPECT_TRUE(box.y1 >= 0 && box.y1 < box.y2 && box.y2 <= static_cast<float>(image.height));
      EXPECT_EQ(result.masks[i].image_height(), image.height);
      EXPECT_EQ(result.masks[i].image_width(), image.width);
    }
    EXPECT_TRUE(result.timings.preprocess_ms >= 0 && result.timings.network_ms > 0 &&
                result.timings.postprocess_ms >= 0);
    instances += result.size();
  }
  EXPECT_TRUE(instances > 20);
}

TEST(Pipeline, TellsTheNetworksTimeApart) {
  const FakePipeline fake;
  fake.controls->time_per_run = std::chrono::milliseconds(30);
  const Result result = fake->predict(test_image(64, 64, 1).view(), {});
  EXPECT_TRUE(result.timings.network_ms >= 30);
  EXPECT_TRUE(result.timings.preprocess_ms < result.timings.network_ms);
}

TEST(Pipeline, DoesNotDependOnTheNumberOfThreads) {
  const FakePipeline one({.num_threads = 1});
  const FakePipeline many({.num_threads = 5, .num_streams = 3});
  for (const TestImage& image : test_images(40)) {
    for (const bool clip_masks : {true, false}) {
      const PredictOptions options{.threshold = 0.2f, .clip_masks = clip_masks};
      EXPECT_TRUE(
          same_result(one->predict(image.view(), options), many->predict(image.view(), options)));
    }
  }
}

TEST(Pipeline, KeepsNothingFromOneImageToTheNext) {
  const FakePipeline fake;
  const std::vector<TestImage> images = test_images(7);
  std::vector<Result> fresh;
  for (const TestImage& image : images) {
    fresh.push_back(FakePipeline()->predict(image.view(), {}));
  }
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = images.size(); i-- > 0;) {
      EXPECT_TRUE(same_result(fake->predict(images[i].view(), {}), fresh[i]));
    }
  }
}

TEST(Pipeline, ReadsStridesOfAnySign) {
  const FakePipeline fake;
  const TestImage image = test_image(50, 40, 3);
  const Result expected = fake->predict(image.view(), {});
  const std::ptrdiff_t row = 3 * 40;
  // Rows at odd addresses, an odd number of bytes apart, and the same from the last row up.
  const std::ptrdiff_t stride = row + 7;
  std::vector<std::uint8_t> padded(static_cast<std::size_t>(50 * stride + 1), 0xee);
  std::vector<std::uint8_t> reversed = padded;
  for (int y = 0; y < 50; ++y) {
    const auto from = image.pixels.begin() + y * row;
    std::copy(from, from + row, padded.begin() + 1 + y * stride);
    std::copy(from, from + row, reversed.begin() + 1 + (49 - y) * stride);
  }
  EXPECT_TRUE(same_result(fake->predict({padded.data() + 1, 50, 40, PixelFormat::kBgr, stride}, {}),
                          expected));
  EXPECT_TRUE(same_result(
      fake->predict({reversed.data() + 1 + 49 * stride, 50, 40, PixelFormat::kBgr, -stride}, {}),
      expected));
}

TEST(Pipeline, PredictsABatchAsOneByOne) {
  const std::vector<TestImage> images = test_images(20);
  for (const int streams : {1, 3}) {
    const FakePipeline fake({.num_threads = 3, .num_streams = streams});
    std::vector<ImageView> views;
    for (int copy = 0; copy < 3; ++copy) {
      for (const TestImage& image : images) views.push_back(image.view());
    }
    const PredictOptions options{.threshold = 0.3f};
    const std::vector<Result> results = fake->predict_batch(views, options);
    ASSERT_EQ(results.size(), views.size());
    for (std::size_t i = 0; i < views.size(); ++i) {
      EXPECT_TRUE(same_result(results[i], fake->predict(views[i], options)));
    }
    EXPECT_TRUE(fake->predict_batch({}, options).empty());
  }
}

TEST(Pipeline, ComputesAsManyImagesOfABatchAtOnceAsThereAreStreams) {
  const FakePipeline fake({.num_threads = 3, .num_streams = 3});
  fake.controls->time_per_run = std::chrono::milliseconds(20);
  const TestImage image = test_image(64, 64, 1);
  fake->predict_batch(std::vector<ImageView>(12, image.view()), {});
  EXPECT_EQ(fake.controls->runs.load(), 12);
  EXPECT_EQ(fake.controls->most_running.load(), 3);
}

TEST(Pipeline, MakesOneSessionPerStream) {
  const FakePipeline fake({.num_threads = 4, .num_streams = 3});
  EXPECT_EQ(fake.controls->loads.load(), 1);
  EXPECT_EQ(fake.controls->sessions.load(), 3);
  fake->predict(test_image(64, 64, 1).view(), {});
  EXPECT_EQ(fake.controls->sessions.load(), 3);
}

TEST(Pipeline, WarmsUpEveryStream) {
  for (const int streams : {1, 4}) {
    const FakePipeline fake({.num_threads = 4, .num_streams = streams});
    fake->warm_up();
    EXPECT_EQ(fake.controls->runs.load(), streams);
    EXPECT_EQ(fake.controls->sessions_run.load(), streams);
  }
}

TEST(Pipeline, DescribesItself) {
  const FakePipeline fake({.engine = "ignored here", .num_threads = 3, .num_streams = 2});
  const PredictorInfo& info = fake->info();
  EXPECT_EQ(info.model_name, "Tiny");
  EXPECT_EQ(info.family, "mask_rtdetr");
  EXPECT_EQ(info.class_names.size(), 3u);
  EXPECT_EQ(info.threshold, 0.5f);
  EXPECT_EQ(info.engine, "fake 1.2");
  EXPECT_EQ(info.device, "cpu");
  EXPECT_EQ(info.precision, "fp32");
  EXPECT_EQ(info.num_threads, 3);
  EXPECT_EQ(info.num_streams, 2);
  ASSERT_EQ(info.networks.size(), 1u);
  EXPECT_EQ(info.networks[0].role, "detector");
  EXPECT_EQ(info.networks[0].inputs[0].meaning, "image");
  EXPECT_TRUE((info.networks[0].outputs[1].shape == std::vector<std::int64_t>{-1, 16, 3}));
}

}  // namespace
}  // namespace instseg
