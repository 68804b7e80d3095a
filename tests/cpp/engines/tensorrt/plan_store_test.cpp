#include "engines/tensorrt/plan_store.h"

#include <thread>
#include <vector>

#include "engines/tensorrt/fake_tensorrt.h"
#include "instseg/errors.h"
#include "testing.h"

namespace instseg::tensorrt {
namespace {

using testing::fake_source;
using testing::FakeGpu;
using testing::rows_network;
using testing::TemporaryFolder;

struct Bench {
  TemporaryFolder folder;
  std::shared_ptr<FakeGpu> gpu = std::make_shared<FakeGpu>();

  PlanStore store(std::size_t most_plans) const {
    return PlanStore(fake_source(gpu, rows_network(folder)), most_plans);
  }
  static void use(PlanStore& store, std::int64_t rows) {
    const DeviceScope scope(*store.source().device);
    store.plan({{rows, 4}});
  }
};

TEST(PlanStore, HoldsTheLastUsed) {
  Bench bench;
  {
    PlanStore store = bench.store(2);
    Bench::use(store, 1);
    Bench::use(store, 2);
    Bench::use(store, 1);
    EXPECT_EQ(bench.gpu->builds, 2);
    Bench::use(store, 4);  // in place of 2
    EXPECT_EQ(bench.gpu->plans, 2);
    Bench::use(store, 1);
    EXPECT_EQ(bench.gpu->builds, 3);
    Bench::use(store, 2);
    EXPECT_EQ(bench.gpu->builds, 4);
    EXPECT_EQ(bench.gpu->plans, 2);
    EXPECT_TRUE(store.layer_types() == LayerTypes({{"fp32", 2}}));
  }
  EXPECT_EQ(bench.gpu->plans, 0);
  EXPECT_EQ(bench.gpu->misused, 0);
}

TEST(PlanStore, KeepsNothingOfAFailure) {
  Bench bench;
  PlanStore store = bench.store(2);
  bench.gpu->fail_to_build = true;
  EXPECT_THROWS(EngineError, "cannot build", Bench::use(store, 1));
  bench.gpu->fail_to_build = false;
  Bench::use(store, 1);
  EXPECT_EQ(bench.gpu->plans, 1);
}

TEST(PlanStore, BuildsOneAtATime) {
  Bench bench;
  bench.gpu->build_ms = 10;
  PlanStore store = bench.store(8);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] { Bench::use(store, 1 + t % 4); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(bench.gpu->builds, 4);
  EXPECT_EQ(bench.gpu->most_building, 1);
  EXPECT_EQ(bench.gpu->plans, 4);
}

TEST(PlanStore, ServesPlansWhileAnotherIsBuilt) {
  Bench bench;
  PlanStore store = bench.store(8);
  Bench::use(store, 1);
  bench.gpu->build_ms = 400;
  std::thread slow([&] { Bench::use(store, 2); });
  while (bench.gpu->building == 0) std::this_thread::yield();
  Bench::use(store, 1);
  EXPECT_EQ(bench.gpu->building, 1);  // not waited for
  slow.join();
}

}  // namespace
}  // namespace instseg::tensorrt
