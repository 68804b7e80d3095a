// Counts the memory of the whole program: once warm, a prediction allocates its result alone.
#include <new>
#include <string>
#include <vector>

#include "fake_pipeline.h"
#include "heap_count.h"
#include "testing.h"

namespace instseg {
namespace {

using testing::FakePipeline;
using testing::heap_count;
using testing::test_images;
using testing::TestImage;

// Allocations of pushing n values into a vector.
template <typename T>
long growth(std::size_t n) {
  const long before = heap_count().allocations;
  std::vector<T> values;
  for (std::size_t i = 0; i < n; ++i) values.push_back(T{});
  return heap_count().allocations - before;
}

long allocations_of(const Result& result) {
  const std::size_t n = result.size();
  long count = growth<Box>(n) + growth<float>(n) + growth<std::int32_t>(n) + (n > 0 ? 1 : 0);
  for (const Mask& mask : result.masks) {
    if (mask.words_per_row() > 0 && mask.region().height > 0) ++count;
  }
  return count;
}

TEST(PipelineMemory, OfAWarmPredictionIsItsResult) {
  const FakePipeline fake({.num_threads = 1});
  const std::vector<TestImage> images = test_images(2);
  std::size_t instances = 0;
  for (int round = 0; round < 3; ++round) {
    for (const TestImage& image : images) {
      for (const bool clip_masks : {true, false}) {
        const PredictOptions options{.threshold = 0.3f, .clip_masks = clip_masks};
        const long before = heap_count().allocations;
        const Result result = fake->predict(image.view(), options);
        const long made = heap_count().allocations - before;
        instances += result.size();
        if (round > 0) EXPECT_EQ(made, allocations_of(result));
      }
    }
  }
  EXPECT_TRUE(instances > 30);
}

TEST(PipelineMemory, DoesNotGrowWithTheNumberOfPredictions) {
  const FakePipeline fake({.num_threads = 3, .num_streams = 2});
  const std::vector<TestImage> images = test_images(2);
  std::vector<ImageView> views;
  for (const TestImage& image : images) views.push_back(image.view());
  const auto predict_all = [&] {
    for (const ImageView& view : views) fake->predict(view, {.threshold = 0.1f});
    fake->predict_batch(views, {.threshold = 0.1f, .clip_masks = false});
  };
  // Until every thread has drawn the largest mask.
  for (int i = 0; i < 60; ++i) predict_all();
  testing::reset_heap_peak();
  const std::size_t live = heap_count().live_bytes;
  predict_all();
  const std::size_t peak = heap_count().peak_bytes - live;
  for (int i = 0; i < 60; ++i) predict_all();
  // A thread's scratch memory may still have grown: it comes out below 40 kB for these images.
  EXPECT_TRUE(heap_count().live_bytes <= live + 40'000);
  EXPECT_TRUE(peak > 0 && heap_count().peak_bytes <= live + 2 * peak + 40'000);
}

// Memory runs out at every single allocation of a prediction: the next one is right.
TEST(PipelineMemory, MayRunOutAtAnyTime) {
  const TestImage small = testing::test_image(40, 30, 4);
  const TestImage large = testing::test_image(300, 400, 5);
  for (const bool clip_masks : {true, false}) {
    const PredictOptions options{.threshold = 0.3f, .clip_masks = clip_masks};
    const FakePipeline whole({.num_threads = 1});
    const Result expected = whole->predict(large.view(), options);
    long failures = 0;
    for (bool failed = true; failed; ++failures) {
      const FakePipeline fake({.num_threads = 1});
      fake->predict(small.view(), options);  // its workspace is too small for the large one
      failed = false;
      testing::fail_after(failures);
      try {
        fake->predict(large.view(), options);
      } catch (const std::bad_alloc&) {
        failed = true;
      }
      testing::fail_after(-1);
      if (!EXPECT_TRUE(testing::same_result(fake->predict(large.view(), options), expected))) {
        testing::fail(__FILE__, __LINE__, "allocation " + std::to_string(failures));
        return;
      }
    }
    EXPECT_TRUE(failures > 20);
  }
}

TEST(PipelineMemory, IsGivenBackAtTheEnd) {
  const auto run = [](int predictions) {
    const FakePipeline fake({.num_threads = 3, .num_streams = 2});
    const std::vector<TestImage> images = test_images(2);
    for (int i = 0; i < predictions; ++i) {
      fake->predict(images[static_cast<std::size_t>(i) % images.size()].view(), {});
    }
  };
  run(2);
  const std::size_t live = heap_count().live_bytes;
  run(0);  // never used
  run(20);
  EXPECT_EQ(heap_count().live_bytes, live);
}

}  // namespace
}  // namespace instseg
