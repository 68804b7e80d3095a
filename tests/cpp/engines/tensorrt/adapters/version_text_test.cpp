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

TEST(OlderThanHeaders, TakesTheSameAndNewerLibraries) {
  EXPECT_EQ(older_than_headers(8601, 8601), "");
  EXPECT_EQ(older_than_headers(101600, 100001), "");
}

TEST(OlderThanHeaders, NamesBothVersionsOfAnOlderLibrary) {
  const std::string problem = older_than_headers(8600, 8601);
  EXPECT_TRUE(problem.find("headers of TensorRT 8.6.1, and the library that was found is 8.6.0") !=
              std::string::npos);
}

}  // namespace
}  // namespace instseg::tensorrt
