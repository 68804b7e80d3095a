#pragma once

#include <filesystem>

namespace instseg::tensorrt {

// Holds off other threads and processes that build the same plan, so that the second finds it
// finished. Waits for them. Where the file cannot be made (no folder, no rights) there is no lock,
// and both build; the plan that is renamed last stays.
class BuildLock {
 public:
  explicit BuildLock(const std::filesystem::path& file);
  ~BuildLock();
  BuildLock(const BuildLock&) = delete;
  BuildLock& operator=(const BuildLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace instseg::tensorrt
