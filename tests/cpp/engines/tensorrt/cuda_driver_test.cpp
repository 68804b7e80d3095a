#include "engines/tensorrt/cuda_driver.h"

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "instseg/errors.h"
#include "testing.h"

namespace instseg::tensorrt {
namespace {

// Null where this machine has no GPU.
std::unique_ptr<Driver> driver_if_any() {
  try {
    return make_cuda_driver();
  } catch (const EngineError&) {
    return nullptr;
  }
}

TEST(CudaDriver, SaysWhatIsMissing) {
  if (!has_cuda_driver()) {
    EXPECT_THROWS(EngineError, "NVIDIA's driver is not there (libcuda.so.1: ", make_cuda_driver());
    EXPECT_THROWS(EngineError, "TensorRT needs an NVIDIA GPU with its driver", make_cuda_driver());
    return;
  }
  if (driver_if_any() != nullptr) SKIP("nothing is missing: there is a GPU");
  EXPECT_THROWS(EngineError, "GPU", make_cuda_driver());
}

TEST(CudaDriver, CopiesThereAndBack) {
  const auto driver = driver_if_any();
  if (driver == nullptr) SKIP("needs an NVIDIA GPU");
  const auto device = driver->open(0);
  EXPECT_TRUE(!device->description().name.empty() && device->description().memory_bytes > 0);
  EXPECT_TRUE(device->description().capability_major >= 5);
  const DeviceScope scope(*device);
  const std::size_t size = 1 << 20;
  const auto memory = device->allocate(size);
  const auto there = device->allocate_pinned(size);
  const auto back = device->allocate_pinned(size);
  std::memset(there->data(), 0x5a, size);
  std::memset(back->data(), 0, size);
  const auto stream = device->make_stream();
  stream->copy_to_device(memory->data(), there->data(), size);
  stream->copy_to_host(back->data(), memory->data(), size);
  stream->synchronize();
  EXPECT_EQ(std::memcmp(there->data(), back->data(), size), 0);
}

TEST(CudaDriver, RecordsAndLaunchesAGraph) {
  const auto driver = driver_if_any();
  if (driver == nullptr) SKIP("needs an NVIDIA GPU");
  const auto device = driver->open(0);
  const DeviceScope scope(*device);
  const auto memory = device->allocate(64);
  const auto there = device->allocate_pinned(64);
  const auto back = device->allocate_pinned(64);
  const auto stream = device->make_stream();
  stream->begin_capture();
  stream->copy_to_device(memory->data(), there->data(), 64);
  stream->copy_to_host(back->data(), memory->data(), 64);
  const auto graph = stream->end_capture();
  ASSERT_TRUE(graph != nullptr);
  for (const int value : {3, 9}) {
    std::memset(there->data(), value, 64);
    graph->launch();
    stream->synchronize();
    EXPECT_EQ(std::memcmp(there->data(), back->data(), 64), 0);
  }
}

TEST(CudaDriver, LetsAStreamWaitForOthers) {
  const auto driver = driver_if_any();
  if (driver == nullptr) SKIP("needs an NVIDIA GPU");
  const auto device = driver->open(0);
  EXPECT_EQ(device->index(), 0);
  const DeviceScope scope(*device);
  const std::size_t size = 64 << 20;
  const auto memory = device->allocate(size);
  const auto there = device->allocate_pinned(size);
  const auto back = device->allocate_pinned(size);
  const auto first = device->make_stream();
  const auto second = device->make_stream();
  for (const int value : {3, 9}) {
    std::memset(there->data(), value, size);
    first->copy_to_device(memory->data(), there->data(), size);
    second->wait_for(first->handle());
    second->copy_to_host(back->data(), memory->data(), size);
    second->synchronize();
    EXPECT_EQ(std::memcmp(there->data(), back->data(), size), 0);
  }
  second->wait_for(nullptr);  // the legacy default stream, idle
  second->synchronize();
}

TEST(CudaDriver, RefusesAGpuThatIsNotThere) {
  const auto driver = driver_if_any();
  if (driver == nullptr) SKIP("needs an NVIDIA GPU");
  EXPECT_THROWS(EngineError, "CUDA has no such GPU", driver->open(driver->num_devices()));
}

}  // namespace
}  // namespace instseg::tensorrt
