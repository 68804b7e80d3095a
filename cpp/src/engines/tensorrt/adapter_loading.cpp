#include "engines/tensorrt/adapter_loading.h"

#include <dlfcn.h>

#include <algorithm>
#include <iterator>
#include <system_error>

#include "engines/tensorrt/library_search.h"

namespace instseg::tensorrt {
namespace {

namespace fs = std::filesystem;

// Empty where no folder has one.
fs::path adapter_file(const std::vector<fs::path>& folders, int major) {
  std::error_code ignored;
  for (const fs::path& folder : folders) {
    const fs::path file = folder / ("libinstseg_tensorrt" + std::to_string(major) + ".so");
    if (fs::exists(file, ignored)) return file;
  }
  return {};
}

std::string listed(const std::vector<fs::path>& folders) {
  std::string text;
  for (const fs::path& folder : folders) text += (text.empty() ? "" : ", ") + folder.string();
  return text;
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
    return nullptr;
  }
  if (const std::string why = adapter->problem(); !why.empty()) {
    problem = "the adapter " + file.string() + " cannot be used: " + why;
    delete adapter;
    return nullptr;
  }
  return adapter;
}

}  // namespace

std::vector<fs::path> adapter_folders() {
  const fs::path own = own_folder();
  return {own, own / "lib"};
}

bool has_adapter(const std::vector<fs::path>& folders) {
  return std::any_of(std::begin(kMajors), std::end(kMajors),
                     [&](int major) { return !adapter_file(folders, major).empty(); });
}

FoundAdapter find_adapter(const std::vector<fs::path>& folders,
                          const std::vector<fs::path>& vendor_folders) {
  if (!has_adapter(folders)) {
    return {.problem =
                "this library was built without an adapter for TensorRT (no "
                "libinstseg_tensorrt*.so in " +
                listed(folders) +
                "); build it with TENSORRT_ROOT=<unpacked TensorRT> pip install . "
                "(docs/tensorrt-build.md)"};
  }
  std::string problems;
  for (const int major : kMajors) {
    const fs::path file = adapter_file(folders, major);
    if (file.empty()) continue;
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
