#include <cuda_runtime_api.h>

#include <stdexcept>

#include "cuda/launch.h"
#include "kernel_runner.h"

namespace instseg::testing {
namespace {

void check(cudaError_t error) {
  if (error != cudaSuccess) throw std::runtime_error(cudaGetErrorString(error));
}

// Memory of the GPU, filled with 0xFF: NaN where floats are not written.
template <typename T>
class DeviceArray {
 public:
  explicit DeviceArray(std::size_t size) : size_(size) {
    check(cudaMalloc(&data_, bytes()));
    check(cudaMemset(data_, 0xFF, bytes()));
  }
  explicit DeviceArray(std::span<const T> values) : DeviceArray(values.size()) {
    if (!values.empty()) {
      check(cudaMemcpy(data_, values.data(), values.size_bytes(), cudaMemcpyHostToDevice));
    }
  }
  ~DeviceArray() { cudaFree(data_); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;

  T* data() const { return static_cast<T*>(data_); }

  std::vector<T> values(cudaStream_t stream) const {
    std::vector<T> out(size_);
    check(cudaMemcpyAsync(out.data(), data_, size_ * sizeof(T), cudaMemcpyDeviceToHost, stream));
    check(cudaStreamSynchronize(stream));
    return out;
  }

 private:
  std::size_t bytes() const { return size_ > 0 ? size_ * sizeof(T) : 1; }

  void* data_ = nullptr;
  std::size_t size_;
};

class DeviceRunner final : public KernelRunner {
 public:
  DeviceRunner() { check(cudaStreamCreate(&stream_)); }
  ~DeviceRunner() override { cudaStreamDestroy(stream_); }

  std::vector<float> preprocess(const ImageView& image, const PreprocessPlan& plan) override {
    const NetworkSize size = plan.size();
    const std::ptrdiff_t row = std::ptrdiff_t{image.width} * num_channels(image.format);
    const std::ptrdiff_t stride = image.row_stride_bytes != 0 ? image.row_stride_bytes : row;
    const DeviceArray<std::uint8_t> pixels(std::span<const std::uint8_t>(
        image.data, static_cast<std::size_t>(stride * (image.height - 1) + row)));
    const DeviceArray<std::byte> tables(plan.tables());
    const DeviceArray<float> out(3 * static_cast<std::size_t>(size.padded_height) *
                                 static_cast<std::size_t>(size.padded_width));
    ImageView on_device = image;
    on_device.data = pixels.data();
    launch_preprocess(plan.task(on_device, tables.data(), out.data()), stream_);
    return out.values(stream_);
  }

  std::vector<std::uint64_t> masks(std::span<const float> prototypes,
                                   std::span<const float> coefficients, const MaskPlan& plan,
                                   float threshold) override {
    const DeviceArray<float> device_prototypes(prototypes);
    const DeviceArray<float> device_coefficients(coefficients);
    const DeviceArray<MaskTask> tasks(plan.tasks());
    const DeviceArray<float> tiles(plan.num_tile_values());
    const DeviceArray<std::uint64_t> words(plan.num_words());
    launch_masks(plan.batch({.prototypes = device_prototypes.data(),
                             .coefficients = device_coefficients.data(),
                             .tasks = tasks.data(),
                             .tiles = tiles.data(),
                             .words = words.data()},
                            threshold),
                 stream_);
    return words.values(stream_);
  }

  bool all_finite(std::span<const float> values) override {
    const DeviceArray<float> device_values(values);
    const std::uint32_t none = 0;
    const DeviceArray<std::uint32_t> found(std::span<const std::uint32_t>(&none, 1));
    launch_finite_check({.values = device_values.data(),
                         .count = static_cast<std::int64_t>(values.size()),
                         .found = found.data()},
                        stream_);
    return found.values(stream_)[0] == 0;
  }

 private:
  cudaStream_t stream_ = nullptr;
};

}  // namespace

std::unique_ptr<KernelRunner> device_runner(std::string& why) {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error != cudaSuccess || count == 0) {
    why = std::string("no GPU: ") +
          (error != cudaSuccess ? cudaGetErrorString(error) : "CUDA found no device");
    return nullptr;
  }
  return std::make_unique<DeviceRunner>();
}

}  // namespace instseg::testing
