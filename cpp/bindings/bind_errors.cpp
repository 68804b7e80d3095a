#include "bindings.h"
#include "instseg/errors.h"

namespace instseg::python {
namespace {

void raise(const char* name, const std::exception& error) {
  const py::object type = py::module_::import("instseg.errors").attr(name);
  py::set_error(type, error.what());
}

}  // namespace

// C++ errors become the exceptions of the same names in `instseg.errors`.
void bind_errors(py::module_&) {
  py::register_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) std::rethrow_exception(pointer);
    } catch (const InvalidArgument& error) {
      raise("InvalidArgument", error);
    } catch (const ModelError& error) {
      raise("ModelError", error);
    } catch (const EngineError& error) {
      raise("EngineError", error);
    } catch (const Error& error) {
      raise("InstsegError", error);
    }
  });
}

}  // namespace instseg::python
