#pragma once

// A small test harness: nothing to install, so `make test` needs g++ and pip alone.
//
//   TEST(MaskRle, OfAnEmptyMaskIsOneRun) { EXPECT_EQ(mask.rle_counts().size(), 1u); }
//
// EXPECT_* records a failure and goes on; ASSERT_* leaves the test; SKIP(reason) ends it uncounted.
// A test program takes a substring of "Suite.Name" as its argument to run only those.
// It exits with 77 (skipped for CTest) where this machine lacks the instructions that INSTSEG_CPU
// asks for.

#include <cmath>
#include <concepts>
#include <exception>
#include <functional>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace instseg::testing {

struct Stop {};  // thrown to leave a test
struct Skip {
  std::string reason;
};

bool add_test(const char* suite, const char* name, std::function<void()> body);
void fail(const char* file, int line, const std::string& message);

// Seeded random numbers, the same on every machine.
class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  int integer(int low, int high) {  // both ends included
    return low + static_cast<int>(engine_() % static_cast<unsigned>(high - low + 1));
  }
  float real(float low, float high) {
    return low + (high - low) * (static_cast<float>(engine_() >> 8) / 16777216.0f);
  }

 private:
  std::mt19937 engine_;
};

template <typename T>
std::string show(const T& value) {
  if constexpr (requires(std::ostream& out) { out << value; }) {
    std::ostringstream out;
    out.precision(9);
    out << value;
    return out.str();
  } else {
    return "(value)";
  }
}

template <typename A, typename B>
bool equal(const char* file, int line, const char* text, const A& a, const B& b) {
  if (a == b) return true;
  fail(file, line, std::string(text) + ": " + show(a) + " is not " + show(b));
  return false;
}

inline bool near(const char* file, int line, const char* text, double a, double b,
                 double tolerance) {
  if (std::abs(a - b) <= tolerance) return true;
  fail(file, line,
       std::string(text) + ": " + show(a) + " and " + show(b) + " differ by more than " +
           show(tolerance));
  return false;
}

template <typename Exception>
bool throws(const char* file, int line, const char* text, const std::function<void()>& call,
            const std::string& part) {
  try {
    call();
  } catch (const Exception& error) {
    if (std::string(error.what()).find(part) != std::string::npos) return true;
    fail(file, line, std::string(text) + " says \"" + error.what() + "\", not \"" + part + "\"");
    return false;
  } catch (const std::exception& error) {
    fail(file, line, std::string(text) + " throws another exception: " + error.what());
    return false;
  }
  fail(file, line, std::string(text) + " does not throw");
  return false;
}

}  // namespace instseg::testing

#define TEST(suite, name)                                                 \
  static void suite##_##name##_body();                                    \
  static const bool suite##_##name##_added =                              \
      ::instseg::testing::add_test(#suite, #name, suite##_##name##_body); \
  static void suite##_##name##_body()

#define EXPECT_TRUE(condition) \
  ((condition) ? true : (::instseg::testing::fail(__FILE__, __LINE__, #condition), false))
#define EXPECT_EQ(a, b) ::instseg::testing::equal(__FILE__, __LINE__, #a " == " #b, a, b)
#define EXPECT_NEAR(a, b, tolerance) \
  ::instseg::testing::near(__FILE__, __LINE__, #a " ~ " #b, a, b, tolerance)
#define EXPECT_THROWS(Exception, part, ...) \
  ::instseg::testing::throws<Exception>(    \
      __FILE__, __LINE__, #__VA_ARGS__, [&] { __VA_ARGS__; }, part)
#define ASSERT_TRUE(condition)                                  \
  if (!EXPECT_TRUE(condition)) throw ::instseg::testing::Stop { \
    }
#define ASSERT_EQ(a, b)                                  \
  if (!EXPECT_EQ(a, b)) throw ::instseg::testing::Stop { \
    }
#define SKIP(why) \
  throw ::instseg::testing::Skip { why }
