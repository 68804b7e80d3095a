#include <pybind11/stl.h>

#include "bindings.h"
#include "cpu/isa.h"
#include "cuda/launch.h"
#include "instseg/predictor.h"

namespace instseg::python {

void bind_engines(py::module_& m) {
  m.def(
      "engines",
      [] {
        py::list out;
        for (const EngineInfo& engine : instseg::engines()) {
          out.append(py::dict(
              py::arg("name") = engine.name, py::arg("available") = engine.available,
              py::arg("version") = engine.version, py::arg("devices") = engine.devices,
              py::arg("precisions") = engine.precisions, py::arg("remedy") = engine.remedy));
        }
        return out;
      },
      "Every engine, in the order in which \"auto\" tries them: dicts with name, available, "
      "version,\n"
      "devices, precisions and remedy.");
  m.def(
      "cpu_isa", [] { return std::string(isa_name(active_isa())); },
      "Instruction set of the kernels in use: \"scalar\", \"avx2\" or \"avx512\".");
  m.def("has_cuda_kernels", &cuda_kernels_built,
        "Whether this build holds the CUDA kernels (INSTSEG_CUDA).");
}

}  // namespace instseg::python
