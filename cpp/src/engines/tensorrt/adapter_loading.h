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

// Whether `folder` holds an adapter of any version.
bool has_adapter(const std::filesystem::path& folder);

// The adapter in `folder` (libinstseg_tensorrt<major>.so) of the newest version whose libraries are
// found in `vendor_folders` or by the loader. What is loaded stays for the rest of the process.
FoundAdapter find_adapter(const std::filesystem::path& folder,
                          const std::vector<std::filesystem::path>& vendor_folders);

}  // namespace instseg::tensorrt
