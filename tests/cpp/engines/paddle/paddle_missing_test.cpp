#include "engines/paddle/paddle_engine.h"
#include "engines/registry.h"
#include "instseg/errors.h"
#include "testing.h"

namespace instseg {
namespace {

TEST(MissingPaddle, SaysWhatToDo) {
  const auto engine = make_paddle_engine();
  const EngineInfo info = engine->info();
  EXPECT_EQ(info.name, "paddle_inference");
  EXPECT_TRUE(!info.available);
  EXPECT_TRUE(engine->runs_whole_programs());
  EXPECT_TRUE(info.remedy.find("-DPADDLE_INFERENCE_DIR=") != std::string::npos);
  const std::string message =
      "The engine \"paddle_inference\" is not available: this library was built without Paddle "
      "Inference";
  EXPECT_THROWS(EngineError, message, engine->load({}, {}));
  EXPECT_THROWS(EngineError, message, make_engine("paddle_inference", "cpu", "fp32"));
}

}  // namespace
}  // namespace instseg
