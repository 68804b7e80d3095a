#include "engines/tensorrt/adapter_loading.h"

#include "engines/tensorrt/fake_layout.h"
#include "testing.h"

namespace instseg::tensorrt {
namespace {

using testing::FakeLayout;

FoundAdapter find(const FakeLayout& layout) {
  return find_adapter({layout.path("instseg"), layout.path("instseg/lib")},
                      {layout.path("tensorrt_libs")});
}

bool says(const FoundAdapter& found, const std::string& text) {
  return found.adapter == nullptr && found.problem.find(text) != std::string::npos;
}

TEST(FindAdapter, LoadsAdapterAndLibraries) {
  const FakeLayout layout;
  layout.put_tensorrt("tensorrt_libs");
  layout.put("adapter", "instseg/lib/libinstseg_tensorrt10.so");
  EXPECT_TRUE(has_adapter({layout.path("instseg"), layout.path("instseg/lib")}));
  const FoundAdapter found = find(layout);
  ASSERT_TRUE(found.adapter != nullptr);
  EXPECT_EQ(found.problem, "");
  EXPECT_EQ(found.adapter->version(), "101600");
}

TEST(FindAdapter, SaysThatNoneWasBuilt) {
  const FakeLayout layout;
  layout.put_tensorrt("tensorrt_libs");
  EXPECT_TRUE(!has_adapter({layout.path("instseg"), layout.path("instseg/lib")}));
  EXPECT_TRUE(says(find(layout),
                   "built without an adapter for TensorRT (no libinstseg_tensorrt*.so "
                   "in " +
                       layout.path("instseg").string() + ", " +
                       layout.path("instseg/lib").string()));
}

TEST(FindAdapter, SaysThatTheLibrariesAreMissing) {
  const FakeLayout layout;
  layout.put("adapter", "instseg/lib/libinstseg_tensorrt10.so");
  EXPECT_TRUE(says(find(layout),
                   "libnvinfer.so.10 was not found in " + layout.path("tensorrt_libs").string()));
  EXPECT_TRUE(says(find(layout), "pip install 'instseg[tensorrt]'"));
}

TEST(FindAdapter, TakesTheNewestVersionWhoseLibrariesAreThere) {
  const FakeLayout layout;
  layout.put("adapter", "instseg/lib/libinstseg_tensorrt11.so");
  layout.put("adapter", "instseg/lib/libinstseg_tensorrt8.so");
  EXPECT_TRUE(says(find(layout), "libnvinfer.so.11 was not found"));
  EXPECT_TRUE(says(find(layout), "libnvinfer.so.8 was not found"));
  layout.put("nvinfer", "tensorrt_libs/libnvinfer.so.8");
  layout.put("parser", "tensorrt_libs/libnvonnxparser.so.8");
  EXPECT_TRUE(find(layout).adapter != nullptr);
}

TEST(FindAdapter, RefusesAnotherBuildsAdapter) {
  const FakeLayout layout;
  layout.put_tensorrt("tensorrt_libs");
  layout.put("old_adapter", "instseg/lib/libinstseg_tensorrt10.so");
  EXPECT_TRUE(says(find(layout), "comes from another build of this library"));
  const FakeLayout another;
  another.put_tensorrt("tensorrt_libs");
  another.put("parser", "instseg/lib/libinstseg_tensorrt10.so");  // no adapter at all
  EXPECT_TRUE(says(find(another), "comes from another build of this library"));
}

TEST(FindAdapter, SaysWhyAnAdapterRefusesTheLibraries) {
  const FakeLayout layout;
  layout.put_tensorrt("tensorrt_libs");
  layout.put("refusing_adapter", "instseg/lib/libinstseg_tensorrt10.so");
  EXPECT_TRUE(says(find(layout), "libinstseg_tensorrt10.so cannot be used: the library is older"));
}

TEST(FindAdapter, SaysWhyAnAdapterCannotBeLoaded) {
  const FakeLayout layout;
  layout.put_tensorrt("tensorrt_libs");
  layout.put("adapter", "instseg/lib/libinstseg_tensorrt10.so");
  std::filesystem::resize_file(layout.path("instseg/lib/libinstseg_tensorrt10.so"), 64);
  EXPECT_TRUE(says(find(layout), "libinstseg_tensorrt10.so cannot be loaded: "));
}

}  // namespace
}  // namespace instseg::tensorrt
