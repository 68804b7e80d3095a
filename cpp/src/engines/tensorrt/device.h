#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

// What this library needs of a GPU: cuda_driver.h fills it from the driver, tests with a fake.
// Everything throws EngineError with the driver's text.
namespace instseg::tensorrt {

struct GpuDescription {
  std::string name;          // e.g. "Tesla T4"
  int capability_major = 0;  // compute capability, e.g. 7.5
  int capability_minor = 0;
  std::uint64_t memory_bytes = 0;
  int driver_version = 0;  // newest CUDA it runs: 12040 = 12.4
};

// Freed at the end of its life.
class Memory {
 public:
  virtual ~Memory() = default;
  virtual void* data() const = 0;
  virtual std::size_t size() const = 0;  // bytes
};

class Graph {
 public:
  virtual ~Graph() = default;
  virtual void launch() = 0;  // on the stream it was captured on
};

// Work that runs in order. Used by one thread at a time.
class Stream {
 public:
  virtual ~Stream() = default;
  virtual void* handle() const = 0;
  virtual void copy_to_device(void* device, const void* host, std::size_t size) = 0;
  virtual void copy_to_host(void* host, const void* device, std::size_t size) = 0;
  virtual void synchronize() = 0;
  // What is queued from here on begins when `other` (a CUstream of this GPU; null = the legacy
  // default stream) has come to where it is now.
  virtual void wait_for(void* other) = 0;
  // Between the two calls work is recorded instead of done. end_capture() returns null where
  // something in between cannot be recorded; the stream is then as before.
  virtual void begin_capture() = 0;
  virtual std::unique_ptr<Graph> end_capture() = 0;
};

// One GPU. Threads may share it; each enters before it calls anything that works on the GPU.
class Device {
 public:
  virtual ~Device() = default;
  virtual int index() const = 0;  // CUDA's number of it
  virtual const GpuDescription& description() const = 0;
  virtual void enter() const = 0;
  virtual void leave() const noexcept = 0;
  virtual std::unique_ptr<Memory> allocate(std::size_t size) const = 0;
  virtual std::unique_ptr<Memory> allocate_pinned(std::size_t size) const = 0;  // of the host
  virtual std::unique_ptr<Stream> make_stream() const = 0;
};

// The device is this thread's for the object's life; what was before comes back.
class DeviceScope {
 public:
  explicit DeviceScope(const Device& device) : device_(device) { device_.enter(); }
  ~DeviceScope() { device_.leave(); }
  DeviceScope(const DeviceScope&) = delete;
  DeviceScope& operator=(const DeviceScope&) = delete;

 private:
  const Device& device_;
};

// Calls `body`, which frees something and does not throw, with the device current; where it cannot
// be (the process is ending) without.
template <typename Body>
void within(const Device& device, const Body& body) noexcept {
  try {
    const DeviceScope scope(device);
    body();
    return;
  } catch (...) {
  }
  body();
}

class Driver {
 public:
  virtual ~Driver() = default;
  virtual int num_devices() const = 0;
  virtual std::shared_ptr<const Device> open(int index) const = 0;
};

}  // namespace instseg::tensorrt
