#include <limits>

#include "cuda/mask_pixel.h"
#include "cuda/preprocess_pixel.h"
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
    for (int y = 0; y < size.padded_height; ++y) {
      for (int x = 0; x < size.padded_width; ++x) preprocess_pixel(task, y, x);
    }
    return out;
  }

  std::vector<std::uint64_t> masks(std::span<const float> prototypes,
                                   std::span<const float> coefficients, const MaskPlan& plan,
                                   float threshold) override {
    std::vector<float> tiles(plan.num_tile_values(), std::numeric_limits<float>::quiet_NaN());
    std::vector<std::uint64_t> words(plan.num_words());
    const MaskBatch batch = plan.batch({.prototypes = prototypes.data(),
                                        .coefficients = coefficients.data(),
                                        .tasks = plan.tasks().data(),
                                        .tiles = tiles.data(),
                                        .words = words.data()},
                                       threshold);
    for (const MaskTask& task : plan.tasks()) {
      for (int i = 0; i < task.tile_height * task.tile_width; ++i) {
        batch.tiles[task.tile_begin + i] =
            tile_logit(batch, task, i / task.tile_width, i % task.tile_width);
      }
      for (int y = 0; y < task.height; ++y) {
        for (int x = 0; x < task.width; ++x) {
          std::uint64_t& word =
              batch.words[task.word_begin + std::int64_t{y} * task.words_per_row + x / 64];
          if (mask_pixel(batch, task, y, x)) word |= std::uint64_t{1} << (x % 64);
        }
      }
    }
    return words;
  }
};

}  // namespace

std::unique_ptr<KernelRunner> host_runner() { return std::make_unique<HostRunner>(); }

}  // namespace instseg::testing
