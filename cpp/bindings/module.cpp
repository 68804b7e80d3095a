#include "bindings.h"
#include "instseg/version.h"

PYBIND11_MODULE(_core, m) {
  using namespace instseg::python;
  m.doc() = "The C++ core of instseg. Use the package `instseg`, which stands on it.";
  m.attr("__version__") = INSTSEG_VERSION;
  bind_errors(m);
  bind_mask(m);
  bind_result(m);
  bind_predictor(m);
  bind_engines(m);
  bind_network_runner(m);
  bind_kernels(m);
  bind_families(m);
}
