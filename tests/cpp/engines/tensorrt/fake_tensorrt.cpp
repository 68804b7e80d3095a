#include "engines/tensorrt/fake_tensorrt.h"

#include <chrono>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <sstream>
#include <thread>
#include <utility>

#include "engines/tensorrt/shape_run.h"
#include "instseg/errors.h"
#include "runtime/fake_mask_rtdetr.h"

namespace instseg::testing {
namespace {

using namespace tensorrt;
using Work = std::function<void()>;

thread_local int entered = 0;  // devices that are current on this thread

template <typename Count>
class Alive {
 public:
  explicit Alive(Count& count) : count_(count) { ++count_; }
  ~Alive() { --count_; }
  Alive(const Alive&) = delete;
  Alive& operator=(const Alive&) = delete;

 private:
  Count& count_;
};

class FakeStream;

class FakeGraph final : public Graph {
 public:
  FakeGraph(std::shared_ptr<FakeGpu> gpu, FakeStream& stream, std::vector<Work> work)
      : gpu_(std::move(gpu)), alive_(gpu_->graphs), stream_(stream), work_(std::move(work)) {}
  void launch() override;

 private:
  std::shared_ptr<FakeGpu> gpu_;
  Alive<std::atomic<int>> alive_;
  FakeStream& stream_;
  std::vector<Work> work_;
};

class FakeStream final : public Stream {
 public:
  explicit FakeStream(std::shared_ptr<FakeGpu> gpu) : gpu_(std::move(gpu)), alive_(gpu_->streams) {}

  void* handle() const override { return const_cast<FakeStream*>(this); }
  void copy_to_device(void* device, const void* host, std::size_t size) override {
    gpu_->bytes_up += size;
    add([=, gpu = gpu_] {
      gpu->expect_on_device(device, size);
      gpu->expect_pinned(host, size);
      std::memcpy(device, host, size);
    });
  }
  void copy_to_host(void* host, const void* device, std::size_t size) override {
    gpu_->bytes_down += size;
    add([=, gpu = gpu_] {
      gpu->expect_on_device(device, size);
      gpu->expect_pinned(host, size);
      std::memcpy(host, device, size);
    });
  }
  void synchronize() override {
    if (entered == 0) ++gpu_->misused;
    for (const Work& work : queue_) work();
    gpu_->queued -= static_cast<int>(queue_.size());
    queue_.clear();
  }
  void wait_for(void* other) override {
    if (entered == 0) ++gpu_->misused;
    ++gpu_->waits;
    gpu_->waited_for = other;
  }
  void begin_capture() override {
    capturing_ = true;
    captured_.clear();
  }
  std::unique_ptr<Graph> end_capture() override {
    capturing_ = false;
    if (gpu_->cannot_record) return nullptr;
    return std::make_unique<FakeGraph>(gpu_, *this, std::move(captured_));
  }

  void add(Work work) {
    if (!capturing_) ++gpu_->queued;
    (capturing_ ? captured_ : queue_).push_back(std::move(work));
  }
  bool is_capturing() const { return capturing_; }

 private:
  std::shared_ptr<FakeGpu> gpu_;
  Alive<std::atomic<int>> alive_;
  std::vector<Work> queue_;
  std::vector<Work> captured_;
  bool capturing_ = false;
};

void FakeGraph::launch() {
  ++gpu_->launches;
  for (const Work& work : work_) stream_.add(work);
}

class FakeMemory final : public Memory {
 public:
  FakeMemory(std::shared_ptr<FakeGpu> gpu, bool is_pinned, std::size_t size)
      : gpu_(std::move(gpu)),
        bytes_(is_pinned ? gpu_->pinned_bytes : gpu_->device_bytes),
        live_(is_pinned ? gpu_->pinned_memory : gpu_->device_memory),
        values_(size, std::byte{0xff}) {
    if (entered == 0) ++gpu_->misused;
    bytes_ += size;
    ++gpu_->allocations;
    const std::lock_guard lock(gpu_->mutex);
    live_[values_.data()] = size;
  }
  ~FakeMemory() override {
    bytes_ -= values_.size();
    const std::lock_guard lock(gpu_->mutex);
    live_.erase(values_.data());
  }
  void* data() const override { return const_cast<std::byte*>(values_.data()); }
  std::size_t size() const override { return values_.size(); }

