#include "engines/tensorrt/fake_kernels.h"

#include <utility>

#include "cuda/host_kernels.h"
#include "instseg/errors.h"

namespace instseg::testing {
namespace {

using tensorrt::Stream;

// Whatever a kernel reads or writes must be memory of the GPU.
void check_memory(const PreprocessTask& task, FakeGpu& gpu) {
  const auto check_axis = [&](const ResampleTable& axis, int size, std::size_t taps) {
    const auto count = static_cast<std::size_t>(size);
    gpu.expect_on_device(axis.first, count * sizeof(int));
    if (axis.fixed != nullptr) gpu.expect_on_device(axis.fixed, 2 * count * sizeof(std::int16_t));
    if (axis.fixed == nullptr && taps > 1) {
      gpu.expect_on_device(axis.real, taps * count * sizeof(float));
    }
  };
  const std::size_t taps = task.interpolation == Interpolation::kNearest    ? 1
                           : task.interpolation == Interpolation::kBilinear ? 2
                                                                            : 4;
  check_axis(task.rows, task.height, taps);
  check_axis(task.columns, task.width, taps);
  const auto row = static_cast<std::size_t>(task.columns.source * task.channels);
  gpu.expect_on_device(task.image, row);
  gpu.expect_on_device(task.image + (task.rows.source - 1) * task.row_stride_bytes, row);
  gpu.expect_on_device(task.out, 3 * sizeof(float) * static_cast<std::size_t>(task.padded_height) *
                                     static_cast<std::size_t>(task.padded_width));
}

void check_memory(const MaskBatch& batch, FakeGpu& gpu) {
  gpu.expect_on_device(batch.prototypes, sizeof(float) *
                                             static_cast<std::size_t>(batch.num_prototypes) *
                                             static_cast<std::size_t>(batch.height * batch.width));
  gpu.expect_on_device(batch.tasks, sizeof(MaskTask) * static_cast<std::size_t>(batch.num_tasks));
  for (int t = 0; t < batch.num_tasks; ++t) {
    const MaskTask& task = batch.tasks[t];
    if (task.width == 0 || task.height == 0) continue;
    const auto prototypes = static_cast<std::size_t>(batch.num_prototypes);
    gpu.expect_on_device(
        batch.coefficients + static_cast<std::size_t>(task.coefficient_row) * prototypes,
        sizeof(float) * prototypes);
    gpu.expect_on_device(
        batch.tiles + task.tile_begin,
        sizeof(float) * static_cast<std::size_t>(task.tile_height * task.tile_width));
    gpu.expect_on_device(
        batch.words + task.word_begin,
        sizeof(std::uint64_t) * static_cast<std::size_t>(task.words_per_row * task.height));
  }
}

void check_memory(const FiniteTask& task, FakeGpu& gpu) {
  gpu.expect_on_device(task.values, sizeof(float) * static_cast<std::size_t>(task.count));
  gpu.expect_on_device(task.found, sizeof(std::uint32_t));
}

class FakeKernels final : public tensorrt::Kernels {
 public:
  FakeKernels(std::shared_ptr<FakeGpu> gpu, std::shared_ptr<FakeKernelControls> controls)
      : gpu_(std::move(gpu)), controls_(std::move(controls)) {}

  std::string problem() const override { return controls_->problem; }
  void preprocess(const PreprocessTask& task, Stream& stream) const override {
    launch(task, stream);
  }
  void draw_masks(const MaskBatch& batch, Stream& stream) const override { launch(batch, stream); }
  void check_finite(const FiniteTask& task, Stream& stream) const override { launch(task, stream); }

 private:
  template <typename Task>
  void launch(const Task& task, Stream& stream) const {
    if (controls_->fail_to_launch) throw EngineError("The CUDA kernel could not be started");
    queue_work(stream, [task, gpu = gpu_] {
      ++gpu->kernels;
      check_memory(task, *gpu);
      run_on_host(task);
    });
  }

  std::shared_ptr<FakeGpu> gpu_;
  std::shared_ptr<FakeKernelControls> controls_;
};

}  // namespace

std::shared_ptr<const tensorrt::Kernels> make_fake_kernels(
    std::shared_ptr<FakeGpu> gpu, std::shared_ptr<FakeKernelControls> controls) {
  return std::make_shared<FakeKernels>(std::move(gpu), std::move(controls));
}

}  // namespace instseg::testing
