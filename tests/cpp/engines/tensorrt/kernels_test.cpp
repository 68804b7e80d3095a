#include "engines/tensorrt/kernels.h"

#include "cuda/launch.h"
#include "testing.h"

namespace instseg::tensorrt {
namespace {

TEST(Kernels, AreThereWhereTheyWereBuilt) {
  const auto kernels = make_cuda_kernels();
  EXPECT_EQ(kernels != nullptr, cuda_kernels_built());
  if (kernels != nullptr) EXPECT_EQ(kernels->problem(), cuda_kernels_problem());
}

}  // namespace
}  // namespace instseg::tensorrt
