#pragma once

#include <cstddef>
#include <cstdint>

// The memory layout of DLPack, by which array libraries hand tensors to one another without a copy:
// https://dmlc.github.io/dlpack/latest/c_api.html, DLTensor, DLManagedTensor and
// DLManagedTensorVersioned. Written out here, in a namespace of our own, so that nothing has to be
// installed and no name meets that of a library that brings dlpack.h.
namespace instseg::dlpack {

constexpr std::int32_t kCpu = 1;
constexpr std::int32_t kCuda = 2;
constexpr std::int32_t kCudaHost = 3;      // pinned memory of the CPU
constexpr std::int32_t kCudaManaged = 13;  // unified memory

struct Device {
  std::int32_t type = kCpu;
  std::int32_t id = 0;  // which of the GPUs
};

constexpr std::uint8_t kInt = 0;
constexpr std::uint8_t kUnsigned = 1;
constexpr std::uint8_t kFloat = 2;

struct DataType {
  std::uint8_t code = kFloat;
  std::uint8_t bits = 32;
  std::uint16_t lanes = 1;  // values of one element; 1 unless it is a vector
};

struct Tensor {
  void* data = nullptr;
  Device device;
  std::int32_t ndim = 0;
  DataType dtype;
  std::int64_t* shape = nullptr;    // [ndim]
  std::int64_t* strides = nullptr;  // [ndim] in elements; null = C order without gaps
  std::uint64_t byte_offset = 0;    // of the first element from `data`
};

struct ManagedTensor {
  Tensor tensor;
  void* manager_context = nullptr;
  void (*deleter)(ManagedTensor*) = nullptr;  // called once by whoever took the tensor
};

// The same with a version, for DLPack 1: what comes in a PyCapsule named "dltensor_versioned".
struct Version {
  std::uint32_t major = 1;  // another major version has another layout behind `deleter`
  std::uint32_t minor = 0;
};

struct ManagedTensorVersioned {
  Version version;
  void* manager_context = nullptr;
  void (*deleter)(ManagedTensorVersioned*) = nullptr;
  std::uint64_t flags = 0;
  Tensor tensor;
};

static_assert(sizeof(void*) == 8 && sizeof(Tensor) == 48 && sizeof(ManagedTensor) == 64);
static_assert(offsetof(Tensor, device) == 8 && offsetof(Tensor, ndim) == 16 &&
              offsetof(Tensor, dtype) == 20 && offsetof(Tensor, shape) == 24 &&
              offsetof(Tensor, strides) == 32 && offsetof(Tensor, byte_offset) == 40 &&
              offsetof(ManagedTensor, deleter) == 56);
static_assert(sizeof(ManagedTensorVersioned) == 80 &&
              offsetof(ManagedTensorVersioned, deleter) == 16 &&
              offsetof(ManagedTensorVersioned, tensor) == 32);

}  // namespace instseg::dlpack
