#include "engines/openvino/openvino_engine.h"
#include "instseg/errors.h"
#include "testing.h"

namespace instseg {
namespace {

TEST(MissingOpenVino, SaysWhatToDo) {
  const auto engine = make_openvino_engine();
  const EngineInfo info = engine->info();
  EXPECT_EQ(info.name, "openvino");
  EXPECT_TRUE(!info.available);
  EXPECT_TRUE(info.remedy.find("-DINSTSEG_OPENVINO=ON") != std::string::npos);
  EXPECT_THROWS(EngineError,
                "The engine \"openvino\" is not available: this library was built with",
                engine->load({}, {}));
}

}  // namespace
}  // namespace instseg
