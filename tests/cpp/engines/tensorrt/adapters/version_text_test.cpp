#include "engines/tensorrt/adapters/version_text.h"

#include "testing.h"

namespace instseg::tensorrt {
namespace {

TEST(VersionText, ReadsBothWaysOfCounting) {
  EXPECT_EQ(version_text(8601), "8.6.1");
  EXPECT_EQ(version_text(8510), "8.5.10");
  EXPECT_EQ(version_text(100001), "10.0.1");
  EXPECT_EQ(version_text(101600), "10.16.0");
  EXPECT_EQ(version_text(110100), "11.1.0");
}

}  // namespace
}  // namespace instseg::tensorrt
