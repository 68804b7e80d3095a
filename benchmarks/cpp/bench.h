#pragma once

// Measures small functions and prints a table, one row per measurement:
//
//   int main(int argc, char** argv) {
//     instseg::bench::Table table(argc, argv);
//     table.row("resize 1080p to 640", /*items=*/640 * 640, [&] { resize(...); });
//   }
//
// A row is warmed up, then timed call by call until it has run for a second (at least 10 calls, at
// most 2000). It shows the median, the fastest call, the spread (10th to 90th percentile) and items
// per second at the median. An argument of the program keeps only the rows whose names contain it.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "cpu/isa.h"

namespace instseg::bench {

class Table {
 public:
  Table(int argc, char** argv) : filter_(argc > 1 ? argv[1] : "") {
    std::printf("kernels: %s\n", isa_name(active_isa()));
    std::printf("%-52s %10s %10s %23s %12s\n", "", "median ms", "fastest", "p10 - p90",
                "M items/s");
  }

  template <typename Body>
  void row(const std::string& name, double items, Body&& body) {
    if (name.find(filter_) == std::string::npos) return;
    using Clock = std::chrono::steady_clock;
    const auto measure = [&] {
      const Clock::time_point start = Clock::now();
      body();
      return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
    };
    for (double spent = 0, calls = 0; spent < kWarmUpMs || calls < kWarmUpCalls; ++calls) {
      spent += measure();
    }
    std::vector<double> times;
    for (double spent = 0;
         times.size() < kMinCalls || (spent < kRunMs && times.size() < kMaxCalls);) {
      times.push_back(measure());
      spent += times.back();
    }
    std::sort(times.begin(), times.end());
    const auto at = [&](double part) {
      return times[static_cast<std::size_t>(part * static_cast<double>(times.size() - 1))];
    };
    std::printf("%-52s %10.3f %10.3f %10.3f - %10.3f %12.1f\n", name.c_str(), at(0.5), times[0],
                at(0.1), at(0.9), items / at(0.5) / 1e3);
    std::fflush(stdout);
  }

 private:
  static constexpr double kWarmUpMs = 50;
  static constexpr double kWarmUpCalls = 3;
  static constexpr double kRunMs = 1000;
  static constexpr std::size_t kMinCalls = 10;
  static constexpr std::size_t kMaxCalls = 2000;

  std::string filter_;
};

// Keeps the compiler from dropping a computation whose result is not used.
template <typename T>
void keep(const T& value) {
  asm volatile("" : : "g"(&value) : "memory");
}

}  // namespace instseg::bench
