#include <limits>

#include "cuda/host_kernels.h"
#include "kernel_runner.h"

namespace instseg::testing {
namespace {

class HostRunner final : public KernelRunner {
 public:
  std::vector<float> preprocess(const ImageView& image, const PreprocessPlan& plan) override {
    const NetworkSize size = plan.size();
    // NaN shows whatever is not written.
    std::vector<float> out(3 * static_cast<std::size_t>(size.padded_height) *
                               static_cast<std::size_t>(size.padded_width),
                           std::numeric_limits<float>::quiet_NaN());
    // A copy: a task must not depend on where the plan keeps its tables.
    const std::vector<std::byte> tables(plan.tables().begin(), plan.tables().end());
    const PreprocessTask task = plan.task(image, tables.data(), out.data());
    run_on_host(task);
    return out;
  }

  std::vector<std::uint64_t> masks(std::span<const float> prototypes,
                                   std::span<const float> coefficients, const MaskPlan& plan,
                                   float threshold) override {
    std::vector<float> tiles(plan.num_tile_values(), std::numeric_limits<float>::quiet_NaN());
    std::vector<std::uint64_t> words(plan.num_words(), ~std::uint64_t{0});
    const MaskBatch batch = plan.batch({.prototypes = prototypes.data(),
                                        .coefficients = coefficients.data(),
                                        .tasks = plan.tasks().data(),
                                        .tiles = tiles.data(),
                                        .words = words.data()},
                                       threshold);
    run_on_host(batch);
    return words;
  }

  bool all_finite(std::span<const float> values) override {
    std::uint32_t found = 0;
    run_on_host(FiniteTask{.values = values.data(),
                           .count = static_cast<std::int64_t>(values.size()),
                           .found = &found});
    return found == 0;
  }
};

}  // namespace

std::unique_ptr<KernelRunner> host_runner() { return std::make_unique<HostRunner>(); }

}  // namespace instseg::testing
