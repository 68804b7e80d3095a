#include "engines/tensorrt/plan_building.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <optional>
#include <ostream>
#include <system_error>

#include "engines/compiled_cache.h"
#include "engines/tensorrt/build_lock.h"
#include "engines/tensorrt/vendor_log.h"
#include "instseg/errors.h"

namespace instseg::tensorrt {
namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::byte>;

void say(const PlanSource& source, const std::string& line) {
  if (source.progress) source.progress("TensorRT " + source.adapter->version() + ": " + line);
}

std::string place(const PlanSource& source) {
  const GpuDescription& gpu = source.device->description();
  return "adapter " + std::to_string(kAdapterAbi) + ", TensorRT " + source.adapter->version() +
         "\n" + gpu.name + ", compute capability " + std::to_string(gpu.capability_major) + "." +
         std::to_string(gpu.capability_minor) + ", " + std::to_string(gpu.memory_bytes) + " bytes";
}

std::string file_state(const fs::path& file) {
  std::error_code unknown;
  const auto size = fs::file_size(file, unknown);
  const auto changed = fs::last_write_time(file, unknown);
  return unknown ? "unknown"
                 : std::to_string(size) + " bytes of " +
                       std::to_string(changed.time_since_epoch().count());
}

std::optional<Bytes> read(const CompiledCache& cache) {
  Bytes bytes;
  const auto allocate = [&](std::size_t size) {
    bytes.resize(size);
    return std::span(bytes);
  };
  if (!cache.read(allocate)) return std::nullopt;
  return bytes;
}

void write(const CompiledCache& cache, const Bytes& bytes) {
  cache.write([&](std::ostream& stream) {
    stream.write(reinterpret_cast<const char*>(bytes.data()),
                 static_cast<std::streamsize>(bytes.size()));
  });
}

// A line per tenth of a phase. What the caller's function throws ends the build and is kept.
class Reporter final : public BuildProgress {
 public:
  explicit Reporter(const PlanSource& source) : source_(source) {}

  bool at(const char* phase, double fraction) noexcept override {
    try {
      const int tenth = static_cast<int>(fraction * 10);
      if (phase == phase_ && tenth == tenth_) return !thrown_;
      phase_ = phase;
      tenth_ = tenth;
      if (!thrown_) say(source_, phase_ + ": " + std::to_string(10 * tenth) + " %");
    } catch (...) {
      thrown_ = std::current_exception();
    }
    return !thrown_;
  }

  void rethrow() const {
    if (thrown_) std::rethrow_exception(thrown_);
  }

 private:
  const PlanSource& source_;
  std::string phase_;
  int tenth_ = -1;
  std::exception_ptr thrown_;
};

Bytes build(const PlanSource& source, const std::vector<Shape>& inputs) {
  const CompiledCache timings(source.cache_dir, "timings, " + place(source));
  const Bytes earlier = read(timings).value_or(Bytes());
  BuildRequest request{.onnx_file = source.files.onnx_file.string(),
                       .precision = source.precision,
                       .fp32_nodes = source.files.fp32_nodes,
                       .timing_cache = earlier};
  std::string shapes;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    request.inputs.push_back({.name = source.network.inputs[i].name, .shape = inputs[i]});
    shapes += (i == 0 ? "" : ", ") + source.network.inputs[i].name + " " + described(inputs[i]);
  }
  say(source, "building " + request.onnx_file + " in " + name_of(source.precision) + " for " +
                  shapes + " on " + source.device->description().name + "; this takes minutes" +
                  (source.cache_dir.empty() ? ", at every load: there is no cache folder"
                                            : ", the first time"));
  Reporter reporter(source);
  request.progress = &reporter;
  VendorLog log;
  const auto begin = std::chrono::steady_clock::now();
  Built built = source.adapter->build(request, log);
  reporter.rethrow();
  if (built.plan.empty()) {
    throw EngineError("TensorRT " + source.adapter->version() + " cannot build " +
                      request.onnx_file + " in " + name_of(source.precision) + " for " + shapes +
                      ": " + log.text());
  }
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
  say(source, "built in " + std::to_string(static_cast<int>(time.count() + 0.5)) + " s");
  if (!built.timing_cache.empty()) write(timings, built.timing_cache);
  return std::move(built.plan);
}

