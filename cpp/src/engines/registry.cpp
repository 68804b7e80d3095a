#include "engines/registry.h"

#include <algorithm>
#include <array>

#include "engines/openvino/openvino_engine.h"
#include "engines/paddle/paddle_engine.h"
#include "engines/tensorrt/tensorrt_engine.h"
#include "instseg/errors.h"

namespace instseg {
namespace {

struct Row {
  const char* name;
  std::unique_ptr<Engine> (*make)();
};

// Every engine, in the order in which "auto" tries them. An engine that this build lacks is here
// too; its info() says why.
constexpr std::array<Row, 3> kEngines = {{
    {"openvino", make_openvino_engine},
    {"tensorrt", make_tensorrt_engine},
    {"paddle_inference", make_paddle_engine},
}};

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "\"" : ", \"") + name + "\"";
  return text;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void check_available(const EngineInfo& engine) {
  if (!engine.available) {
    throw EngineError("The engine \"" + engine.name + "\" is not available: " + engine.remedy);
  }
}

}  // namespace

std::vector<EngineInfo> engines() {
  std::vector<EngineInfo> all;
  for (const Row& row : kEngines) all.push_back(row.make()->info());
  return all;
}

void check_engine_supports(const EngineInfo& engine, const std::string& device,
                           const std::string& precision) {
  if (!contains(engine.devices, device)) {
    throw InvalidArgument("The device \"" + device + "\" is unknown to the engine \"" +
                          engine.name + "\"; it has " + listed(engine.devices) + ".");
  }
  if (!contains(engine.precisions, precision)) {
    throw InvalidArgument("The precision \"" + precision + "\" is not available: the engine \"" +
                          engine.name + "\" has " + listed(engine.precisions) +
                          " on this machine.");
  }
}

std::unique_ptr<Engine> make_engine(const std::string& name, const std::string& device,
                                    const std::string& precision) {
  std::vector<std::string> names = {"auto"};
  std::vector<std::string> devices;
  std::string missing;
  for (const Row& row : kEngines) {
    names.emplace_back(row.name);
    if (name != "auto" && name != row.name) continue;
    std::unique_ptr<Engine> engine = row.make();
    const EngineInfo info = engine->info();
    if (name != "auto") {
      check_available(info);
      check_engine_supports(info, device, precision);
      return engine;
    }
    if (!info.available) {
      missing += "\n" + info.name + ": " + info.remedy;
    } else if (!contains(info.devices, device)) {
      devices.insert(devices.end(), info.devices.begin(), info.devices.end());
    } else {
      check_engine_supports(info, device, precision);
      return engine;
    }
  }
  if (name != "auto") {
    throw InvalidArgument("The engine \"" + name + "\" is unknown; there are " + listed(names) +
                          ".");
  }
  if (devices.empty()) throw EngineError("No engine is available:" + missing);
  throw InvalidArgument("No available engine has the device \"" + device + "\"; there are " +
                        listed(devices) + "." + missing);
}

}  // namespace instseg
