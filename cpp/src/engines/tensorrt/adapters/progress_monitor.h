#pragma once

#include <NvInfer.h>

#include <map>
#include <mutex>
#include <string>

#include "engines/tensorrt/adapters/major.h"

namespace instseg::tensorrt::major {

// Passes on the phases that stand at the top; those inside them only say whether to go on. TensorRT
// 10 and newer; threads of the builder call it.
class ProgressMonitor final : public nvinfer1::IProgressMonitor, public ProgressReport {
 public:
  explicit ProgressMonitor(BuildProgress& progress) : progress_(progress) {}

  void phaseStart(char const* phase, char const* parent, std::int32_t num_steps) noexcept override {
    if (parent != nullptr) return;
    try {
      const std::lock_guard lock(mutex_);
      steps_[phase] = num_steps;
    } catch (...) {  // out of memory: this phase is not reported
    }
  }

  bool stepComplete(char const* phase, std::int32_t step) noexcept override {
    const std::lock_guard lock(mutex_);
    const auto found = steps_.find(phase);
    if (found != steps_.end() && found->second > 0) {
      goes_on_ = progress_.at(phase, (step + 1.0) / found->second) && goes_on_;
    }
    return goes_on_;
  }

  void phaseFinish(char const* phase) noexcept override {
    const std::lock_guard lock(mutex_);
    const auto found = steps_.find(phase);
    if (found != steps_.end()) steps_.erase(found);
  }

 private:
  BuildProgress& progress_;
  std::mutex mutex_;
  std::map<std::string, std::int32_t, std::less<>> steps_;  // of the phases that run
  bool goes_on_ = true;
};

inline std::unique_ptr<ProgressReport> monitor(nvinfer1::IBuilderConfig& config,
                                               BuildProgress& progress) {
  auto report = std::make_unique<ProgressMonitor>(progress);
  config.setProgressMonitor(report.get());
  return report;
}

}  // namespace instseg::tensorrt::major
