#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "engines/tensorrt/adapter_api.h"
#include "engines/tensorrt/device.h"
#include "engines/tensorrt/plan_building.h"
#include "temporary_folder.h"

namespace instseg::testing {

// What the fakes saw, and what they are told to do. Shared by all that was made from them.
struct FakeGpu {
  // Set by the test.
  std::string version = "10.16.0";
  tensorrt::GpuDescription gpu = {.name = "Tesla T4",
                                  .capability_major = 7,
                                  .capability_minor = 5,
                                  .memory_bytes = 16'000'000'000,
                                  .driver_version = 12040};
  bool types_come_from_the_file = true;
  std::string layers = R"({"Layers": [{"Outputs": [{"Format/Datatype": "Float"}]}]})";
  std::atomic<bool> fail_to_build{false};
  std::atomic<bool> fail_to_load{false};
  std::atomic<bool> fail_to_make_contexts{false};
  std::atomic<bool> fail_to_enqueue{false};
  std::atomic<bool> refuses_shapes{false};
  std::atomic<bool> cannot_record{false};
  std::atomic<bool> nan_in_coefficients{false};  // the last value of each
  std::atomic<bool> infinity_in_prototypes{false};
  std::atomic<int> build_ms{0};

  // Counted by the fakes.
  std::atomic<int> builds{0};
  std::atomic<int> building{0};
  std::atomic<int> most_building{0};
  std::atomic<int> loads{0};
  std::atomic<int> plans{0};     // that live
  std::atomic<int> contexts{0};  // that live
  std::atomic<int> contexts_made{0};
  std::atomic<int> streams{0};   // that live
  std::atomic<int> graphs{0};    // that live
  std::atomic<int> enqueues{0};  // apart from those that are recorded
  std::atomic<int> launches{0};
  std::atomic<int> rows_computed{0};         // of the last run
  std::atomic<std::size_t> device_bytes{0};  // that live
  std::atomic<std::size_t> pinned_bytes{0};
  std::atomic<int> allocations{0};
  std::atomic<std::size_t> bytes_up{0};  // that were copied
  std::atomic<std::size_t> bytes_down{0};
  std::atomic<int> waits{0};  // for other streams
  std::atomic<void*> waited_for{nullptr};
  std::atomic<int> kernels{0};  // that ran
  std::atomic<int> queued{0};   // pieces of work that no one has waited for
  // Two threads in one context, no device current, or memory that is not there or of another kind
  // when the stream comes to it.
  std::atomic<int> misused{0};
  std::mutex mutex;
  std::map<const std::byte*, std::size_t> device_memory;  // that live: begin, bytes
  std::map<const std::byte*, std::size_t> pinned_memory;
  tensorrt::BuildRequest request;       // of the last build; its spans and pointers are stale
  std::vector<std::byte> timing_cache;  // that it brought

  // Count a misuse unless all of [begin, begin + size) is memory of that kind.
  void expect_on_device(const void* begin, std::size_t size);
  void expect_pinned(const void* begin, std::size_t size);
};

// Stands in for TensorRT. Its "ONNX" files hold one word:
//   "image"  image [1,3,h,w] -> doubled [1,3,h,w] (twice the image), sums [1,3] (of each channel)
//   "rows"   features [R,4]  -> row_sums [R,2] (the sum, and the row's place)
//   "mask_rtdetr"  FakeMaskRtdetr (runtime/fake_mask_rtdetr.h)
//   else     the parser refuses it
// Its plans are text. Contexts work on the fake device's memory when the stream gets to it.
std::shared_ptr<tensorrt::Adapter> make_fake_adapter(std::shared_ptr<FakeGpu> gpu);

// GPUs of that description whose memory is the host's; nothing happens on a stream before
// synchronize().
std::shared_ptr<const tensorrt::Driver> make_fake_driver(std::shared_ptr<FakeGpu> gpu,
                                                         int num_devices = 2);

// Puts work on a stream of the fake driver's.
void queue_work(tensorrt::Stream& stream, std::function<void()> work);

// What instseg.json would say of the networks; the file is written into `folder`. Sides of the
// image are open where `side` is -1.
NetworkSpec image_network(const TemporaryFolder& folder, std::int64_t side);
NetworkSpec rows_network(const TemporaryFolder& folder);
NetworkSpec mask_rtdetr_network(const TemporaryFolder& folder);

// A source of plans out of these fakes, without a cache.
tensorrt::PlanSource fake_source(const std::shared_ptr<FakeGpu>& gpu, NetworkSpec network);

}  // namespace instseg::testing
