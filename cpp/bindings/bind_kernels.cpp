#include <array>
#include <string>

#include "bindings.h"
#include "instseg/errors.h"
#include "network_folder/preprocess_json.h"
#include "preprocess/preprocess.h"
#include "runtime/thread_pool.h"

namespace instseg::python {
namespace {

Interpolation interpolation_named(const std::string& name) {
  if (name == "nearest") return Interpolation::kNearest;
  if (name == "bilinear") return Interpolation::kBilinear;
  if (name == "bicubic") return Interpolation::kBicubic;
  throw InvalidArgument("interpolation is '" + name +
                        "', expected 'nearest', 'bilinear' or 'bicubic'");
}

const char* color_of_channels(const py::array& image) {
  if (image.ndim() == 2) return "gray";
  return image.ndim() == 3 && image.shape(2) == 4 ? "bgra" : "bgr";
}

py::array_t<std::uint8_t> resize_array(const py::array& image, int height, int width,
                                       const std::string& interpolation, int num_threads) {
  const ImageView view = image_view(image, color_of_channels(image));
  const Interpolation kind = interpolation_named(interpolation);
  if (height < 1 || width < 1) throw InvalidArgument("height and width must be at least 1");
  std::vector<py::ssize_t> shape = {height, width};
  if (image.ndim() == 3) shape.push_back(image.shape(2));
  py::array_t<std::uint8_t> out(shape);
  std::uint8_t* data = out.mutable_data();
  const py::gil_scoped_release nogil;
  const ThreadPool pool(num_threads);
  PreprocessWorkspace workspace;
  resize(view, height, width, kind, data, workspace, pool);
  return out;
}

py::array_t<float> preprocess_array(const py::array& image, const std::string& color,
                                    const py::dict& spec, int num_threads) {
  const ImageView view = image_view(image, color);
  const std::string text = py::module_::import("json").attr("dumps")(spec).cast<std::string>();
  const nlohmann::json parsed = parse_json(text, "spec");
  const PreprocessSpec checked = read_preprocess(JsonObject(parsed, "spec"));
  const NetworkSize size = network_size(checked, view.height, view.width);
  py::array_t<float> out({3, size.padded_height, size.padded_width});
  float* data = out.mutable_data();
  const py::gil_scoped_release nogil;
  const ThreadPool pool(num_threads);
  PreprocessWorkspace workspace;
  preprocess(view, checked, data, workspace, pool);
  return out;
}

}  // namespace

// Steps of a prediction one by one, so that tests can compare each with its reference.
void bind_kernels(py::module_& m) {
  m.def("resize", &resize_array, py::arg("image"), py::arg("height"), py::arg("width"),
        py::kw_only(), py::arg("interpolation") = "bicubic", py::arg("num_threads") = 1,
        "uint8 [H, W] or [H, W, 3 or 4] -> uint8 [height, width(, channels)] as cv2.resize gives "
        "it.\n"
        "interpolation: \"nearest\", \"bilinear\" or \"bicubic\".");
  m.def("preprocess", &preprocess_array, py::arg("image"), py::kw_only(), py::arg("color") = "bgr",
        py::arg("spec"), py::arg("num_threads") = 1,
        "uint8 pixels -> float32 [3, height, width], the network's input. spec: \"preprocess\" of\n"
        "instseg.json.");
}

}  // namespace instseg::python