void check_tensor(const PlanSource& source, const std::vector<TensorDescription>& tensors,
                  const TensorSpec& tensor, bool is_input) {
  const auto refuse = [&](const std::string& problem) {
    throw ModelError(source.files.onnx_file.string() +
                     " is not the network that instseg.json describes: " + problem +
                     "; import the model again with `instseg import`");
  };
  const auto found = std::find_if(tensors.begin(), tensors.end(), [&](const auto& each) {
    return each.name == tensor.name && each.is_input == is_input;
  });
  if (found == tensors.end()) {
    refuse(std::string("it has no ") + (is_input ? "input" : "output") + " '" + tensor.name + "'");
    return;
  }
  if (found->type != TensorType::kFloat32 || tensor.dtype != "float32") {
    refuse("'" + tensor.name + "' is not float32 in both");
  }
  const bool fits = std::equal(found->shape.begin(), found->shape.end(), tensor.shape.begin(),
                               tensor.shape.end(), [](std::int64_t plan, std::int64_t spec) {
                                 return plan == spec || plan == -1 || spec == -1;
                               });
  if (!fits) {
    refuse("'" + tensor.name + "' has the shape " + described(found->shape) + ", expected " +
           described(tensor.shape));
  }
}

// Checks it too; null where TensorRT refuses the bytes.
std::optional<LoadedPlan> load(const PlanSource& source, const Bytes& bytes, VendorLog& log) {
  LoadedPlan loaded{.plan = source.adapter->load(bytes, log)};
  if (loaded.plan == nullptr) return std::nullopt;
  const std::vector<TensorDescription> tensors = loaded.plan->tensors();
  for (const TensorSpec& tensor : source.network.inputs) {
    check_tensor(source, tensors, tensor, /*is_input=*/true);
  }
  for (const TensorSpec& tensor : source.network.outputs) {
    check_tensor(source, tensors, tensor, /*is_input=*/false);
  }
  loaded.layers = layer_types(loaded.plan->layers());
  if (source.precision == Precision::kFp16 && loaded.layers.count("fp16") == 0) {
    throw EngineError("TensorRT " + source.adapter->version() + " was asked for fp16 and built " +
                      source.files.onnx_file.string() + " without a layer in it (" +
                      described(loaded.layers) +
                      "); choose the precision \"fp32\", or make the mixed-precision network anew");
  }
  return loaded;
}

}  // namespace

std::string described(const Shape& shape) {
  std::string text;
  for (const std::int64_t side : shape) {
    text += (text.empty() ? "" : ",") + (side == -1 ? "?" : std::to_string(side));
  }
  return "[" + text + "]";
}

std::string plan_key(const PlanSource& source, const std::vector<Shape>& inputs) {
  std::string key = "plan, " + place(source) + "\n" + name_of(source.precision) + " for";
  for (const Shape& shape : inputs) key += " " + described(shape);
  key += "\n" + source.network.sha256 + ", " + file_state(source.files.onnx_file);
  // The names are many; the cache takes keys of a page.
  std::uint64_t sum = 14695981039346656037u;  // FNV-1a
  for (const std::string& node : source.files.fp32_nodes) {
    for (const char letter : node + "\n")
      sum = (sum ^ static_cast<unsigned char>(letter)) * 1099511628211u;
  }
  key += "\n" + std::to_string(source.files.fp32_nodes.size()) + " nodes in fp32, " +
         std::to_string(sum);
  return key;
}

LoadedPlan obtain_plan(const PlanSource& source, const std::vector<Shape>& inputs) {
  const CompiledCache cache(source.cache_dir, plan_key(source, inputs));
  const auto from_cache = [&]() -> std::optional<LoadedPlan> {
    const std::optional<Bytes> bytes = read(cache);
    VendorLog ignored;
    return bytes ? load(source, *bytes, ignored) : std::nullopt;
  };
  if (auto loaded = from_cache()) return std::move(*loaded);

  const BuildLock lock(source.cache_dir.empty() ? fs::path()
                                                : fs::path(cache.file()).concat(".lock"));
  if (auto loaded = from_cache()) return std::move(*loaded);  // another process built it
  const Bytes bytes = build(source, inputs);
  VendorLog log;
  auto loaded = load(source, bytes, log);
  if (!loaded) {
    throw EngineError("TensorRT " + source.adapter->version() + " cannot load what it built of " +
                      source.files.onnx_file.string() + ": " + log.text());
  }
  write(cache, bytes);
  say(source, "layers: " + described(loaded->layers));
  return std::move(*loaded);
}

}  // namespace instseg::tensorrt
