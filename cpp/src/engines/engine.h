#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <variant>

#include "instseg/predictor.h"  // EngineInfo
#include "network_folder/network_folder.h"

namespace instseg {

// How a network is to be run. Checked against EngineInfo before an engine sees it, apart from
// whether this very machine has the precision.
struct EngineOptions {
  std::string device = "cpu";
  std::string precision = "fp32";
  int num_threads = 1;              // of all streams together
  int num_streams = 1;              // calls computed side by side; at most num_threads
  std::filesystem::path cache_dir;  // for compiled networks; empty = none
  // Told in lines how far a long compilation is; may be empty. What it throws ends the compilation.
  std::function<void(const std::string& line)> progress;
};

// Borrowed float32 values in C order.
struct TensorView {
  const float* data = nullptr;
  std::span<const std::int64_t> shape;

  std::size_t size() const {
    std::size_t count = 1;
    for (const std::int64_t side : shape) count *= static_cast<std::size_t>(side);
    return count;
  }
  std::span<const float> values() const { return {data, size()}; }
};

// The same of any type that programs put out.
struct AnyTensorView {
  std::variant<const float*, const std::int32_t*, const std::int64_t*, const std::uint8_t*> data;
  std::span<const std::int64_t> shape;
};

class DeviceStages;  // engines/device_stages.h

// One call in flight: its own inputs and outputs. Used by one thread at a time.
class Session {
 public:
  virtual ~Session() = default;

  // The memory of input `index` (order of NetworkSpec::inputs) for values of this shape, to be
  // written before run(). Allocates only where the shape is larger than all before.
  virtual std::span<float> input(std::size_t index, std::span<const std::int64_t> shape) = 0;

  // Runs the network and waits for it. Throws EngineError.
  virtual void run() = 0;

  // Output `index` (order of NetworkSpec::outputs); valid until the next call of input() or run().
  virtual TensorView output(std::size_t index) const = 0;

  // The same whatever its type. Only whole programs have others than float32.
  virtual AnyTensorView any_output(std::size_t index) const {
    const TensorView tensor = output(index);
    return {tensor.data, tensor.shape};
  }

  // What it does on a GPU around the network; null where all stages run on the CPU. It is the
  // session's.
  virtual DeviceStages* on_device() { return nullptr; }
};

// A network loaded by an engine. Threads may make and run sessions at the same time; their results
// do not depend on what else is running.
class Network {
 public:
  virtual ~Network() = default;
  virtual std::unique_ptr<Session> make_session() const = 0;

  // How many layers compute in which type ("fp32", "fp16", ...) in what is compiled by now; empty
  // where the engine does not say.
  virtual std::map<std::string, std::int64_t> layer_types() const { return {}; }
};

// An inference library. Most run the cut networks of a folder, and families do the rest in C++; one
// that runs_whole_programs() takes the model as Paddle exported it, with everything up to the masks
// of the whole image inside, and of the family nothing is left to do but to read its outputs
// (families/whole_program.h). Exceptions of the library are caught inside and rethrown as
// EngineError with the library's text.
class Engine {
 public:
  virtual ~Engine() = default;

  virtual EngineInfo info() const = 0;

  // Whether it loads NetworkFolder::program instead of NetworkFolder::networks.
  virtual bool runs_whole_programs() const { return false; }

  // Throws InvalidArgument where this machine lacks what the options ask for, ModelError where the
  // file is not the network that `network` describes, EngineError where the library fails.
  virtual std::unique_ptr<Network> load(const NetworkSpec& network,
                                        const EngineOptions& options) const = 0;
};

}  // namespace instseg
