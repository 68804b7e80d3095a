#include "engines/tensorrt/library_search.h"

#include "engines/tensorrt/fake_layout.h"
#include "testing.h"

namespace instseg::tensorrt {
namespace {

namespace fs = std::filesystem;
using testing::FakeLayout;

int version_of(const VendorLibraries& vendor) {
  return reinterpret_cast<std::int32_t (*)()>(vendor.functions.getInferLibVersion)();
}

TEST(VendorFolders, HaveAnOrder) {
  const std::vector<fs::path> folders =
      vendor_folders("/site/instseg/lib", "/named:/named too", "/opt/TensorRT;/opt/other:");
  const std::vector<fs::path> expected = {"/named",
                                          "/named too",
                                          "/site/instseg/tensorrt_libs",
                                          "/site/instseg/tensorrt",
                                          "/site/tensorrt_libs",
                                          "/site/tensorrt",
                                          "/opt/TensorRT/lib",
                                          "/opt/TensorRT/lib64",
                                          "/opt/TensorRT/lib/x86_64-linux-gnu",
                                          "/opt/TensorRT/targets/x86_64-linux-gnu/lib",
                                          "/opt/other/lib",
                                          "/opt/other/lib64",
                                          "/opt/other/lib/x86_64-linux-gnu",
                                          "/opt/other/targets/x86_64-linux-gnu/lib"};
  EXPECT_TRUE(folders == expected);
  EXPECT_EQ(vendor_folders("/site/instseg/lib", "", "").size(), 4u);
  // From the Python module.
  EXPECT_EQ(vendor_folders("/site/instseg", "", "")[0], "/site/tensorrt_libs");
  EXPECT_TRUE(fs::exists(own_folder()));
}

TEST(LoadVendor, TakesTheFirstFolderThatHasTheLibrary) {
  const FakeLayout layout;
  layout.put_tensorrt("tensorrt_libs");
  layout.put("needy_nvinfer", "later/libnvinfer.so.10");
  const VendorLibraries vendor =
      load_vendor(10, {layout.path("empty"), layout.path("tensorrt_libs"), layout.path("later")});
  ASSERT_EQ(vendor.problem, "");
  EXPECT_EQ(version_of(vendor), 101600);
  EXPECT_TRUE(vendor.functions.createInferBuilder_INTERNAL != nullptr);
  EXPECT_TRUE(vendor.functions.createInferRuntime_INTERNAL != nullptr);
  EXPECT_TRUE(vendor.functions.createNvOnnxParser_INTERNAL != nullptr);
  EXPECT_TRUE(vendor.functions.initLibNvInferPlugins == nullptr);
}

TEST(LoadVendor, SaysWhereItLooked) {
  const FakeLayout layout;
  // No such version: the loader itself cannot find it anywhere.
  const std::string problem = load_vendor(9999, {layout.path("a"), layout.path("b")}).problem;
  EXPECT_TRUE(problem.find("libnvinfer.so.9999 was not found in " + layout.path("a").string() +
                           ", " + layout.path("b").string() + ", nor by the loader (") == 0);
  layout.put("nvinfer", "half/libnvinfer.so.9999");
  EXPECT_TRUE(load_vendor(9999, {layout.path("half")})
                  .problem.find("libnvonnxparser.so.9999 was not found in ") == 0);
}

TEST(LoadVendor, SaysWhatALibraryIsNot) {
  const FakeLayout layout;
  layout.put("parser", "wrong/libnvinfer.so.10");
  layout.put("parser", "wrong/libnvonnxparser.so.10");
  EXPECT_TRUE(load_vendor(10, {layout.path("wrong")}).problem.find("do not export ") !=
              std::string::npos);
  // Cut short, and never loaded before: a file that is mapped must not shrink.
  layout.put("nvinfer", "short/libnvinfer.so.10");
  fs::resize_file(layout.path("short/libnvinfer.so.10"), 100);
  EXPECT_TRUE(load_vendor(10, {layout.path("short")})
                  .problem.find("short/libnvinfer.so.10 cannot be loaded: ") != std::string::npos);
}

TEST(LoadVendor, TakesWhatALibraryNeedsFromPipsPackages) {
  const FakeLayout layout;
  layout.put("needy_nvinfer", "tensorrt_libs/libnvinfer.so.10");
  layout.put("parser", "tensorrt_libs/libnvonnxparser.so.10");
  const auto load = [&] { return load_vendor(10, {layout.path("tensorrt_libs")}); };
  EXPECT_TRUE(load().problem.find("libfake_cudart.so: cannot open shared object file") !=
              std::string::npos);
  layout.put("cudart", "nvidia/cuda_runtime/lib/libfake_cudart.so");
  const VendorLibraries vendor = load();
  ASSERT_EQ(vendor.problem, "");
  EXPECT_EQ(version_of(vendor), 101601);
}

}  // namespace
}  // namespace instseg::tensorrt
