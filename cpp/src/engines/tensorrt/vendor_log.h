#pragma once

#include <deque>
#include <mutex>
#include <string>

#include "engines/tensorrt/adapter_api.h"

namespace instseg::tensorrt {

// Keeps the last errors and warnings of a call, for the text of an exception. Threads may share it.
class VendorLog final : public Log {
 public:
  void write(Severity severity, const char* text) noexcept override;

  // The errors, oldest first, joined by "; "; the warnings where there is no error; a sentence
  // where there is neither.
  std::string text() const;

 private:
  static constexpr std::size_t kMostLines = 8;

  mutable std::mutex mutex_;
  std::deque<std::string> errors_;
  std::deque<std::string> warnings_;
};

}  // namespace instseg::tensorrt
