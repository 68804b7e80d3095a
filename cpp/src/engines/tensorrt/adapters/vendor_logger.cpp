#include "engines/tensorrt/adapters/vendor_logger.h"

namespace instseg::tensorrt {
namespace {

thread_local Log* call_log = nullptr;

}  // namespace

VendorLogger& VendorLogger::instance() {
  static VendorLogger* const logger = new VendorLogger;  // TensorRT may log as the process ends
  return *logger;
}

void VendorLogger::log(Severity severity, char const* text) noexcept {
  if (severity > Severity::kWARNING) return;
  const Log::Severity ours =
      severity == Severity::kWARNING ? Log::Severity::kWarning : Log::Severity::kError;
  if (call_log != nullptr) {
    call_log->write(ours, text);
    return;
  }
  const std::lock_guard lock(mutex_);
  if (build_ != nullptr) build_->write(ours, text);
}

VendorLogger::Call::Call(Log& log) : before_(call_log) { call_log = &log; }
VendorLogger::Call::~Call() { call_log = before_; }

VendorLogger::Build::Build(Log& log) {
  VendorLogger& logger = instance();
  const std::lock_guard lock(logger.mutex_);
  logger.build_ = &log;
}

VendorLogger::Build::~Build() {
  VendorLogger& logger = instance();
  const std::lock_guard lock(logger.mutex_);
  logger.build_ = nullptr;
}

}  // namespace instseg::tensorrt
