#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "temporary_folder.h"

namespace instseg::testing {

// What the network file of a TestNetworkFolder holds.
inline const std::string kNetworkFile = "not a network, but of the right size";

// A correct instseg.json of the Mask-RT-DETR family: 16 queries, 3 classes, 3 prototypes.
nlohmann::json good_manifest();

// A network folder with this manifest and a file "network.onnx".
class TestNetworkFolder {
 public:
  explicit TestNetworkFolder(const nlohmann::json& manifest = good_manifest());
  const std::filesystem::path& path() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

}  // namespace instseg::testing
