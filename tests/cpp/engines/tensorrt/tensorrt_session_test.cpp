#include "engines/tensorrt/tensorrt_session.h"

#include <algorithm>
#include <thread>
#include <vector>

#include "engines/tensorrt/fake_tensorrt.h"
#include "instseg/errors.h"
#include "testing.h"

namespace instseg::tensorrt {
namespace {

using testing::fake_source;
using testing::FakeGpu;
using testing::image_network;
using testing::rows_network;
using testing::TemporaryFolder;

struct Bench {
  TemporaryFolder folder;
  std::shared_ptr<FakeGpu> gpu = std::make_shared<FakeGpu>();

  std::shared_ptr<PlanStore> images(std::size_t most_plans = 2, std::int64_t side = -1) const {
    return std::make_shared<PlanStore>(fake_source(gpu, image_network(folder, side)), most_plans);
  }
  std::shared_ptr<PlanStore> rows() const {
    return std::make_shared<PlanStore>(fake_source(gpu, rows_network(folder)), 12);
  }
};

// Whether the session doubles an image of this size whose values begin at `first`.
bool doubles(Session& session, std::int64_t height, std::int64_t width, float first) {
  const std::int64_t shape[] = {1, 3, height, width};
  const std::span<float> image = session.input(0, shape);
  if (image.size() != static_cast<std::size_t>(3 * height * width)) return false;
  for (std::size_t i = 0; i < image.size(); ++i) image[i] = first + static_cast<float>(i);
  session.run();
  const TensorView doubled = session.output(0);
  const TensorView sums = session.output(1);
  if (!std::equal(doubled.shape.begin(), doubled.shape.end(), std::begin(shape), std::end(shape)) ||
      sums.size() != 3) {
    return false;
  }
  float sum = 0;
  bool equal = true;
  for (std::size_t i = 0; i < image.size(); ++i) {
    equal = equal && doubled.data[i] == 2 * (first + static_cast<float>(i));
    if (i < image.size() / 3) sum += first + static_cast<float>(i);
  }
  return equal && sums.data[0] == sum;
}

// Whether the session sums so many rows.
bool sums_rows(Session& session, std::int64_t rows, float first) {
  const std::int64_t shape[] = {rows, 4};
  const std::span<float> features = session.input(0, shape);
  for (std::size_t i = 0; i < features.size(); ++i) features[i] = first + static_cast<float>(i);
  session.run();
  const TensorView sums = session.output(0);
  if (sums.shape.size() != 2 || sums.shape[0] != rows || sums.shape[1] != 2) return false;
  for (std::int64_t r = 0; r < rows; ++r) {
    const float expected = 4 * first + static_cast<float>(16 * r + 6);
    if (sums.data[2 * r] != expected || sums.data[2 * r + 1] != static_cast<float>(r)) return false;
  }
  return true;
}

TEST(TensorRtSession, ComputesAndRecordsAGraphAtTheSecondRun) {
  Bench bench;
  {
    TensorRtSession session(bench.images());
    EXPECT_TRUE(doubles(session, 4, 6, 1));
    EXPECT_EQ(bench.gpu->graphs, 0);
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(doubles(session, 4, 6, static_cast<float>(i)));
    EXPECT_EQ(bench.gpu->enqueues, 1);
    EXPECT_EQ(bench.gpu->graphs, 1);
    EXPECT_EQ(bench.gpu->launches, 5);
    EXPECT_EQ(bench.gpu->contexts_made, 1);
  }
  EXPECT_EQ(bench.gpu->contexts + bench.gpu->streams + bench.gpu->graphs + bench.gpu->plans, 0);
  EXPECT_EQ(bench.gpu->device_bytes + bench.gpu->pinned_bytes, 0u);
  EXPECT_EQ(bench.gpu->misused, 0);
}

TEST(TensorRtSession, GoesOnWithoutAGraph) {
  Bench bench;
  bench.gpu->cannot_record = true;
  TensorRtSession session(bench.images());
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(doubles(session, 4, 6, static_cast<float>(i)));
  EXPECT_EQ(bench.gpu->graphs, 0);
  EXPECT_EQ(bench.gpu->enqueues, 4);
}

TEST(TensorRtSession, AllocatesNothingOnceItIsWarm) {
  Bench bench;
  TensorRtSession session(bench.images(2));
  EXPECT_TRUE(doubles(session, 8, 8, 0));
  EXPECT_TRUE(doubles(session, 4, 6, 0));
  const int allocations = bench.gpu->allocations;
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(doubles(session, i % 2 == 0 ? 4 : 8, i % 2 == 0 ? 6 : 8, static_cast<float>(i)));
  }
  EXPECT_EQ(bench.gpu->allocations, allocations);
}

TEST(TensorRtSession, HoldsTheLastShapes) {
  Bench bench;
  TensorRtSession session(bench.images(2));
  std::size_t most_bytes = 0;
  for (int i = 0; i < 30; ++i) {
    EXPECT_TRUE(doubles(session, 4 + i % 5, 6, static_cast<float>(i)));
    EXPECT_TRUE(bench.gpu->contexts <= 2 && bench.gpu->plans <= 3);
    if (i == 9) most_bytes = bench.gpu->device_bytes;
    // Two shapes at most, the largest of 3 * 8 * 6 values in and out.
    EXPECT_TRUE(bench.gpu->device_bytes <= 2 * (2 * 3 * 8 * 6 + 3) * sizeof(float));
  }
  EXPECT_TRUE(most_bytes > 0);
}

TEST(TensorRtSession, RoundsRowsUpToPowersOfTwo) {
  Bench bench;
  TensorRtSession session(bench.rows());
  for (const int rows : {5, 8, 3, 1, 7, 100, 128, 33}) {
    EXPECT_TRUE(sums_rows(session, rows, static_cast<float>(rows)));
    int rounded = 1;
    while (rounded < rows) rounded *= 2;
    EXPECT_EQ(bench.gpu->rows_computed, rounded);
  }
  EXPECT_EQ(bench.gpu->builds, 5);  // 8, 4, 1, 128, 64
}

TEST(TensorRtSession, RefusesShapesThatTheNetworkDoesNotHave) {
  Bench bench;
  TensorRtSession session(bench.images());
  const auto give = [&](std::vector<std::int64_t> shape) { session.input(0, shape); };
  EXPECT_THROWS(EngineError, "got the shape [1,4,8,8] for the input 'image' of the shape [?,3,?,?]",
                give({1, 4, 8, 8}));
  EXPECT_THROWS(EngineError, "got the shape [1,3,8]", give({1, 3, 8}));
  EXPECT_THROWS(EngineError, "got the shape [0,3,8,8]", give({0, 3, 8, 8}));
  EXPECT_TRUE(doubles(session, 8, 8, 0));
}

TEST(TensorRtSession, PassesOnTensorRtsText) {
  Bench bench;
  TensorRtSession session(bench.images());
  bench.gpu->fail_to_make_contexts = true;
  EXPECT_THROWS(EngineError, "cannot make an execution context for", doubles(session, 4, 4, 0));
  EXPECT_THROWS(EngineError, "network.onnx: out of memory", doubles(session, 4, 4, 0));
  bench.gpu->fail_to_make_contexts = false;
  bench.gpu->refuses_shapes = true;
  EXPECT_THROWS(EngineError, "refuses [1,3,4,4] for 'image'", doubles(session, 4, 4, 0));
  bench.gpu->refuses_shapes = false;
  bench.gpu->fail_to_enqueue = true;
  EXPECT_THROWS(EngineError,
                "TensorRT 10.16.0 failed to run " +
                    (bench.folder.path() / "network.onnx").string() +
                    ": an illegal memory access was encountered",
                doubles(session, 4, 4, 0));
  bench.gpu->fail_to_enqueue = false;
  EXPECT_TRUE(doubles(session, 8, 8, 0));  // whose pinned memory is another
  EXPECT_TRUE(doubles(session, 4, 4, 0));
}

TEST(TensorRtSession, ThreadsWithASessionEachGetTheirOwnResults) {
  Bench bench;
  const auto images = bench.images(3);
  std::vector<std::thread> threads;
  std::vector<int> wrong(8, 0);
  for (std::size_t t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      TensorRtSession session(images);
      for (int i = 0; i < 40; ++i) {
        const auto first = static_cast<float>(100 * t) + static_cast<float>(i);
        if (!doubles(session, 4 + (i + static_cast<int>(t)) % 3, 5, first)) ++wrong[t];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int count : wrong) EXPECT_EQ(count, 0);
  EXPECT_EQ(bench.gpu->misused, 0);
  EXPECT_EQ(bench.gpu->builds, 3);
  EXPECT_EQ(bench.gpu->contexts_made, 24);  // a session and shape each
  EXPECT_EQ(bench.gpu->contexts, 0);
}

}  // namespace
}  // namespace instseg::tensorrt
