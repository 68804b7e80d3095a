// Counts the allocations of the whole program: the hot path has none once its workspace has grown.

#include <atomic>
#include <cstdlib>
#include <new>
#include <vector>

#include "preprocess/preprocess.h"
#include "resize_reference.h"
#include "testing.h"

namespace {

std::atomic<long> allocations = 0;
std::atomic<std::size_t> largest = 0;

void* allocate(std::size_t size, std::size_t alignment) {
  ++allocations;
  for (std::size_t seen = largest; size > seen && !largest.compare_exchange_weak(seen, size);) {
  }
  void* const memory =
      alignment <= alignof(std::max_align_t)
          ? std::malloc(size)
          : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size, 1); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace instseg {
namespace {

TEST(PreprocessWorkspace, AllocatesNothingAfterTheWidestImage) {
  testing::Random random(1);
  const ThreadPool pool(3);
  PreprocessWorkspace workspace;
  const testing::Picture large = testing::random_picture(random, 300, 500, PixelFormat::kBgr);
  const testing::Picture small = testing::random_picture(random, 200, 100, PixelFormat::kBgr);
  PreprocessSpec spec{.height = 320, .width = 320};
  std::vector<float> out(3 * 320 * 320);
  std::vector<std::uint8_t> bytes(3 * 320 * 320);
  const auto run = [&] {
    for (const testing::Picture* picture : {&large, &small}) {
      for (const bool before : {false, true}) {
        for (const Interpolation interpolation :
             {Interpolation::kNearest, Interpolation::kBilinear, Interpolation::kBicubic}) {
          spec.interpolation = interpolation;
          spec.normalize_before_resize = before;
          preprocess(picture->view(), spec, out.data(), workspace, pool);
          resize(picture->view(), 320, 320, interpolation, bytes.data(), workspace, pool);
        }
      }
    }
  };
  run();
  const long before = allocations;
  run();
  EXPECT_EQ(allocations - before, 0);
}

TEST(PreprocessWorkspace, NeverHoldsAWholeImage) {
  testing::Random random(2);
  const ThreadPool pool(1);
  PreprocessWorkspace workspace;
  const testing::Picture picture =
      testing::random_picture(random, 600, 800, PixelFormat::kBgr);  // 1.4 MB
  std::vector<float> out(3 * 640 * 640);
  largest = 0;
  preprocess(picture.view(), {}, out.data(), workspace, pool);
  // Five rows of 640 pixels of four float32 values.
  EXPECT_TRUE(largest <= 5u * 640 * 4 * sizeof(float));
}

}  // namespace
}  // namespace instseg
