#include "engines/tensorrt/library_search.h"

#include <dlfcn.h>

#include <cstdlib>
#include <optional>
#include <system_error>

namespace instseg::tensorrt {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> split(const std::string& text, const char* separators) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find_first_of(separators, begin), text.size());
    if (end > begin) parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

// "libcudart.so.12: cannot open shared object file: ..." -> "libcudart.so.12"
std::optional<std::string> missing_dependency(const std::string& error, const fs::path& opened) {
  const std::size_t end = error.find(": cannot open shared object file");
  if (end == std::string::npos) return std::nullopt;
  const std::string name = error.substr(0, end);
  if (name.find('/') != std::string::npos || name == opened.filename()) return std::nullopt;
  return name;
}

// Whether `name` was loaded from pip's packages of NVIDIA beside `folder`.
bool load_from_pip(const std::string& name, const fs::path& folder) {
  std::error_code ignored;
  for (const fs::directory_entry& package :
       fs::directory_iterator(folder.parent_path() / "nvidia", ignored)) {
    const fs::path file = package.path() / "lib" / name;
    if (fs::exists(file, ignored) && dlopen(file.c_str(), RTLD_NOW | RTLD_GLOBAL) != nullptr) {
      return true;
    }
  }
  return false;
}

// Null with the loader's text in `error`.
void* open(const fs::path& file, std::string& error) {
  constexpr int kMostDependencies = 32;
  for (int i = 0; i < kMostDependencies; ++i) {
    if (void* const library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
    const char* const text = dlerror();
    error = text != nullptr ? text : "unknown error";
    const auto missing = missing_dependency(error, file);
    if (!missing || !file.has_parent_path() || !load_from_pip(*missing, file.parent_path())) break;
  }
  return nullptr;
}

// The library in the first folder that has the file; by its bare name where none has.
void* find(const std::string& name, const std::vector<fs::path>& folders, std::string& problem) {
  std::error_code ignored;
  std::string error;
  for (const fs::path& folder : folders) {
    if (!fs::exists(folder / name, ignored)) continue;
    if (void* const library = open(folder / name, error)) return library;
    problem = (folder / name).string() + " cannot be loaded: " + error;
    return nullptr;
  }
  if (void* const library = open(name, error)) return library;
  problem = name + " was not found in ";
  for (const fs::path& folder : folders) problem += folder.string() + ", ";
  problem += "nor by the loader (" + error + ")";
  return nullptr;
}

}  // namespace

fs::path own_folder() {
  Dl_info info = {};
  static const char here = 0;
  if (dladdr(&here, &info) == 0 || info.dli_fname == nullptr) return fs::current_path();
  return fs::absolute(info.dli_fname).parent_path();
}

std::vector<fs::path> vendor_folders(const fs::path& own, const std::string& libs,
                                     const std::string& root) {
  std::vector<fs::path> folders;
  for (const std::string& folder : split(libs, ":")) folders.emplace_back(folder);
  for (const fs::path& packages : {own.parent_path(), own.parent_path().parent_path()}) {
    folders.push_back(packages / "tensorrt_libs");
    folders.push_back(packages / "tensorrt");
  }
  for (const std::string& each : split(root, ":;")) {
    for (const char* lib :
         {"lib", "lib64", "lib/x86_64-linux-gnu", "targets/x86_64-linux-gnu/lib"}) {
      folders.push_back(fs::path(each) / lib);
    }
  }
  return folders;
}

std::vector<fs::path> vendor_folders() {
  return vendor_folders(own_folder(), variable("INSTSEG_TENSORRT_LIBS"), variable("TENSORRT_ROOT"));
}

VendorLibraries load_vendor(int major, const std::vector<fs::path>& folders) {
  const std::string ending = ".so." + std::to_string(major);
  VendorLibraries found;
  VendorFunctions& functions = found.functions;
  void* const inference = find("libnvinfer" + ending, folders, found.problem);
  if (inference == nullptr) return found;
  // Before the parser, which needs it in TensorRT 8.
  std::string no_plugins;
  void* const plugins = find("libnvinfer_plugin" + ending, folders, no_plugins);
  void* const parser = find("libnvonnxparser" + ending, folders, found.problem);
  if (parser == nullptr) return found;

  const auto function = [&](void* library, const char* name) {
    void* const address = dlsym(library, name);
    if (address == nullptr) {
      found.problem = "TensorRT " + std::to_string(major) + "'s libraries do not export " + name;
    }
    return address;
  };
  functions.createInferBuilder_INTERNAL = function(inference, "createInferBuilder_INTERNAL");
  functions.createInferRuntime_INTERNAL = function(inference, "createInferRuntime_INTERNAL");
  functions.getInferLibVersion = function(inference, "getInferLibVersion");
  functions.createNvOnnxParser_INTERNAL = function(parser, "createNvOnnxParser_INTERNAL");
  if (plugins != nullptr) functions.initLibNvInferPlugins = dlsym(plugins, "initLibNvInferPlugins");
  return found;
}

}  // namespace instseg::tensorrt
