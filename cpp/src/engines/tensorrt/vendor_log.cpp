#include "engines/tensorrt/vendor_log.h"

namespace instseg::tensorrt {

void VendorLog::write(Severity severity, const char* text) noexcept {
  try {
    const std::lock_guard lock(mutex_);
    std::deque<std::string>& lines = severity == Severity::kError ? errors_ : warnings_;
    std::string line = text;
    while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.pop_back();
    if (line.empty() || (!lines.empty() && lines.back() == line)) return;
    lines.push_back(std::move(line));
    if (lines.size() > kMostLines) lines.pop_front();
  } catch (...) {
    // Out of memory: the exception will say less.
  }
}

std::string VendorLog::text() const {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (const std::string& line : errors_.empty() ? warnings_ : errors_) {
    text += (text.empty() ? "" : "; ") + line;
  }
  return text.empty() ? "it gave no reason" : text;
}

}  // namespace instseg::tensorrt
