#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

// What this library needs of TensorRT, in words of our own. An adapter (adapters/) fills it for one
// major version and is a shared object beside the library, loaded at run time; tests fill it with a
// fake. Nothing here throws: a call that fails returns null (or an empty plan), and the log has the
// vendor's text.
//
// Adapter and library come from one build: the types of the standard library that pass between them
// are the same on both sides. kAdapterAbi changes with this header, so that a file left over from
// another build is refused.
namespace instseg::tensorrt {

inline constexpr int kAdapterAbi = 1;

using Shape = std::vector<std::int64_t>;  // -1 = any

// An adapter's calls write here. Threads of the builder write too.
class Log {
 public:
  enum class Severity { kError, kWarning };
  virtual void write(Severity severity, const char* text) noexcept = 0;

 protected:
  ~Log() = default;
};

// Told how far a build is; returns false to end it.
class BuildProgress {
 public:
  virtual bool at(const char* phase, double fraction) noexcept = 0;

 protected:
  ~BuildProgress() = default;
};

// kFp32 and kFp16 never round to TF32 where they compute in float32.
enum class Precision { kFp32, kTf32, kFp16 };

enum class TensorType { kFloat32, kFloat16, kOther };

struct InputShape {
  std::string name;
  Shape shape;  // fixed: smallest, best and largest of the profile
};

struct BuildRequest {
  std::string onnx_file;
  std::vector<InputShape> inputs;  // every input
  Precision precision = Precision::kFp32;
  // kFp16 where !types_come_from_the_file(): names of ONNX nodes that must compute in float32.
  std::vector<std::string> fp32_nodes;
  std::span<const std::byte> timing_cache;  // of an earlier build, or empty
  BuildProgress* progress = nullptr;        // may be null
};

struct Built {
  std::vector<std::byte> plan;  // empty where the build failed
  std::vector<std::byte> timing_cache;
};

struct TensorDescription {
  std::string name;
  bool is_input = false;
  TensorType type = TensorType::kOther;
  Shape shape;
};

// One call in flight. Used by one thread at a time; the plan outlives it.
class Context {
 public:
  virtual ~Context() = default;
  virtual bool set_input_shape(const std::string& name, const Shape& shape, Log& log) = 0;
  // Of an output, once all inputs have their shapes.
  virtual Shape output_shape(const std::string& name) const = 0;
  virtual bool set_address(const std::string& name, void* device_memory, Log& log) = 0;
  // Queues the network; stream is a CUstream (which is a cudaStream_t).
  virtual bool enqueue(void* stream, Log& log) = 0;
};

// A network on the GPU. Threads may make contexts at the same time.
class Plan {
 public:
  virtual ~Plan() = default;
  virtual std::vector<TensorDescription> tensors() const = 0;
  virtual std::unique_ptr<Context> make_context(Log& log) = 0;
  // The engine inspector's JSON.
  virtual std::string layers() const = 0;
};

// One version of TensorRT. Calls need the GPU's context current on their thread (device.h). Threads
// may call at the same time, but for build().
class Adapter {
 public:
  virtual ~Adapter() = default;
  // Of the library that was loaded, e.g. "10.16.0".
  virtual std::string version() const = 0;
  // Why it cannot work with the libraries that were loaded; empty where it can.
  virtual std::string problem() const { return {}; }
  // Whether networks are strongly typed, so that FP16 comes as a mixed-precision ONNX file.
  virtual bool types_come_from_the_file() const = 0;
  virtual Built build(const BuildRequest& request, Log& log) = 0;
  virtual std::unique_ptr<Plan> load(std::span<const std::byte> plan, Log& log) = 0;
};

// The functions that TensorRT's libraries export under these names; the library is not linked.
struct VendorFunctions {
  void* createInferBuilder_INTERNAL = nullptr;
  void* createInferRuntime_INTERNAL = nullptr;
  void* createNvOnnxParser_INTERNAL = nullptr;
  void* getInferLibVersion = nullptr;
  void* initLibNvInferPlugins = nullptr;  // null without the library of plugins
};

// An adapter's one export: null where the ABI is another.
inline constexpr const char* kAdapterEntry = "instseg_tensorrt_adapter";
using AdapterEntry = Adapter* (*)(int abi, const VendorFunctions& vendor);

}  // namespace instseg::tensorrt
