#include "cpu/isa.h"

#include <cstdlib>
#include <string>

#include "cpu/kernel_table.h"
#include "preprocess/plane_kernels.h"
#include "testing.h"

namespace instseg {
namespace {

TEST(Isa, IsTheOneAskedFor) {
  // The harness has left before if the machine lacks it.
  const char* asked = std::getenv("INSTSEG_CPU");
  if (asked == nullptr) SKIP("INSTSEG_CPU is not set");
  EXPECT_EQ(std::string(isa_name(active_isa())), std::string(asked));
}

TEST(Isa, NamesAreThoseOfTheVariable) {
  EXPECT_EQ(std::string(isa_name(Isa::kScalar)), std::string("scalar"));
  EXPECT_EQ(std::string(isa_name(Isa::kAvx2)), std::string("avx2"));
  EXPECT_EQ(std::string(isa_name(Isa::kAvx512)), std::string("avx512"));
}

TEST(Isa, StaysTheSame) {
  const Isa first = active_isa();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(active_isa() == first);
}

TEST(KernelTable, IsTheOneOfTheActiveSet) {
  const PlaneKernels* active = &INSTSEG_ACTIVE_KERNELS(kPlaneKernels);
  switch (active_isa()) {
    case Isa::kScalar:
      EXPECT_TRUE(active == &scalar::kPlaneKernels);
      break;
#if defined(__x86_64__)
    case Isa::kAvx2:
      EXPECT_TRUE(active == &avx2::kPlaneKernels);
      break;
    case Isa::kAvx512:
      EXPECT_TRUE(active == &avx512::kPlaneKernels);
      break;
#else
    default:
      EXPECT_TRUE(false);
#endif
  }
}

}  // namespace
}  // namespace instseg
