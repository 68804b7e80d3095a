#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engines/tensorrt/adapter_api.h"

namespace instseg::tensorrt {

// The folder of the shared object (or program) that this code is in.
std::filesystem::path own_folder();

// Folders that may hold TensorRT's libraries, in the order in which they are searched; behind them
// comes the loader's own path (LD_LIBRARY_PATH, ldconfig), which has no folder here:
//   libs  INSTSEG_TENSORRT_LIBS: folders, separated by ":"
//         the `tensorrt` wheel's, beside the package that `own` is, or is in: tensorrt_libs, for
//         8.6.0 tensorrt
//   root  TENSORRT_ROOT: unpacked archives of TensorRT, separated by ":" or ";"; in each lib,
//   lib64,
//         lib/x86_64-linux-gnu and targets/x86_64-linux-gnu/lib
std::vector<std::filesystem::path> vendor_folders(const std::filesystem::path& own,
                                                  const std::string& libs, const std::string& root);

// The same with the environment's variables.
std::vector<std::filesystem::path> vendor_folders();

// TensorRT's libraries of one major version, loaded for the rest of the process.
struct VendorLibraries {
  VendorFunctions functions;
  std::string problem;  // what was tried and failed; empty where all were found
};

// libnvinfer.so.<major> and libnvonnxparser.so.<major>, and libnvinfer_plugin.so.<major> where it
// is there. A library that they need and the loader does not find (CUDA's, cuDNN's) is taken from
// pip's packages beside the folder (../nvidia/*/lib).
VendorLibraries load_vendor(int major, const std::vector<std::filesystem::path>& folders);

}  // namespace instseg::tensorrt