 private:
  std::shared_ptr<FakeGpu> gpu_;
  std::atomic<std::size_t>& bytes_;
  std::map<const std::byte*, std::size_t>& live_;
  std::vector<std::byte> values_;
};

class FakeDevice final : public Device {
 public:
  FakeDevice(std::shared_ptr<FakeGpu> gpu, int index) : gpu_(std::move(gpu)), index_(index) {}
  int index() const override { return index_; }
  const GpuDescription& description() const override { return gpu_->gpu; }
  void enter() const override { ++entered; }
  void leave() const noexcept override { --entered; }
  std::unique_ptr<Memory> allocate(std::size_t size) const override {
    return std::make_unique<FakeMemory>(gpu_, false, size);
  }
  std::unique_ptr<Memory> allocate_pinned(std::size_t size) const override {
    return std::make_unique<FakeMemory>(gpu_, true, size);
  }
  std::unique_ptr<Stream> make_stream() const override {
    return std::make_unique<FakeStream>(gpu_);
  }

 private:
  std::shared_ptr<FakeGpu> gpu_;
  int index_;
};

class FakeDriver final : public Driver {
 public:
  FakeDriver(std::shared_ptr<FakeGpu> gpu, int num_devices)
      : gpu_(std::move(gpu)), num_devices_(num_devices) {}
  int num_devices() const override { return num_devices_; }
  std::shared_ptr<const Device> open(int index) const override {
    return std::make_shared<FakeDevice>(gpu_, index);
  }

 private:
  std::shared_ptr<FakeGpu> gpu_;
  int num_devices_;
};

// The shape of an output of FakeMaskRtdetr; null for other names.
const Shape* mask_rtdetr_output(const std::string& name) {
  constexpr int queries = FakeMaskRtdetr::kQueries;
  constexpr int side = FakeMaskRtdetr::kPrototypeSide;
  static const std::map<std::string, Shape> shapes = {{"boxes", {1, queries, 4}},
                                                      {"logits", {1, queries, 3}},
                                                      {"coefficients", {1, queries, 3}},
                                                      {"prototypes", {1, 3, side, side}}};
  const auto found = shapes.find(name);
  return found != shapes.end() ? &found->second : nullptr;
}

class FakeContext final : public Context {
 public:
  FakeContext(std::shared_ptr<FakeGpu> gpu, std::string kind)
      : gpu_(std::move(gpu)), alive_(gpu_->contexts), kind_(std::move(kind)) {
    ++gpu_->contexts_made;
  }

  bool set_input_shape(const std::string&, const Shape& shape, Log& log) override {
    if (gpu_->refuses_shapes) log.write(Log::Severity::kError, "the profile has another shape");
    shape_ = shape;
    return !gpu_->refuses_shapes;
  }
  Shape output_shape(const std::string& name) const override {
    if (name == "doubled") return shape_;
    if (name == "sums") return {1, 3};
    if (const Shape* const shape = mask_rtdetr_output(name)) return *shape;
    return {shape_[0], 2};
  }
  bool set_address(const std::string& name, void* memory, Log&) override {
    addresses_[name] = static_cast<float*>(memory);
    return true;
  }
  bool enqueue(void* handle, Log& log) override {
    if (in_use_.exchange(true) || entered == 0) ++gpu_->misused;
    auto& stream = *static_cast<FakeStream*>(handle);
    if (gpu_->fail_to_enqueue) {
      log.write(Log::Severity::kError, "an illegal memory access was encountered");
      in_use_ = false;
      return false;
    }
    if (!stream.is_capturing()) ++gpu_->enqueues;
    stream.add([this] { compute(); });
    in_use_ = false;
    return true;
  }

 private:
  void compute() {
    if (kind_ == "image") {
      const auto plane = static_cast<std::size_t>(shape_[2] * shape_[3]);
      const float* const image = addresses_.at("image");
      for (std::size_t c = 0; c < 3; ++c) {
        float sum = 0;
        for (std::size_t i = c * plane; i < (c + 1) * plane; ++i) {
          addresses_.at("doubled")[i] = 2 * image[i];
          sum += image[i];
        }
        addresses_.at("sums")[c] = sum;
      }
      return;
    }
    if (kind_ == "mask_rtdetr") {
      compute_mask_rtdetr();
      return;
    }
    const float* row = addresses_.at("features");
    for (std::int64_t r = 0; r < shape_[0]; ++r, row += 4) {
      float* const out = addresses_.at("row_sums") + 2 * r;
      out[0] = row[0] + row[1] + row[2] + row[3];
      out[1] = static_cast<float>(r);
    }
    gpu_->rows_computed = static_cast<int>(shape_[0]);
  }

