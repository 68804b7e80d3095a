#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "instseg/export.h"
#include "instseg/image.h"
#include "instseg/result.h"

namespace instseg {

struct PredictorOptions {
  std::string device = "cpu";
  // "auto" takes the first engine of engines() that is available for the device.
  std::string engine = "auto";
  // "fp32", or "bf16" / "fp16" / "tf32" where the engine and the hardware have it; never chosen
  // silently.
  std::string precision = "fp32";
  // Threads of one prediction; 0 = every core this process may use.
  int num_threads = 0;
  // Predictions that the engine computes side by side; num_threads is divided among them.
  int num_streams = 1;
  // Folder for networks compiled by the engine; empty = compile at every load. So it is too where
  // the folder cannot be used; a damaged file in it is replaced.
  std::filesystem::path cache_dir = {};
  // Images with more pixels are refused; 1 to 2^32 - 1, the most that a mask can have.
  std::int64_t max_image_pixels = 178'956'970;
  // Told in lines how far a compilation is that takes minutes (TensorRT), while loading and, for
  // networks of open shapes, in the first prediction of a shape; from that call's thread or one of
  // the engine's. What it throws ends the compilation and leaves the call.
  std::function<void(const std::string& line)> progress = {};
};

struct PredictOptions {
  // Instances with score > threshold are kept; in [0, 1]; default: the model's own.
  std::optional<float> threshold = std::nullopt;
  // At most so many, best first; at least 1; default: what the model gives.
  std::optional<int> max_detections = std::nullopt;
  // Only these classes; default: all.
  std::optional<std::vector<int>> class_ids = std::nullopt;
  // Mask pixels outside the box are dropped, as PaddleX does; false keeps them (COCO evaluation).
  bool clip_masks = true;
};

struct TensorInfo {
  std::string name;
  std::string meaning;              // what it holds, e.g. "boxes_cxcywh"
  std::vector<std::int64_t> shape;  // -1 = any
};

struct NetworkInfo {
  std::string role;
  std::filesystem::path file;
  std::vector<TensorInfo> inputs;
  std::vector<TensorInfo> outputs;
};

struct PredictorInfo {
  std::string model_name;
  std::string family;
  std::vector<std::string> class_names;
  float threshold = 0.5f;  // the model's own
  std::string engine;      // the one in use, with its version
  std::string device;
  std::string precision;
  int num_threads = 0;
  int num_streams = 1;
  std::vector<NetworkInfo> networks;
};

struct EngineInfo {
  std::string name;
  bool available = false;
  std::string version;                  // empty where not available
  std::vector<std::string> devices;     // e.g. "cpu"
  std::vector<std::string> precisions;  // e.g. "fp32", "bf16"
  std::string remedy;                   // why not available and what to do; empty where it is
};

// Every engine this library knows, in the order in which "auto" tries them.
INSTSEG_API std::vector<EngineInfo> engines();

// Runs one network folder (made by `instseg import`) on images. All const members may be called
// from many threads at once; calls beyond the number of free infer requests wait for one. It
// belongs to the process that loaded it: in a child made by fork() predictions throw EngineError.
class INSTSEG_API Predictor {
 public:
  // Throws ModelError (folder missing, damaged, unknown family), InvalidArgument (options) or
  // EngineError (engine missing or unable to load the network).
  static Predictor load(const std::filesystem::path& network_folder,
                        const PredictorOptions& options = {});

  // What was moved from can only be assigned to or destroyed.
  Predictor(Predictor&&) noexcept;
  Predictor& operator=(Predictor&&) noexcept;
  ~Predictor();

  // Throws InvalidArgument (image or options) or EngineError.
  Result predict(const ImageView& image, const PredictOptions& options = {}) const;

  // The same for an image in memory of the GPU that the predictor computes on; it must stay as it
  // is until the call returns. TensorRT with CUDA kernels takes it, other engines throw
  // InvalidArgument, as for an image of another GPU.
  Result predict(const DeviceImage& image, const PredictOptions& options = {}) const;

  // One result per image, in order; the images may differ in size and format.
  std::vector<Result> predict_batch(std::span<const ImageView> images,
                                    const PredictOptions& options = {}) const;

  // Runs one prediction on a blank image per stream, so that the next ones are as fast as the rest.
  // Waits for calls in flight. Throws EngineError.
  void warm_up() const;

  // What was loaded, by which engine, with which options; the same for the whole life.
  const PredictorInfo& info() const;

  // For each of info().networks, how many layers compute in which type ("fp32", "fp16", ...), in
  // all that the engine has compiled by now; empty where it does not say. OpenVINO and TensorRT do.
  std::vector<std::map<std::string, std::int64_t>> layer_types() const;

 private:
  struct Impl;
  explicit Predictor(std::unique_ptr<const Impl> impl);
  std::unique_ptr<const Impl> impl_;
};

}  // namespace instseg
