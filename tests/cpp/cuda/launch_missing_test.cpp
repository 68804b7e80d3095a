#include "cuda/launch.h"
#include "instseg/errors.h"
#include "testing.h"

namespace instseg {
namespace {

TEST(LaunchMissing, SaysWhatToDo) {
  EXPECT_TRUE(!cuda_kernels_built());
  EXPECT_THROWS(EngineError, "-DINSTSEG_CUDA=ON", launch_preprocess({}, nullptr));
  EXPECT_THROWS(EngineError, "docs/gpu.md", launch_masks({}, nullptr));
  EXPECT_THROWS(EngineError, "no CUDA kernels", launch_finite_check({}, nullptr));
  EXPECT_TRUE(cuda_kernels_problem().find("-DINSTSEG_CUDA=ON") != std::string::npos);
}

}  // namespace
}  // namespace instseg