  void compute_mask_rtdetr() {
    const FakeMaskRtdetr network = {.boxes = addresses_.at("boxes"),
                                    .logits = addresses_.at("logits"),
                                    .coefficients = addresses_.at("coefficients"),
                                    .prototypes = addresses_.at("prototypes")};
    network.compute(addresses_.at("image"));
    const auto last = [&](const char* name) -> float& {
      return addresses_.at(name)[num_values(*mask_rtdetr_output(name)) - 1];
    };
    if (gpu_->nan_in_coefficients) {
      last("coefficients") = std::numeric_limits<float>::quiet_NaN();
    }
    if (gpu_->infinity_in_prototypes) {
      last("prototypes") = std::numeric_limits<float>::infinity();
    }
  }

  std::shared_ptr<FakeGpu> gpu_;
  Alive<std::atomic<int>> alive_;
  std::string kind_;
  Shape shape_;
  std::map<std::string, float*> addresses_;
  std::atomic<bool> in_use_{false};
};

class FakePlan final : public Plan {
 public:
  FakePlan(std::shared_ptr<FakeGpu> gpu, std::string kind, Shape shape)
      : gpu_(std::move(gpu)), alive_(gpu_->plans), kind_(std::move(kind)), shape_(shape) {}

  std::vector<TensorDescription> tensors() const override {
    const TensorType type = TensorType::kFloat32;
    if (kind_ == "image") {
      return {{"image", true, type, shape_},
              {"doubled", false, type, shape_},
              {"sums", false, type, {1, 3}}};
    }
    if (kind_ == "mask_rtdetr") {
      std::vector<TensorDescription> all = {{"image", true, type, shape_}};
      for (const char* name : {"boxes", "logits", "coefficients", "prototypes"}) {
        all.push_back({name, false, type, *mask_rtdetr_output(name)});
      }
      return all;
    }
    return {{"features", true, type, shape_}, {"row_sums", false, type, {shape_[0], 2}}};
  }
  std::unique_ptr<Context> make_context(Log& log) override {
    if (entered == 0) ++gpu_->misused;
    if (gpu_->fail_to_make_contexts) {
      log.write(Log::Severity::kError, "out of memory");
      return nullptr;
    }
    return std::make_unique<FakeContext>(gpu_, kind_);
  }
  std::string layers() const override { return gpu_->layers; }

 private:
  std::shared_ptr<FakeGpu> gpu_;
  Alive<std::atomic<int>> alive_;
  std::string kind_;
  Shape shape_;
};

std::vector<std::byte> bytes_of(const std::string& text) {
  const auto* const data = reinterpret_cast<const std::byte*>(text.data());
  return {data, data + text.size()};
}

class FakeAdapter final : public Adapter {
 public:
  explicit FakeAdapter(std::shared_ptr<FakeGpu> gpu) : gpu_(std::move(gpu)) {}

  std::string version() const override { return gpu_->version; }
  bool types_come_from_the_file() const override { return gpu_->types_come_from_the_file; }

  Built build(const BuildRequest& request, Log& log) override {
    ++gpu_->builds;
    const Alive alive(gpu_->building);
    if (gpu_->building > gpu_->most_building) gpu_->most_building = gpu_->building.load();
    {
      const std::lock_guard lock(gpu_->mutex);
      gpu_->request = request;
      gpu_->timing_cache.assign(request.timing_cache.begin(), request.timing_cache.end());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(gpu_->build_ms));
    log.write(Log::Severity::kWarning, "a warning of the builder");
    for (int i = 0; i < 20; ++i) {
      if (!request.progress->at("Tactics", (i + 1) / 20.0)) return {};
    }
    std::string kind;
    std::ifstream(request.onnx_file) >> kind;
    if (gpu_->fail_to_build || (kind != "image" && kind != "rows" && kind != "mask_rtdetr")) {
      log.write(Log::Severity::kError, ("no importer for the operator " + kind).c_str());
      return {};
    }
    std::ostringstream plan;
    plan << "fake plan " << kind;
    for (const std::int64_t side : request.inputs.at(0).shape) plan << " " << side;
    return {bytes_of(plan.str()), bytes_of("timings after build " + std::to_string(gpu_->builds))};
  }

