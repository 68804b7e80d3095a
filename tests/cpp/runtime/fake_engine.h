#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "engines/engine.h"

namespace instseg::testing {

// What the fake engine saw, and what it is told to do. Shared by all its networks and sessions.
struct FakeControls {
  // Set by the test.
  std::atomic<int> fail_after{-1};  // runs until one throws; -1 = never
  std::atomic<int> nan_after{-1};   // runs until one gives a NaN
  std::atomic<bool> refuse_to_load{false};
  std::atomic<bool> wrong_shape{false};       // a query more than instseg.json says
  std::chrono::microseconds time_per_run{0};  // slept, not computed

  // Counted by the engine.
  std::atomic<int> loads{0};
  std::atomic<int> sessions{0};
  std::atomic<int> sessions_run{0};  // sessions that ran at least once
  std::atomic<int> runs{0};
  std::atomic<int> running{0};
  std::atomic<int> most_running{0};
  std::atomic<int> misused{0};  // a session was used by two threads at once
  EngineOptions options;        // of the last load
};

// Stands in for an inference library whose networks are all FakeMaskRtdetr. Nothing is allocated by
// input() and run() after the first call.
std::unique_ptr<Engine> make_fake_engine(std::shared_ptr<FakeControls> controls);

}  // namespace instseg::testing
