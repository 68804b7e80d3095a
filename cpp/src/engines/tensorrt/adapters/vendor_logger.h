#pragma once

#include <NvInfer.h>

#include <mutex>

#include "engines/tensorrt/adapter_api.h"

namespace instseg::tensorrt {

// TensorRT wants one logger per process, which outlives all that was made with it; calls have a Log
// each. What a thread says during a call goes to that call's Log; what other threads say (the
// builder's workers) goes to the Log of the build that runs.
class VendorLogger final : public nvinfer1::ILogger {
 public:
  // Lives until the process ends.
  static VendorLogger& instance();

  void log(Severity severity, char const* text) noexcept override;

  // During its life this thread's messages go to `log`.
  class Call {
   public:
    explicit Call(Log& log);
    ~Call();
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

   private:
    Log* before_;
  };

  // During its life messages of threads without a Call go to `log`. One at a time.
  class Build {
   public:
    explicit Build(Log& log);
    ~Build();
    Build(const Build&) = delete;
    Build& operator=(const Build&) = delete;
  };

 private:
  std::mutex mutex_;
  Log* build_ = nullptr;
};

}  // namespace instseg::tensorrt
