#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engines/engine.h"
#include "network_folder/network_folder.h"

namespace instseg {

// An output of a network, copied.
struct NetworkOutput {
  std::string meaning;
  std::vector<std::int64_t> shape;
  std::vector<float> values;  // C order
};

// Runs the networks of a folder one by one on given tensors, without what is around them: so that
// two engines, or two precisions, can be compared value by value. One call at a time.
class NetworkRunner {
 public:
  // Throws ModelError, and InvalidArgument or EngineError for what the engine has not.
  NetworkRunner(const std::filesystem::path& folder, const Engine& engine,
                const EngineOptions& options);

  // Of the networks, in the folder's order: "main", ...
  std::vector<std::string> roles() const;

  // All outputs of one network. inputs: in the order of its description.
  // Throws InvalidArgument for an unknown role or other than its inputs, EngineError.
  std::vector<NetworkOutput> run(const std::string& role, std::span<const TensorView> inputs);

 private:
  NetworkFolder folder_;
  std::vector<std::unique_ptr<Network>> networks_;
  std::vector<std::unique_ptr<Session>> sessions_;
};

}  // namespace instseg
