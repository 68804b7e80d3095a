#include "engines/paddle/paddle_engine.h"
#include "instseg/errors.h"

namespace instseg {
namespace {

class MissingPaddleEngine final : public Engine {
 public:
  EngineInfo info() const override {
    EngineInfo info;
    info.name = "paddle_inference";
    info.remedy =
        "this library was built without Paddle Inference; build it with "
        "-DPADDLE_INFERENCE_DIR=<the unpacked C++ package> (docs/paddle-inference-cpp.md).";
    return info;
  }

  bool runs_whole_programs() const override { return true; }

  std::unique_ptr<Network> load(const NetworkSpec&, const EngineOptions&) const override {
    throw EngineError("The engine \"paddle_inference\" is not available: " + info().remedy);
  }
};

}  // namespace

std::unique_ptr<Engine> make_paddle_engine() { return std::make_unique<MissingPaddleEngine>(); }

}  // namespace instseg
