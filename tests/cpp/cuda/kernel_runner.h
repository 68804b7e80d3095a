#pragma once

// Runs the code of the CUDA kernels: on the CPU in plain loops, compiled by g++ from the same
// headers, and on a GPU where there is one. Tests run over both.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cuda/mask_plan.h"
#include "cuda/preprocess_plan.h"
#include "instseg/image.h"

namespace instseg::testing {

class KernelRunner {
 public:
  virtual ~KernelRunner() = default;

  // The network's input [3, padded_height, padded_width]. image is in memory of the CPU, its rows
  // run downwards.
  virtual std::vector<float> preprocess(const ImageView& image, const PreprocessPlan& plan) = 0;

  // The words of all masks. prototypes [num_prototypes, height, width], coefficients [rows,
  // num_prototypes].
  virtual std::vector<std::uint64_t> masks(std::span<const float> prototypes,
                                           std::span<const float> coefficients,
                                           const MaskPlan& plan, float threshold) = 0;

  virtual bool all_finite(std::span<const float> values) = 0;
};

std::unique_ptr<KernelRunner> host_runner();

// Null where there is no GPU or no CUDA in this build; then `why` says so.
std::unique_ptr<KernelRunner> device_runner(std::string& why);

}  // namespace instseg::testing
