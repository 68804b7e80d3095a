// One Pipeline, many threads. ThreadSanitizer runs these too.
#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "fake_pipeline.h"
#include "instseg/errors.h"
#include "testing.h"

namespace instseg {
namespace {

using testing::FakePipeline;
using testing::same_result;
using testing::test_images;
using testing::TestImage;

// What call number `i` of any thread asks for.
PredictOptions options_of(int i) {
  PredictOptions options{.threshold = 0.1f * static_cast<float>(i % 6), .clip_masks = i % 2 == 0};
  if (i % 5 == 0) options.max_detections = 3;
  if (i % 7 == 0) options.class_ids = std::vector<int>{0, 2};
  return options;
}

void run_threads(int count, const std::function<void(int)>& body) {
  std::vector<std::thread> threads;
  for (int t = 0; t < count; ++t) threads.emplace_back(body, t);
  for (std::thread& thread : threads) thread.join();
}

TEST(PipelineThreads, GiveTheResultsOfOneThread) {
  constexpr int kThreads = 8;
  constexpr int kPredictions = 50;
  const std::vector<TestImage> images = test_images(3);
  const auto image_of = [&](int t, int i) {
    return images[static_cast<std::size_t>(t * 3 + i) % images.size()].view();
  };
  for (const PredictorOptions& predictor_options :
       {PredictorOptions{.num_threads = 1}, PredictorOptions{.num_threads = 4, .num_streams = 3}}) {
    const FakePipeline fake(predictor_options);
    std::vector<std::vector<Result>> expected(kThreads);
    for (int t = 0; t < kThreads; ++t) {
      for (int i = 0; i < kPredictions; ++i) {
        expected[static_cast<std::size_t>(t)].push_back(
            fake->predict(image_of(t, i), options_of(i)));
      }
    }
    std::vector<int> different(kThreads, 0);
    run_threads(kThreads, [&](int t) {
      for (int i = 0; i < kPredictions; ++i) {
        const Result result = fake->predict(image_of(t, i), options_of(i));
        if (!same_result(result,
                         expected[static_cast<std::size_t>(t)][static_cast<std::size_t>(i)])) {
          ++different[static_cast<std::size_t>(t)];
        }
      }
    });
    for (const int count : different) EXPECT_EQ(count, 0);
    EXPECT_EQ(fake.controls->misused.load(), 0);
    EXPECT_EQ(fake.controls->runs.load(), 2 * kThreads * kPredictions);
    EXPECT_TRUE(fake.controls->most_running <= predictor_options.num_streams);
  }
}

TEST(PipelineThreads, MixEveryKindOfCall) {
  const FakePipeline fake({.num_threads = 3, .num_streams = 2});
  const std::vector<TestImage> images = test_images(9);
  std::vector<ImageView> views;
  std::vector<Result> expected;
  for (const TestImage& image : images) {
    views.push_back(image.view());
    expected.push_back(fake->predict(image.view(), {}));
  }
  std::vector<int> different(6, 0);
  run_threads(6, [&](int t) {
    for (int i = 0; i < 10; ++i) {
      std::vector<Result> results;
      if (t % 3 == 0) {
        results = fake->predict_batch(views, {});
      } else if (t % 3 == 1) {
        for (const ImageView& view : views) results.push_back(fake->predict(view, {}));
      } else {
        fake->warm_up();
        results = expected;
      }
      for (std::size_t k = 0; k < views.size(); ++k) {
        if (!same_result(results[k], expected[k])) ++different[static_cast<std::size_t>(t)];
      }
    }
  });
  for (const int count : different) EXPECT_EQ(count, 0);
  EXPECT_EQ(fake.controls->misused.load(), 0);
}

TEST(PipelineThreads, ErrorsOfSomeLeaveTheOthersAlone) {
  const FakePipeline fake({.num_threads = 2, .num_streams = 2});
  const std::vector<TestImage> images = test_images(5);
  const Result expected = fake->predict(images[0].view(), {});
  std::vector<int> faults(8, 0);
  run_threads(8, [&](int t) {
    for (int i = 0; i < 40; ++i) {
      try {
        switch ((t + i) % 4) {
          case 0:
            fake->predict(images[0].view(), {.threshold = 2});
            ++faults[static_cast<std::size_t>(t)];
            break;
          case 1:
            fake->predict({nullptr, 1, 1, PixelFormat::kBgr, 0}, {});
            ++faults[static_cast<std::size_t>(t)];
            break;
          default:
            if (!same_result(fake->predict(images[0].view(), {}), expected)) {
              ++faults[static_cast<std::size_t>(t)];
            }
        }
      } catch (const InvalidArgument&) {
        if ((t + i) % 4 > 1) ++faults[static_cast<std::size_t>(t)];
      }
    }
  });
  for (const int count : faults) EXPECT_EQ(count, 0);
}

TEST(PipelineThreads, ShareAFailingEngine) {
  const FakePipeline fake({.num_threads = 2, .num_streams = 2});
  const std::vector<TestImage> images = test_images(5);
  const Result expected = fake->predict(images[2].view(), {});
  std::atomic<int> failed = 0;
  std::atomic<int> different = 0;
  run_threads(4, [&](int) {
    for (int i = 0; i < 50; ++i) {
      if (i % 10 == 3) fake.controls->fail_after = 1;
      try {
        if (!same_result(fake->predict(images[2].view(), {}), expected)) ++different;
      } catch (const EngineError&) {
        ++failed;
      }
    }
  });
  EXPECT_EQ(different.load(), 0);
  EXPECT_TRUE(failed > 0 && failed <= 20);
}

}  // namespace
}  // namespace instseg
