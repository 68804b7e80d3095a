#include "postprocess/nan_check.h"

#include <limits>
#include <vector>

#include "testing.h"

namespace instseg {
namespace {

TEST(HasNan, FindsOneAnywhere) {
  for (const std::size_t size : {1, 7, 16, 17, 100, 4095, 4096, 4097, 9000}) {
    std::vector<float> values(size, 1.5f);
    EXPECT_TRUE(!has_nan(values));
    for (std::size_t i = 0; i < size; i += size > 200 ? 61 : 1) {
      values[i] = std::numeric_limits<float>::quiet_NaN();
      EXPECT_TRUE(has_nan(values));
      values[i] = -std::numeric_limits<float>::quiet_NaN();
      EXPECT_TRUE(has_nan(values));
      values[i] = 1.5f;
    }
    values[size - 1] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_TRUE(has_nan(values));
  }
}

TEST(HasNan, TakesInfinityAndExtremesAsNumbers) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(!has_nan(std::vector<float>{infinity, -infinity, 0.0f, -0.0f,
                                          std::numeric_limits<float>::denorm_min(),
                                          std::numeric_limits<float>::max()}));
  EXPECT_TRUE(!has_nan({}));
}

}  // namespace
}  // namespace instseg
