#include "engines/openvino/openvino_engine.h"
#include "instseg/errors.h"

namespace instseg {
namespace {

class MissingOpenVinoEngine final : public Engine {
 public:
  EngineInfo info() const override {
    EngineInfo info;
    info.name = "openvino";
    info.remedy =
        "this library was built with INSTSEG_OPENVINO=OFF; build it with -DINSTSEG_OPENVINO=ON, or "
        "install the instseg wheel.";
    return info;
  }

  std::unique_ptr<Network> load(const NetworkSpec&, const EngineOptions&) const override {
    throw EngineError("The engine \"openvino\" is not available: " + info().remedy);
  }
};

}  // namespace

std::unique_ptr<Engine> make_openvino_engine() { return std::make_unique<MissingOpenVinoEngine>(); }

}  // namespace instseg
