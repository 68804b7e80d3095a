#include "runtime/network_runner.h"

#include <algorithm>

#include "engines/registry.h"
#include "instseg/errors.h"

namespace instseg {
namespace {

std::string described(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (const std::int64_t side : shape) {
    text += (text.size() > 1 ? ", " : "") + (side < 0 ? "any" : std::to_string(side));
  }
  return text + "]";
}

void check_input(const TensorSpec& expected, const TensorView& given) {
  const bool fits = std::equal(expected.shape.begin(), expected.shape.end(), given.shape.begin(),
                               given.shape.end(), [](std::int64_t side, std::int64_t actual) {
                                 return side < 0 ? actual > 0 : side == actual;
                               });
  if (fits) return;
  throw InvalidArgument("The input \"" + expected.meaning + "\" has the shape " +
                        described(given.shape) + "; expected is " + described(expected.shape) +
                        ".");
}

}  // namespace

NetworkRunner::NetworkRunner(const std::filesystem::path& folder, const Engine& engine,
                             const EngineOptions& options)
    : folder_(read_network_folder(folder)) {
  if (engine.runs_whole_programs()) {
    throw InvalidArgument("The engine \"" + engine.info().name +
                          "\" runs whole programs; their networks cannot be run on their own.");
  }
  check_engine_supports(engine.info(), options.device, options.precision);
  for (const NetworkSpec& network : folder_.networks) {
    networks_.push_back(engine.load(network, options));
    sessions_.push_back(networks_.back()->make_session());
  }
}

std::vector<std::string> NetworkRunner::roles() const {
  std::vector<std::string> roles;
  for (const NetworkSpec& network : folder_.networks) roles.push_back(network.role);
  return roles;
}

std::vector<NetworkOutput> NetworkRunner::run(const std::string& role,
                                              std::span<const TensorView> inputs) {
  const auto found = std::find_if(folder_.networks.begin(), folder_.networks.end(),
                                  [&](const NetworkSpec& network) { return network.role == role; });
  if (found == folder_.networks.end()) {
    std::string known;
    for (const std::string& each : roles()) known += (known.empty() ? "\"" : ", \"") + each + "\"";
    throw InvalidArgument("There is no network \"" + role + "\"; there are " + known + ".");
  }
  if (inputs.size() != found->inputs.size()) {
    throw InvalidArgument("The network \"" + role + "\" takes " +
                          std::to_string(found->inputs.size()) + " inputs, not " +
                          std::to_string(inputs.size()) + ".");
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) check_input(found->inputs[i], inputs[i]);
  Session& session = *sessions_[static_cast<std::size_t>(found - folder_.networks.begin())];
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::span<const float> values = inputs[i].values();
    std::copy(values.begin(), values.end(), session.input(i, inputs[i].shape).begin());
  }
  session.run();
  std::vector<NetworkOutput> outputs;
  for (std::size_t i = 0; i < found->outputs.size(); ++i) {
    const TensorView view = session.output(i);
    outputs.push_back({.meaning = found->outputs[i].meaning,
                       .shape = {view.shape.begin(), view.shape.end()},
                       .values = {view.values().begin(), view.values().end()}});
  }
  return outputs;
}

}  // namespace instseg
