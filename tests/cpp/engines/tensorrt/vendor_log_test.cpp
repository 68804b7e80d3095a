#include "engines/tensorrt/vendor_log.h"

#include <thread>
#include <vector>

#include "testing.h"

namespace instseg::tensorrt {
namespace {

constexpr auto kError = Log::Severity::kError;
constexpr auto kWarning = Log::Severity::kWarning;

TEST(VendorLog, PrefersErrorsToWarnings) {
  VendorLog log;
  EXPECT_EQ(log.text(), "it gave no reason");
  log.write(kWarning, "careful\n");
  EXPECT_EQ(log.text(), "careful");
  log.write(kError, "first");
  log.write(kError, "first");  // TensorRT repeats itself
  log.write(kError, "");
  log.write(kError, "second \n");
  EXPECT_EQ(log.text(), "first; second");
}

TEST(VendorLog, KeepsTheLastLinesOfManyThreads) {
  VendorLog log;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) log.write(kError, i % 2 == 0 ? "even" : "odd");
    });
  }
  for (std::thread& thread : threads) thread.join();
  log.write(kError, "the last");
  const std::string text = log.text();
  EXPECT_TRUE(text.size() < 80 && text.rfind("the last") == text.size() - 8);
}

}  // namespace
}  // namespace instseg::tensorrt
