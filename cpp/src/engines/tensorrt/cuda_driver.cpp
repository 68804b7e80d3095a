#include "engines/tensorrt/cuda_driver.h"

#include <dlfcn.h>

#include <array>
#include <string>
#include <utility>

#include "engines/tensorrt/cuda_functions.h"
#include "instseg/errors.h"

namespace instseg::tensorrt {
namespace {

constexpr const char* kLibrary = "libcuda.so.1";

void* open_library() { return dlopen(kLibrary, RTLD_NOW | RTLD_GLOBAL); }

CudaFunctions load_functions() {
  void* const library = open_library();
  if (library == nullptr) {
    throw EngineError(std::string("NVIDIA's driver is not there (") + dlerror() +
                      "); TensorRT needs an NVIDIA GPU with its driver");
  }
  CudaFunctions functions;
  const auto find = [&](const char* name) {
    void* const found = dlsym(library, name);
    if (found == nullptr) {
      throw EngineError("NVIDIA's driver lacks " + std::string(name) +
                        "; install a driver for CUDA 11.4 or newer");
    }
    return found;
  };
#define INSTSEG_LOAD(name, parameters) \
  functions.name = reinterpret_cast<CuResult(*) parameters>(find(#name));
  INSTSEG_CUDA_FUNCTIONS(INSTSEG_LOAD)
#undef INSTSEG_LOAD
  return functions;
}

// The functions, with errors as exceptions.
class Cuda {
 public:
  Cuda() : functions_(load_functions()) {}

  const CudaFunctions* operator->() const { return &functions_; }

  void check(CuResult result, const char* doing) const {
    if (result != 0) throw EngineError(text(result, doing));
  }

  std::string text(CuResult result, const char* doing) const {
    const char* problem = nullptr;
    functions_.cuGetErrorString(result, &problem);
    return std::string("CUDA ") + doing + ": " + (problem != nullptr ? problem : "unknown error") +
           " (error " + std::to_string(result) + ")";
  }

 private:
  CudaFunctions functions_;
};

// The primary context of one device, retained.
struct Primary {
  std::shared_ptr<const Cuda> cuda;
  CuDevice device = 0;
  CuContext context = nullptr;

  ~Primary() { (*cuda)->cuDevicePrimaryCtxRelease_v2(device); }

  // Frees something in whatever state the thread is.
  template <typename Body>
  void within(const Body& body) const noexcept {
    if ((*cuda)->cuCtxPushCurrent_v2(context) != 0) return;  // the process is ending
    body();
    CuContext popped = nullptr;
    (*cuda)->cuCtxPopCurrent_v2(&popped);
  }
};

class DeviceMemory final : public Memory {
 public:
  DeviceMemory(std::shared_ptr<const Primary> primary, std::size_t size)
      : primary_(std::move(primary)), size_(size) {
    primary_->cuda->check((*primary_->cuda)->cuMemAlloc_v2(&pointer_, size == 0 ? 1 : size),
                          "cannot allocate memory of the GPU");
  }
  ~DeviceMemory() override {
    primary_->within([&] { (*primary_->cuda)->cuMemFree_v2(pointer_); });
  }
  void* data() const override { return reinterpret_cast<void*>(pointer_); }
  std::size_t size() const override { return size_; }

 private:
  std::shared_ptr<const Primary> primary_;
  CuPointer pointer_ = 0;
  std::size_t size_;
};

class PinnedMemory final : public Memory {
 public:
  PinnedMemory(std::shared_ptr<const Primary> primary, std::size_t size)
      : primary_(std::move(primary)), size_(size) {
    primary_->cuda->check(
        (*primary_->cuda)->cuMemHostAlloc(&pointer_, size == 0 ? 1 : size, kPortableHostMemory),
        "cannot allocate pinned memory");
  }
  ~PinnedMemory() override {
    primary_->within([&] { (*primary_->cuda)->cuMemFreeHost(pointer_); });
  }
  void* data() const override { return pointer_; }
  std::size_t size() const override { return size_; }

 private:
  std::shared_ptr<const Primary> primary_;
  void* pointer_ = nullptr;
  std::size_t size_;
};

class CudaGraph final : public Graph {
 public:
  CudaGraph(std::shared_ptr<const Primary> primary, CuGraphExec executable, CuStream stream)
      : primary_(std::move(primary)), executable_(executable), stream_(stream) {}
  ~CudaGraph() override {
    primary_->within([&] { (*primary_->cuda)->cuGraphExecDestroy(executable_); });
  }
  void launch() override {
    primary_->cuda->check((*primary_->cuda)->cuGraphLaunch(executable_, stream_),
                          "cannot launch a graph");
  }

 private:
  std::shared_ptr<const Primary> primary_;
  CuGraphExec executable_;
  CuStream stream_;
};

class CudaStream final : public Stream {
 public:
  explicit CudaStream(std::shared_ptr<const Primary> primary) : primary_(std::move(primary)) {
    primary_->cuda->check((*primary_->cuda)->cuStreamCreate(&stream_, kNonBlockingStream),
                          "cannot make a stream");
  }
  ~CudaStream() override {
    primary_->within([&] {
      if (event_ != nullptr) (*primary_->cuda)->cuEventDestroy_v2(event_);
      (*primary_->cuda)->cuStreamDestroy_v2(stream_);
    });
  }

  void* handle() const override { return stream_; }

  void copy_to_device(void* device, const void* host, std::size_t size) override {
    primary_->cuda->check(
        (*primary_->cuda)
            ->cuMemcpyHtoDAsync_v2(reinterpret_cast<CuPointer>(device), host, size, stream_),
        "cannot copy to the GPU");
  }
  void copy_to_host(void* host, const void* device, std::size_t size) override {
    primary_->cuda->check(
        (*primary_->cuda)
            ->cuMemcpyDtoHAsync_v2(host, reinterpret_cast<CuPointer>(device), size, stream_),
        "cannot copy from the GPU");
  }
  void synchronize() override {
    primary_->cuda->check((*primary_->cuda)->cuStreamSynchronize(stream_),
                          "failed while the GPU computed");
  }

  void wait_for(void* other) override {
    const CudaFunctions& cuda = *primary_->cuda->operator->();
    const auto check = [&](CuResult result) {
      primary_->cuda->check(result, "cannot wait for another stream");
    };
    // This stream does not wait for the default stream by itself (kNonBlockingStream).
    const auto first =
        other != nullptr ? static_cast<CuStream>(other) : reinterpret_cast<CuStream>(kLegacyStream);
    if (event_ == nullptr) check(cuda.cuEventCreate(&event_, kEventWithoutTime));
    check(cuda.cuEventRecord(event_, first));
    check(cuda.cuStreamWaitEvent(stream_, event_, 0));
  }

  void begin_capture() override {
    primary_->cuda->check((*primary_->cuda)->cuStreamBeginCapture_v2(stream_, kThreadLocalCapture),
                          "cannot record a graph");
  }
  std::unique_ptr<Graph> end_capture() override {
    const CudaFunctions& cuda = *primary_->cuda->operator->();
    CuGraph graph = nullptr;
    if (cuda.cuStreamEndCapture(stream_, &graph) != 0 || graph == nullptr) return nullptr;
    CuGraphExec executable = nullptr;
    const CuResult result = cuda.cuGraphInstantiateWithFlags(&executable, graph, 0);
    cuda.cuGraphDestroy(graph);
    if (result != 0) return nullptr;
    return std::make_unique<CudaGraph>(primary_, executable, stream_);
  }

 private:
  std::shared_ptr<const Primary> primary_;
  CuStream stream_ = nullptr;
  CuEvent event_ = nullptr;  // of wait_for(); recorded anew each time
};

class CudaDevice final : public Device {
 public:
  CudaDevice(std::shared_ptr<const Primary> primary, int index, GpuDescription description)
      : primary_(std::move(primary)), index_(index), description_(std::move(description)) {}

  int index() const override { return index_; }
  const GpuDescription& description() const override { return description_; }
  void enter() const override {
    primary_->cuda->check((*primary_->cuda)->cuCtxPushCurrent_v2(primary_->context),
                          "cannot use the GPU");
  }
  void leave() const noexcept override {
    CuContext popped = nullptr;
    (*primary_->cuda)->cuCtxPopCurrent_v2(&popped);
  }
  std::unique_ptr<Memory> allocate(std::size_t size) const override {
    return std::make_unique<DeviceMemory>(primary_, size);
  }
  std::unique_ptr<Memory> allocate_pinned(std::size_t size) const override {
    return std::make_unique<PinnedMemory>(primary_, size);
  }
  std::unique_ptr<Stream> make_stream() const override {
    return std::make_unique<CudaStream>(primary_);
  }

 private:
  std::shared_ptr<const Primary> primary_;
  int index_;
  GpuDescription description_;
};

class CudaDriver final : public Driver {
 public:
  CudaDriver() : cuda_(std::make_shared<const Cuda>()) {
    cuda_->check((*cuda_)->cuInit(0), "cannot start; TensorRT needs an NVIDIA GPU");
    cuda_->check((*cuda_)->cuDeviceGetCount(&num_devices_), "cannot count the GPUs");
    if (num_devices_ == 0) throw EngineError("NVIDIA's driver finds no GPU");
  }

  int num_devices() const override { return num_devices_; }

  std::shared_ptr<const Device> open(int index) const override {
    const Cuda& cuda = *cuda_;
    GpuDescription gpu;
    std::array<char, 256> name = {};
    std::size_t memory_bytes = 0;
    CuDevice device = 0;
    cuda.check(cuda->cuDeviceGet(&device, index), "has no such GPU");
    cuda.check(cuda->cuDeviceGetName(name.data(), static_cast<int>(name.size()) - 1, device),
               "cannot describe the GPU");
    cuda.check(cuda->cuDeviceGetAttribute(&gpu.capability_major, kCapabilityMajor, device),
               "cannot describe the GPU");
    cuda.check(cuda->cuDeviceGetAttribute(&gpu.capability_minor, kCapabilityMinor, device),
               "cannot describe the GPU");
    cuda.check(cuda->cuDeviceTotalMem_v2(&memory_bytes, device), "cannot describe the GPU");
    cuda.check(cuda->cuDriverGetVersion(&gpu.driver_version), "cannot describe the driver");
    gpu.name = name.data();
    gpu.memory_bytes = memory_bytes;
    CuContext context = nullptr;
    cuda.check(cuda->cuDevicePrimaryCtxRetain(&context, device), "cannot use the GPU");
    return std::make_shared<CudaDevice>(
        std::shared_ptr<const Primary>(new Primary{cuda_, device, context}), index, std::move(gpu));
  }

 private:
  std::shared_ptr<const Cuda> cuda_;
  int num_devices_ = 0;
};

}  // namespace

std::unique_ptr<Driver> make_cuda_driver() { return std::make_unique<CudaDriver>(); }

bool has_cuda_driver() { return open_library() != nullptr; }

}  // namespace instseg::tensorrt
