#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engines/tensorrt/adapter_api.h"

namespace instseg::tensorrt {

// The major versions that adapters exist for, newest first.
inline constexpr int kMajors[] = {11, 10, 8};

struct FoundAdapter {
  std::shared_ptr<Adapter> adapter;  // null where there is none
  std::string problem;               // then: what is missing, where it was looked for, what to do
};

// Where adapters may lie: beside the shared object that this code is in (libinstseg.so in
// instseg/lib), and in lib/ beside it (the Python module in instseg).
std::vector<std::filesystem::path> adapter_folders();

// Whether one of the folders holds an adapter of any version.
bool has_adapter(const std::vector<std::filesystem::path>& folders);

// The adapter (libinstseg_tensorrt<major>.so in the first folder that has it) of the newest version
// whose libraries are found in `vendor_folders` or by the loader. What is loaded stays for the rest
// of the process.
FoundAdapter find_adapter(const std::vector<std::filesystem::path>& folders,
                          const std::vector<std::filesystem::path>& vendor_folders);

}  // namespace instseg::tensorrt
