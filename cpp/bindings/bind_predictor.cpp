#include <pybind11/functional.h>
#include <pybind11/stl.h>

#include <functional>
#include <optional>
#include <vector>

#include "bindings.h"
#include "cuda/dlpack_image.h"
#include "dlpack_capsule.h"
#include "instseg/errors.h"
#include "instseg/predictor.h"

namespace instseg::python {
namespace {

std::unique_ptr<Predictor> load(const std::string& network_folder, const std::string& device,
                                const std::string& engine, const std::string& precision,
                                int num_threads, int num_streams, const std::string& cache_dir,
                                std::int64_t max_image_pixels,
                                std::optional<std::function<void(const std::string&)>> progress) {
  return std::make_unique<Predictor>(
      Predictor::load(network_folder, {.device = device,
                                       .engine = engine,
                                       .precision = precision,
                                       .num_threads = num_threads,
                                       .num_streams = num_streams,
                                       .cache_dir = cache_dir,
                                       .max_image_pixels = max_image_pixels,
                                       .progress = std::move(progress).value_or(nullptr)}));
}

Result predict(const Predictor& predictor, const py::array& image, const std::string& color,
               std::optional<float> threshold, std::optional<int> max_detections,
               std::optional<std::vector<int>> class_ids, bool clip_masks) {
  const ImageView view = image_view(image, color);
  const py::gil_scoped_release nogil;
  return predictor.predict(view, {threshold, max_detections, std::move(class_ids), clip_masks});
}

Result predict_dlpack(const Predictor& predictor, const py::object& capsule,
                      const std::string& color, std::optional<float> threshold,
                      std::optional<int> max_detections, std::optional<std::vector<int>> class_ids,
                      bool clip_masks) {
  if (color != "bgr" && color != "rgb") {
    throw InvalidArgument("color is '" + color + "', expected 'bgr' or 'rgb'");
  }
  const DlpackCapsule taken(capsule);  // let go with the interpreter lock held
  const DeviceImage image = device_image(taken.tensor(), color == "rgb");
  const py::gil_scoped_release nogil;
  return predictor.predict(image, {threshold, max_detections, std::move(class_ids), clip_masks});
}

std::vector<Result> predict_batch(const Predictor& predictor, const std::vector<py::array>& images,
                                  const std::vector<std::string>& colors,
                                  std::optional<float> threshold, std::optional<int> max_detections,
                                  std::optional<std::vector<int>> class_ids, bool clip_masks) {
  if (images.size() != colors.size()) {
    throw InvalidArgument(std::to_string(images.size()) + " images come with " +
                          std::to_string(colors.size()) + " colors; give one color per image");
  }
  std::vector<ImageView> views;
  for (std::size_t i = 0; i < images.size(); ++i) views.push_back(image_view(images[i], colors[i]));
  const py::gil_scoped_release nogil;
  return predictor.predict_batch(views,
                                 {threshold, max_detections, std::move(class_ids), clip_masks});
}

py::list tensors(const std::vector<TensorInfo>& all) {
  py::list out;
  for (const TensorInfo& tensor : all) {
    out.append(py::dict(py::arg("name") = tensor.name, py::arg("meaning") = tensor.meaning,
                        py::arg("shape") = tensor.shape));
  }
  return out;
}

py::dict info(const Predictor& predictor) {
  const PredictorInfo& info = predictor.info();
  const std::vector<std::map<std::string, std::int64_t>> layer_types = predictor.layer_types();
  py::list networks;
  for (std::size_t i = 0; i < info.networks.size(); ++i) {
    const NetworkInfo& network = info.networks[i];
    networks.append(py::dict(
        py::arg("role") = network.role, py::arg("file") = network.file.string(),
        py::arg("inputs") = tensors(network.inputs), py::arg("outputs") = tensors(network.outputs),
        py::arg("layer_types") = layer_types[i]));
  }
  return py::dict(py::arg("model_name") = info.model_name, py::arg("family") = info.family,
                  py::arg("class_names") = info.class_names, py::arg("threshold") = info.threshold,
                  py::arg("engine") = info.engine, py::arg("device") = info.device,
                  py::arg("precision") = info.precision, py::arg("num_threads") = info.num_threads,
                  py::arg("num_streams") = info.num_streams, py::arg("networks") = networks);
}

}  // namespace

void bind_predictor(py::module_& m) {
  const PredictorOptions defaults;
  py::class_<Predictor>(m, "Predictor", "Runs one network folder on images; threads may share it.")
      .def(py::init(&load), py::arg("network_folder"), py::kw_only(),
           py::arg("device") = defaults.device, py::arg("engine") = defaults.engine,
           py::arg("precision") = defaults.precision, py::arg("num_threads") = defaults.num_threads,
           py::arg("num_streams") = defaults.num_streams, py::arg("cache_dir") = "",
           py::arg("max_image_pixels") = defaults.max_image_pixels,
           py::arg("progress") = py::none(), py::call_guard<py::gil_scoped_release>(),
           "num_threads 0 = every core; cache_dir \"\" = compile the network at every load;\n"
           "progress = called with lines of text while a compilation takes minutes.\n"
           "Raises ModelError, InvalidArgument or EngineError.")
      .def("predict", &predict, py::arg("image"), py::kw_only(), py::arg("color") = "bgr",
           py::arg("threshold") = py::none(), py::arg("max_detections") = py::none(),
           py::arg("class_ids") = py::none(), py::arg("clip_masks") = true,
           "Segments uint8 [H, W] (\"gray\") or [H, W, channels], not copied.\n"
           "Raises InvalidArgument or EngineError.")
      .def("predict_dlpack", &predict_dlpack, py::arg("capsule"), py::kw_only(),
           py::arg("color") = "bgr", py::arg("threshold") = py::none(),
           py::arg("max_detections") = py::none(), py::arg("class_ids") = py::none(),
           py::arg("clip_masks") = true,
           "Segments uint8 [H, W], [H, W, 1], [H, W, 3] or [H, W, 4] in memory of the predictor's\n"
           "GPU, not copied. capsule: what __dlpack__(stream=1) gives, whose tensor is let go at\n"
           "the end. color: \"bgr\" or \"rgb\". Raises InvalidArgument or EngineError.")
      .def("predict_batch", &predict_batch, py::arg("images"), py::kw_only(), py::arg("colors"),
           py::arg("threshold") = py::none(), py::arg("max_detections") = py::none(),
           py::arg("class_ids") = py::none(), py::arg("clip_masks") = true,
           "One Result per image, in order; sizes and colors may differ.")
      .def("warm_up", &Predictor::warm_up, py::call_guard<py::gil_scoped_release>(),
           "Runs one prediction on a blank image.")
      .def("info", &info, "What was loaded, by which engine, with which options.");
}

}  // namespace instseg::python