  std::unique_ptr<Plan> load(std::span<const std::byte> plan, Log& log) override {
    if (entered == 0) ++gpu_->misused;
    ++gpu_->loads;
    std::istringstream text(std::string(reinterpret_cast<const char*>(plan.data()), plan.size()));
    std::string fake, word, kind;
    text >> fake >> word >> kind;
    if (gpu_->fail_to_load || fake != "fake" || word != "plan") {
      log.write(Log::Severity::kError, "the plan was made by another version");
      return nullptr;
    }
    Shape shape;
    for (std::int64_t side = 0; text >> side;) shape.push_back(side);
    return std::make_unique<FakePlan>(gpu_, kind, shape);
  }

 private:
  std::shared_ptr<FakeGpu> gpu_;
};

TensorSpec tensor(const std::string& name, const std::string& meaning, Shape shape) {
  return {.name = name, .meaning = meaning, .dtype = "float32", .shape = std::move(shape)};
}

bool contains(const std::map<const std::byte*, std::size_t>& memory, const void* begin,
              std::size_t size) {
  const auto* const first = static_cast<const std::byte*>(begin);
  const auto after = memory.upper_bound(first);
  if (after == memory.begin()) return false;
  const auto& [start, length] = *std::prev(after);
  return first + size <= start + length;
}

}  // namespace

void FakeGpu::expect_on_device(const void* begin, std::size_t size) {
  const std::lock_guard lock(mutex);
  if (!contains(device_memory, begin, size)) ++misused;
}

void FakeGpu::expect_pinned(const void* begin, std::size_t size) {
  const std::lock_guard lock(mutex);
  if (!contains(pinned_memory, begin, size)) ++misused;
}

std::shared_ptr<Adapter> make_fake_adapter(std::shared_ptr<FakeGpu> gpu) {
  return std::make_shared<FakeAdapter>(std::move(gpu));
}

std::shared_ptr<const Driver> make_fake_driver(std::shared_ptr<FakeGpu> gpu, int num_devices) {
  return std::make_shared<FakeDriver>(std::move(gpu), num_devices);
}

void queue_work(Stream& stream, std::function<void()> work) {
  static_cast<FakeStream&>(stream).add(std::move(work));
}

NetworkSpec image_network(const TemporaryFolder& folder, std::int64_t side) {
  folder.write("network.onnx", "image");
  return {.role = "main",
          .file = folder.path() / "network.onnx",
          .size_bytes = 5,
          .sha256 = "abc",
          .inputs = {tensor("image", "image", {-1, 3, side, side})},
          .outputs = {tensor("doubled", "doubled", {-1, 3, side, side}),
                      tensor("sums", "sums", {-1, 3})}};
}

NetworkSpec rows_network(const TemporaryFolder& folder) {
  folder.write("box.onnx", "rows");
  return {.role = "box",
          .file = folder.path() / "box.onnx",
          .size_bytes = 4,
          .sha256 = "def",
          .inputs = {tensor("features", "roi_features", {-1, 4})},
          .outputs = {tensor("row_sums", "row_sums", {-1, 2})}};
}

NetworkSpec mask_rtdetr_network(const TemporaryFolder& folder) {
  folder.write("detr.onnx", "mask_rtdetr");
  constexpr int side = FakeMaskRtdetr::kSide;
  NetworkSpec network{.role = "detector",
                      .file = folder.path() / "detr.onnx",
                      .size_bytes = 11,
                      .sha256 = "ghi",
                      .inputs = {tensor("image", "image", {-1, 3, side, side})}};
  for (const char* name : {"boxes", "logits", "coefficients", "prototypes"}) {
    Shape shape = *mask_rtdetr_output(name);
    shape[0] = -1;
    network.outputs.push_back(tensor(name, name, std::move(shape)));
  }
  return network;
}

PlanSource fake_source(const std::shared_ptr<FakeGpu>& gpu, NetworkSpec network) {
  PlanSource source{.adapter = make_fake_adapter(gpu),
                    .device = make_fake_driver(gpu)->open(0),
                    .network = std::move(network)};
  source.files.onnx_file = source.network.file;
  return source;
}

}  // namespace instseg::testing
