#include "runtime/pipeline.h"

#include <chrono>
#include <string>
#include <utility>

#include "engines/device_stages.h"
#include "engines/registry.h"
#include "families/whole_program.h"
#include "image/image_check.h"
#include "instseg/errors.h"
#include "runtime/core_count.h"

namespace instseg {
namespace {

constexpr int kMaxThreads = 1024;
constexpr std::int64_t kMaxImagePixels = 4'294'967'295;  // of a Mask

using Clock = std::chrono::steady_clock;

double milliseconds(Clock::time_point begin, Clock::time_point end) {
  return std::chrono::duration<double, std::milli>(end - begin).count();
}

struct ImageSize {
  int height;
  int width;
};
ImageSize image_size(const ImageView& image) { return {image.height, image.width}; }
ImageSize image_size(const DeviceImage& image) { return image_size(image.view); }

// Options with defaults filled in.
EngineOptions complete(const PredictorOptions& options, const EngineInfo& engine) {
  check_engine_supports(engine, options.device, options.precision);
  if (options.num_threads < 0 || options.num_threads > kMaxThreads) {
    throw InvalidArgument("num_threads is " + std::to_string(options.num_threads) + "; give 1 to " +
                          std::to_string(kMaxThreads) +
                          ", or 0 for every core this process may use.");
  }
  const int num_threads = options.num_threads != 0 ? options.num_threads : usable_cores();
  if (options.num_streams < 1 || options.num_streams > num_threads) {
    throw InvalidArgument("num_streams is " + std::to_string(options.num_streams) + "; give 1 to " +
                          std::to_string(num_threads) +
                          ", the number of threads that are divided among the streams.");
  }
  if (options.max_image_pixels < 1 || options.max_image_pixels > kMaxImagePixels) {
    throw InvalidArgument("max_image_pixels is " + std::to_string(options.max_image_pixels) +
                          "; give 1 to " + std::to_string(kMaxImagePixels) +
                          ", the most that a mask can have.");
  }
  return {.device = options.device,
          .precision = options.precision,
          .num_threads = num_threads,
          .num_streams = options.num_streams,
          .cache_dir = options.cache_dir,
          .progress = options.progress};
}

// Puts the whole program in the place of the networks where the engine runs that.
NetworkFolder as_run_by(const Engine& engine, NetworkFolder folder) {
  if (!engine.runs_whole_programs()) return folder;
  if (!folder.program) {
    throw ModelError(folder.path.string() + " holds no Paddle program, which the engine \"" +
                     engine.info().name +
                     "\" runs; make the folder with `instseg import --with-program`");
  }
  folder.networks = {*folder.program};
  return folder;
}

std::vector<TensorInfo> tensor_infos(const std::vector<TensorSpec>& tensors) {
  std::vector<TensorInfo> infos;
  for (const TensorSpec& tensor : tensors) {
    infos.push_back({.name = tensor.name, .meaning = tensor.meaning, .shape = tensor.shape});
  }
  return infos;
}

PredictorInfo describe(const NetworkFolder& folder, const EngineInfo& engine,
                       const EngineOptions& options) {
  PredictorInfo info;
  info.model_name = folder.model_name;
  info.family = folder.family;
  info.class_names = folder.class_names;
  info.threshold = folder.score_threshold;
  info.engine = engine.name + " " + engine.version;
  info.device = options.device;
  info.precision = options.precision;
  info.num_threads = options.num_threads;
  info.num_streams = options.num_streams;
  for (const NetworkSpec& network : folder.networks) {
    info.networks.push_back({.role = network.role,
                             .file = network.file,
                             .inputs = tensor_infos(network.inputs),
                             .outputs = tensor_infos(network.outputs)});
  }
  return info;
}

}  // namespace

Pipeline::Pipeline(NetworkFolder folder, const Engine& engine, const PredictorOptions& options)
    : folder_(as_run_by(engine, std::move(folder))),
      max_image_pixels_(options.max_image_pixels),
      family_(engine.runs_whole_programs() ? make_whole_program(folder_) : make_family(folder_)),
      threads_(complete(options, engine.info()).num_threads) {
  const EngineInfo engine_info = engine.info();
  const EngineOptions engine_options = complete(options, engine_info);
  info_ = describe(folder_, engine_info, engine_options);
  for (const NetworkSpec& network : folder_.networks) {
    networks_.push_back(engine.load(network, engine_options));
  }
  std::vector<std::unique_ptr<Call>> calls;
  for (int i = 0; i < engine_options.num_streams; ++i) {
    auto call = std::make_unique<Call>();
    for (const std::unique_ptr<Network>& network : networks_) {
      call->sessions.push_back(network->make_session());
    }
    family_->prepare(*call->sessions[0]);
    call->family = family_->make_workspace();
    calls.push_back(std::move(call));
  }
  batch_threads_ = std::make_unique<ThreadPool>(static_cast<int>(calls.size()));
  calls_ = std::make_unique<FairPool<Call>>(std::move(calls));
}

void Pipeline::check_image_size(const ImageView& image) const {
  check_image(image);
  const std::int64_t pixels = std::int64_t{image.height} * image.width;
  if (pixels > max_image_pixels_) {
    throw InvalidArgument(
        "The image is " + std::to_string(image.height) + " x " + std::to_string(image.width) +
        " = " + std::to_string(pixels) +
        " pixels, more than max_image_pixels = " + std::to_string(max_image_pixels_) +
        "; load the Predictor with a higher max_image_pixels, or scale the image "
        "down.");
  }
}

Selection Pipeline::selection(const PredictOptions& options) const {
  Selection selection{.threshold = folder_.score_threshold, .clip_masks = options.clip_masks};
  if (options.threshold) {
    if (!(*options.threshold >= 0 && *options.threshold <= 1)) {  // NaN fails too
      throw InvalidArgument("threshold is " + std::to_string(*options.threshold) +
                            "; give a score, 0 to 1.");
    }
    selection.threshold = *options.threshold;
  }
  if (options.max_detections) {
    if (*options.max_detections < 1) {
      throw InvalidArgument("max_detections is " + std::to_string(*options.max_detections) +
                            "; give at least 1.");
    }
    selection.max_detections = *options.max_detections;
  }
  if (options.class_ids) {
    const auto num_classes = static_cast<int>(folder_.class_names.size());
    for (const int class_id : *options.class_ids) {
      if (class_id < 0 || class_id >= num_classes) {
        throw InvalidArgument("class_ids holds " + std::to_string(class_id) + "; the " +
                              std::to_string(num_classes) + " classes of " + folder_.model_name +
                              " are 0 to " + std::to_string(num_classes - 1) + ".");
      }
    }
    selection.class_ids = *options.class_ids;
  }
  return selection;
}

void Pipeline::put_image(Call& call, const ImageView& image) const {
  Session& main = *call.sessions[0];
  if (DeviceStages* const stages = main.on_device()) {
    stages->put_image(0, image, folder_.preprocess);
    return;
  }
  const NetworkSize size = network_size(folder_.preprocess, image.height, image.width);
  const std::int64_t shape[] = {1, 3, size.padded_height, size.padded_width};
  preprocess(image, folder_.preprocess, main.input(0, shape).data(), call.preprocess, threads_);
}

void Pipeline::put_image(Call& call, const DeviceImage& image) const {
  DeviceStages* const stages = call.sessions[0]->on_device();
  if (stages == nullptr) {
    throw InvalidArgument(
        "The image lies in memory of GPU " + std::to_string(image.device) + ", and the engine " +
        info_.engine + " on the device \"" + info_.device +
        "\" takes images of the CPU; give a host array: x.cpu().numpy() of PyTorch's, x.get() of "
        "CuPy's. Images of a GPU take the engine \"tensorrt\" in a build with CUDA kernels "
        "(docs/gpu.md).");
  }
  stages->put_image(0, image, folder_.preprocess);
}

template <typename Image>
Result Pipeline::run(Call& call, const Image& image, const Selection& selection) const {
  const Clock::time_point begin = Clock::now();
  const auto [height, width] = image_size(image);
  Session& main = *call.sessions[0];
  put_image(call, image);
  family_->write_further_inputs(main, height, width);
  const Clock::time_point preprocessed = Clock::now();
  main.run();
  const Clock::time_point computed = Clock::now();
  Result result = family_->detect(call.sessions, height, width, selection, threads_, *call.family);
  const Clock::time_point end = Clock::now();
  const double further_networks_ms = result.timings.network_ms;
  result.timings = {.preprocess_ms = milliseconds(begin, preprocessed),
                    .network_ms = milliseconds(preprocessed, computed) + further_networks_ms,
                    .postprocess_ms = milliseconds(computed, end) - further_networks_ms};
  return result;
}

Result Pipeline::predict(const ImageView& image, const PredictOptions& options) const {
  check_image_size(image);
  const Selection selected = selection(options);
  const auto call = calls_->take();
  return run(*call, image, selected);
}

Result Pipeline::predict(const DeviceImage& image, const PredictOptions& options) const {
  check_image_size(image.view);
  const Selection selected = selection(options);
  const auto call = calls_->take();
  return run(*call, image, selected);
}

std::vector<Result> Pipeline::predict_batch(std::span<const ImageView> images,
                                            const PredictOptions& options) const {
  const Selection selected = selection(options);
  for (std::size_t i = 0; i < images.size(); ++i) {
    try {
      check_image_size(images[i]);
    } catch (const InvalidArgument& error) {
      throw InvalidArgument("Image " + std::to_string(i) + " of the batch: " + error.what());
    }
  }
  std::vector<Result> results(images.size());
  batch_threads_->parallel_for(static_cast<int>(images.size()), [&](int i) {
    const auto index = static_cast<std::size_t>(i);
    const auto call = calls_->take();
    results[index] = run(*call, images[index], selected);
  });
  return results;
}

std::vector<std::map<std::string, std::int64_t>> Pipeline::layer_types() const {
  std::vector<std::map<std::string, std::int64_t>> all;
  for (const std::unique_ptr<Network>& network : networks_) all.push_back(network->layer_types());
  return all;
}

void Pipeline::warm_up() const {
  const int height = folder_.preprocess.height;
  const int width = folder_.preprocess.width;
  const std::vector<std::uint8_t> grey(
      static_cast<std::size_t>(height) * static_cast<std::size_t>(width), 128);
  const ImageView image{
      .data = grey.data(), .height = height, .width = width, .format = PixelFormat::kGray};
  // All calls are taken first, so that each runs once. One warm-up at a time: two that hold some
  // calls each would wait for each other forever.
  const std::lock_guard alone(warming_up_);
  std::vector<std::unique_ptr<const FairPool<Call>::Lease>> calls;
  for (std::size_t i = 0; i < calls_->size(); ++i) {
    calls.emplace_back(new FairPool<Call>::Lease(calls_->take()));
  }
  batch_threads_->parallel_for(static_cast<int>(calls.size()), [&](int i) {
    run(**calls[static_cast<std::size_t>(i)], image, selection({}));
  });
}

}  // namespace instseg
