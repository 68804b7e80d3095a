// In builds with CUDA kernels.
#include "cuda/launch.h"

#include "kernel_runner.h"
#include "testing.h"

namespace instseg {
namespace {

TEST(Launch, SaysWhyKernelsDoNotRunHere) {
  EXPECT_TRUE(cuda_kernels_built());
  std::string why;
  const bool has_gpu = testing::device_runner(why) != nullptr;
  EXPECT_EQ(cuda_kernels_problem().empty(), has_gpu);
}

}  // namespace
}  // namespace instseg
