#include "cuda/launch.h"
#include "instseg/errors.h"
#include "testing.h"

namespace instseg {
namespace {

TEST(LaunchMissing, SaysWhatToDo) {
  EXPECT_TRUE(!cuda_kernels_built());
  EXPECT_THROWS(EngineError, "-DINSTSEG_CUDA=ON", launch_preprocess({}, nullptr));
  EXPECT_THROWS(EngineError, "docs/gpu.md", launch_masks({}, nullptr));
}

}  // namespace
}  // namespace instseg
