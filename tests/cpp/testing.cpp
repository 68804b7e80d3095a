#include "testing.h"

#include <cstdio>
#include <cstdlib>

#include "cpu/isa.h"

namespace instseg::testing {
namespace {

struct Test {
  std::string name;
  std::function<void()> body;
};

std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

int failures = 0;

}  // namespace

bool add_test(const char* suite, const char* name, std::function<void()> body) {
  tests().push_back({std::string(suite) + "." + name, std::move(body)});
  return true;
}

void fail(const char* file, int line, const std::string& message) {
  ++failures;
  std::printf("  %s:%d: %s\n", file, line, message.c_str());
}

}  // namespace instseg::testing

int main(int argc, char** argv) {
  using namespace instseg::testing;
  const char* wanted = std::getenv("INSTSEG_CPU");
  if (wanted != nullptr && instseg::isa_name(instseg::active_isa()) != std::string(wanted)) {
    std::printf("this machine has no %s\n", wanted);
    return 77;
  }
  const std::string filter = argc > 1 ? argv[1] : "";
  int run = 0;
  int failed = 0;
  int skipped = 0;
  for (const Test& test : tests()) {
    if (test.name.find(filter) == std::string::npos) continue;
    ++run;
    const int before = failures;
    try {
      test.body();
    } catch (const Stop&) {
    } catch (const Skip& skip) {
      ++skipped;
      std::printf("skipped %s: %s\n", test.name.c_str(), skip.reason.c_str());
    } catch (const std::exception& error) {
      fail(test.name.c_str(), 0, std::string("unexpected exception: ") + error.what());
    }
    if (failures > before) {
      ++failed;
      std::printf("FAILED %s\n", test.name.c_str());
    }
  }
  std::printf("%d tests, %d failed, %d skipped (%s)\n", run, failed, skipped,
              instseg::isa_name(instseg::active_isa()));
  return failed > 0 || run == 0 ? 1 : 0;
}
