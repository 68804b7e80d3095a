#pragma once

#include <cstddef>
#include <cstdint>

// The functions of NVIDIA's driver (CUDA Driver API, cuda.h) that this library calls, declared here
// so that building it takes no toolkit. Names with _v2 are those that cuda.h maps the plain names
// to; all are in drivers of CUDA 11.4 and newer, and their ABI is fixed.
namespace instseg::tensorrt {

using CuResult = int;  // 0 = success
using CuDevice = int;
using CuPointer = unsigned long long;
struct CuContextImpl;
struct CuStreamImpl;
struct CuEventImpl;
struct CuGraphImpl;
struct CuGraphExecImpl;
using CuContext = CuContextImpl*;
using CuStream = CuStreamImpl*;
using CuEvent = CuEventImpl*;
using CuGraph = CuGraphImpl*;
using CuGraphExec = CuGraphExecImpl*;

inline constexpr int kCapabilityMajor = 75;  // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR
inline constexpr int kCapabilityMinor = 76;
inline constexpr unsigned kNonBlockingStream = 1;   // CU_STREAM_NON_BLOCKING
inline constexpr int kThreadLocalCapture = 1;       // CU_STREAM_CAPTURE_MODE_THREAD_LOCAL
inline constexpr unsigned kPortableHostMemory = 1;  // CU_MEMHOSTALLOC_PORTABLE
inline constexpr unsigned kEventWithoutTime = 2;    // CU_EVENT_DISABLE_TIMING
inline constexpr std::uintptr_t kLegacyStream = 1;  // CU_STREAM_LEGACY, whatever is compiled

// X(name, parameters)
#define INSTSEG_CUDA_FUNCTIONS(X)                                                             \
  X(cuInit, (unsigned flags))                                                                 \
  X(cuDriverGetVersion, (int* version))                                                       \
  X(cuGetErrorString, (CuResult error, const char** text))                                    \
  X(cuDeviceGetCount, (int* count))                                                           \
  X(cuDeviceGet, (CuDevice * device, int index))                                              \
  X(cuDeviceGetName, (char* name, int size, CuDevice device))                                 \
  X(cuDeviceGetAttribute, (int* value, int attribute, CuDevice device))                       \
  X(cuDeviceTotalMem_v2, (std::size_t* bytes, CuDevice device))                               \
  X(cuDevicePrimaryCtxRetain, (CuContext * context, CuDevice device))                         \
  X(cuDevicePrimaryCtxRelease_v2, (CuDevice device))                                          \
  X(cuCtxPushCurrent_v2, (CuContext context))                                                 \
  X(cuCtxPopCurrent_v2, (CuContext * context))                                                \
  X(cuMemAlloc_v2, (CuPointer * memory, std::size_t bytes))                                   \
  X(cuMemFree_v2, (CuPointer memory))                                                         \
  X(cuMemHostAlloc, (void** memory, std::size_t bytes, unsigned flags))                       \
  X(cuMemFreeHost, (void* memory))                                                            \
  X(cuMemcpyHtoDAsync_v2,                                                                     \
    (CuPointer device, const void* host, std::size_t bytes, CuStream stream))                 \
  X(cuMemcpyDtoHAsync_v2, (void* host, CuPointer device, std::size_t bytes, CuStream stream)) \
  X(cuStreamCreate, (CuStream * stream, unsigned flags))                                      \
  X(cuStreamDestroy_v2, (CuStream stream))                                                    \
  X(cuStreamSynchronize, (CuStream stream))                                                   \
  X(cuStreamWaitEvent, (CuStream stream, CuEvent event, unsigned flags))                      \
  X(cuEventCreate, (CuEvent * event, unsigned flags))                                         \
  X(cuEventRecord, (CuEvent event, CuStream stream))                                          \
  X(cuEventDestroy_v2, (CuEvent event))                                                       \
  X(cuStreamBeginCapture_v2, (CuStream stream, int mode))                                     \
  X(cuStreamEndCapture, (CuStream stream, CuGraph * graph))                                   \
  X(cuGraphInstantiateWithFlags,                                                              \
    (CuGraphExec * executable, CuGraph graph, unsigned long long flags))                      \
  X(cuGraphLaunch, (CuGraphExec executable, CuStream stream))                                 \
  X(cuGraphExecDestroy, (CuGraphExec executable))                                             \
  X(cuGraphDestroy, (CuGraph graph))

// One member per function, named like it.
struct CudaFunctions {
#define INSTSEG_MEMBER(name, parameters) CuResult(*name) parameters = nullptr;
  INSTSEG_CUDA_FUNCTIONS(INSTSEG_MEMBER)
#undef INSTSEG_MEMBER
};

}  // namespace instseg::tensorrt
