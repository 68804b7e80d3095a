#include <pybind11/stl.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "bindings.h"
#include "engines/registry.h"
#include "instseg/errors.h"
#include "runtime/core_count.h"
#include "runtime/network_runner.h"

namespace instseg::python {
namespace {

std::unique_ptr<NetworkRunner> load(const std::string& network_folder, const std::string& device,
                                    const std::string& engine, const std::string& precision,
                                    int num_threads, const std::string& cache_dir) {
  if (num_threads < 0) throw InvalidArgument("num_threads is negative; 0 is every core.");
  const EngineOptions options{.device = device,
                              .precision = precision,
                              .num_threads = num_threads != 0 ? num_threads : usable_cores(),
                              .num_streams = 1,
                              .cache_dir = cache_dir};
  return std::make_unique<NetworkRunner>(network_folder, *make_engine(engine, device, precision),
                                         options);
}

py::dict run(NetworkRunner& runner, const std::string& role, const std::vector<py::array>& inputs) {
  std::vector<std::vector<std::int64_t>> shapes;
  for (const py::array& input : inputs) {
    if (!py::isinstance<py::array_t<float>>(input) || (input.flags() & py::array::c_style) == 0) {
      throw InvalidArgument("An input has dtype " + py::str(input.dtype()).cast<std::string>() +
                            "; give C-contiguous float32 arrays.");
    }
    shapes.emplace_back(input.shape(), input.shape() + input.ndim());
  }
  std::vector<TensorView> views;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    views.push_back({.data = static_cast<const float*>(inputs[i].data()), .shape = shapes[i]});
  }
  std::vector<NetworkOutput> outputs;
  {
    const py::gil_scoped_release nogil;
    outputs = runner.run(role, views);
  }
  py::dict out;
  for (const NetworkOutput& output : outputs) {
    py::array_t<float> array(std::vector<py::ssize_t>(output.shape.begin(), output.shape.end()));
    std::copy(output.values.begin(), output.values.end(), array.mutable_data());
    out[py::str(output.meaning)] = array;
  }
  return out;
}

}  // namespace

void bind_network_runner(py::module_& m) {
  py::class_<NetworkRunner>(
      m, "NetworkRunner",
      "Runs the networks of a folder one by one on given tensors, to compare engines.")
      .def(py::init(&load), py::arg("network_folder"), py::kw_only(), py::arg("device") = "cpu",
           py::arg("engine") = "auto", py::arg("precision") = "fp32", py::arg("num_threads") = 0,
           py::arg("cache_dir") = "", py::call_guard<py::gil_scoped_release>(),
           "num_threads 0 = every core; cache_dir \"\" = compile the networks at every load.\n"
           "Raises ModelError, InvalidArgument or EngineError.")
      .def("roles", &NetworkRunner::roles, "Of the networks, in the folder's order.")
      .def("run", &run, py::arg("role"), py::arg("inputs"),
           "float32 arrays, in the order of the network's description -> meaning -> float32 "
           "array, a copy.\nRaises InvalidArgument or EngineError.");
}

}  // namespace instseg::python
