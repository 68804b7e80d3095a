#include "engines/tensorrt/adapter_loading.h"

#include <dlfcn.h>

#include <system_error>

#include "engines/tensorrt/library_search.h"

namespace instseg::tensorrt {
namespace {

namespace fs = std::filesystem;

fs::path adapter_file(const fs::path& folder, int major) {
  return folder / ("libinstseg_tensorrt" + std::to_string(major) + ".so");
}

// Null with the reason in `problem`.
Adapter* load_adapter(const fs::path& file, const VendorFunctions& vendor, std::string& problem) {
  void* const library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    problem = "the adapter " + file.string() + " cannot be loaded: " + dlerror();
    return nullptr;
  }
  const auto entry = reinterpret_cast<AdapterEntry>(dlsym(library, kAdapterEntry));
  Adapter* const adapter = entry != nullptr ? entry(kAdapterAbi, vendor) : nullptr;
  if (adapter == nullptr) {
    problem = "the adapter " + file.string() +
              " comes from another build of this library; build and install both together";
  }
  return adapter;
}

}  // namespace

bool has_adapter(const fs::path& folder) {
  std::error_code ignored;
  for (const int major : kMajors) {
    if (fs::exists(adapter_file(folder, major), ignored)) return true;
  }
  return false;
}

FoundAdapter find_adapter(const fs::path& folder, const std::vector<fs::path>& vendor_folders) {
  if (!has_adapter(folder)) {
    return {.problem =
                "this library was built without an adapter for TensorRT (no "
                "libinstseg_tensorrt*.so in " +
                folder.string() +
                "); build it with TENSORRT_ROOT=<unpacked TensorRT> pip install . "
                "(docs/tensorrt-build.md)"};
  }
  std::string problems;
  std::error_code ignored;
  for (const int major : kMajors) {
    const fs::path file = adapter_file(folder, major);
    if (!fs::exists(file, ignored)) continue;
    const VendorLibraries vendor = load_vendor(major, vendor_folders);
    std::string problem = vendor.problem;
    if (problem.empty()) {
      if (Adapter* const adapter = load_adapter(file, vendor.functions, problem)) {
        return {.adapter = std::shared_ptr<Adapter>(adapter)};
      }
    }
    problems += (problems.empty() ? "" : "; ") + problem;
  }
  return {.problem = problems +
                     "; install TensorRT with pip install 'instseg[tensorrt]', or name its folder "
                     "in TENSORRT_ROOT or INSTSEG_TENSORRT_LIBS"};
}

}  // namespace instseg::tensorrt
