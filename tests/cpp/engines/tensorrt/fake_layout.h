#pragma once

#include <filesystem>
#include <string>

#include "temporary_folder.h"

namespace instseg::testing {

// A folder of packages as pip makes it: instseg/lib, tensorrt_libs and so on, filled with copies of
// the fake libraries.
class FakeLayout {
 public:
  std::filesystem::path path(const std::string& name) const { return folder_.path() / name; }

  // Puts the fake library `fake` ("nvinfer" for libfake_nvinfer.so) at `place`.
  void put(const std::string& fake, const std::string& place) const {
    std::filesystem::create_directories(path(place).parent_path());
    std::filesystem::copy_file(
        std::filesystem::path(INSTSEG_FAKE_LIBRARIES) / ("libfake_" + fake + ".so"), path(place));
  }

  // TensorRT 10's two libraries in this folder.
  void put_tensorrt(const std::string& folder) const {
    put("nvinfer", folder + "/libnvinfer.so.10");
    put("parser", folder + "/libnvonnxparser.so.10");
  }

 private:
  TemporaryFolder folder_;
};

}  // namespace instseg::testing
