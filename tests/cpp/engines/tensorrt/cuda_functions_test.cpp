// Our declarations of the driver's functions are cuda.h's. Compiled against it where CMake finds
// one.
#if __has_include(<cuda.h>)
#include <cuda.h>
#endif

#include <algorithm>
#include <cstddef>
#include <initializer_list>

#include "engines/tensorrt/cuda_functions.h"
#include "testing.h"

namespace instseg::tensorrt {
namespace {

#ifdef CUDA_VERSION

// Handles have other names here, so signatures are compared by number and size of their parameters;
// on the platforms that CUDA has this fixes how they are passed.
template <typename>
struct Signature;
template <typename Result, typename... Parameters>
struct Signature<Result(Parameters...)> {
  static constexpr bool equals(std::initializer_list<std::size_t> sizes) {
    const std::initializer_list<std::size_t> own = {sizeof(Parameters)...};
    return own.size() == sizes.size() && std::equal(own.begin(), own.end(), sizes.begin());
  }
  template <typename OtherResult, typename... Others>
  static constexpr bool is_like(OtherResult (*)(Others...)) {
    return sizeof(OtherResult) == sizeof(Result) && equals({sizeof(Others)...});
  }
};

#define INSTSEG_COMPARE(name, parameters)                                                         \
  static_assert(Signature<CuResult parameters>::is_like(static_cast<decltype(&::name)>(nullptr)), \
                #name " is another function in cuda.h");
INSTSEG_CUDA_FUNCTIONS(INSTSEG_COMPARE)
#undef INSTSEG_COMPARE

TEST(CudaFunctions, AreThoseOfTheToolkit) {
  EXPECT_EQ(kCapabilityMajor, static_cast<int>(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR));
  EXPECT_EQ(kCapabilityMinor, static_cast<int>(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR));
  EXPECT_EQ(kNonBlockingStream, static_cast<unsigned>(CU_STREAM_NON_BLOCKING));
  EXPECT_EQ(kThreadLocalCapture, static_cast<int>(CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
  EXPECT_EQ(kPortableHostMemory, static_cast<unsigned>(CU_MEMHOSTALLOC_PORTABLE));
  EXPECT_EQ(kEventWithoutTime, static_cast<unsigned>(CU_EVENT_DISABLE_TIMING));
  EXPECT_EQ(kLegacyStream, reinterpret_cast<std::uintptr_t>(CU_STREAM_LEGACY));
}

#else

TEST(CudaFunctions, AreThoseOfTheToolkit) { SKIP("there is no cuda.h"); }

#endif

}  // namespace
}  // namespace instseg::tensorrt
