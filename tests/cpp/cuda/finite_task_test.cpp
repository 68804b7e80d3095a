// The check for NaN and infinity against that of the CPU, on the CPU and on the GPU.
#include "cuda/finite_task.h"

#include <bit>
#include <limits>
#include <vector>

#include "families/finite_check.h"
#include "kernel_runner.h"
#include "testing.h"

namespace instseg {
namespace {

using testing::KernelRunner;
using testing::Random;

void finds_each(KernelRunner& runner) {
  Random random(21);
  const float infinity = std::numeric_limits<float>::infinity();
  const float bad[] = {infinity, -infinity, std::numeric_limits<float>::quiet_NaN(),
                       std::bit_cast<float>(0xff800001u), std::bit_cast<float>(0x7fffffffu)};
  const float good[] = {0.0f,
                        -0.0f,
                        std::numeric_limits<float>::max(),
                        std::numeric_limits<float>::lowest(),
                        std::numeric_limits<float>::denorm_min(),
                        1.5f};
  EXPECT_TRUE(runner.all_finite({}));
  for (const std::size_t size : {1u, 2u, 255u, 256u, 257u, 40'000u, 600'000u}) {
    std::vector<float> values(size);
    for (float& value : values) value = good[random.integer(0, 5)];
    EXPECT_TRUE(runner.all_finite(values));
    const std::size_t middle = static_cast<std::size_t>(random.integer(0, int(size) - 1));
    for (const std::size_t at : {std::size_t{0}, middle, size - 1}) {
      const float before = values[at];
      for (const float value : bad) {
        values[at] = value;
        EXPECT_TRUE(!runner.all_finite(values));
      }
      values[at] = before;
    }
  }
}

TEST(FiniteTask, FindsEveryKindAnywhere) { finds_each(*testing::host_runner()); }

TEST(FiniteTaskOnGpu, FindsEveryKindAnywhere) {
  std::string why;
  const auto runner = testing::device_runner(why);
  if (runner == nullptr) SKIP(why);
  finds_each(*runner);
}

TEST(FiniteTask, AgreesWithTheCpuOnAnyBits) {
  Random random(22);
  for (int i = 0; i < 100'000; ++i) {
    const auto bits = static_cast<std::uint32_t>(random.integer(0, 0xffff)) << 16 |
                      static_cast<std::uint32_t>(random.integer(0, 0xffff));
    const float value = std::bit_cast<float>(bits | (i % 2 == 0 ? 0x7f800000u : 0u));
    if (!EXPECT_EQ(is_finite(value), all_finite({&value, 1}))) return;
  }
}

}  // namespace
}  // namespace instseg
