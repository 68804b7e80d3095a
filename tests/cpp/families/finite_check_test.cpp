#include "families/finite_check.h"

#include <limits>
#include <vector>

#include "instseg/errors.h"
#include "testing.h"

namespace instseg {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(AllFinite, IsTrueForEveryFiniteValue) {
  const std::vector<float> values = {0,
                                     -0.0f,
                                     1,
                                     std::numeric_limits<float>::max(),
                                     std::numeric_limits<float>::lowest(),
                                     std::numeric_limits<float>::min(),
                                     std::numeric_limits<float>::denorm_min()};
  EXPECT_TRUE(all_finite(values));
  EXPECT_TRUE(all_finite({}));
}

TEST(AllFinite, FindsABadValueAtAnyPlace) {
  for (const std::size_t size : {1, 7, 8, 33, 1000}) {
    for (std::size_t place = 0; place < size; ++place) {
      std::vector<float> values(size, 1.5f);
      for (const float bad : {kInf, -kInf, kNan, -kNan}) {
        values[place] = bad;
        ASSERT_TRUE(!all_finite(values));
      }
    }
  }
}

TEST(CheckFinite, NamesTensorModelAndValue) {
  std::vector<float> values(100, 1);
  check_finite(values, "boxes", "Tiny");
  values[40] = -kInf;
  values[41] = kNan;
  EXPECT_THROWS(EngineError, "Tiny gave -inf in its output 'boxes'; every value must be finite",
                check_finite(values, "boxes", "Tiny"));
}

}  // namespace
}  // namespace instseg
