#include "network_folder/network_folder.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <limits>
#include <system_error>

#include "instseg/errors.h"
#include "network_folder/json_object.h"
#include "network_folder/preprocess_json.h"

namespace instseg {
namespace {

namespace fs = std::filesystem;

constexpr const char* kManifest = "instseg.json";
constexpr std::string_view kFormat = "instseg-network-folder";
constexpr std::int64_t kVersion = 1;

constexpr std::uintmax_t kMaxManifestBytes = 16 << 20;
constexpr std::size_t kMaxClasses = 100'000;
constexpr std::size_t kMaxNetworks = 16;
constexpr std::size_t kMaxTensors = 64;
constexpr std::size_t kMaxRank = 9;
constexpr std::size_t kMaxFileNameBytes = 128;

constexpr std::array<std::string_view, 5> kDtypes = {"float32", "int32", "int64", "uint8", "bool"};
constexpr std::array<std::string_view, 2> kNmsDecays = {"gaussian", "linear"};

std::string read_manifest(const fs::path& folder) {
  const fs::path file = folder / kManifest;
  const std::string remedy =
      "; give a network folder, made from a model folder with `instseg import`";
  std::error_code error;
  const fs::file_status folder_status = fs::status(folder, error);
  if (!fs::exists(folder_status)) {
    throw ModelError("The network folder " + folder.string() + " does not exist" + remedy);
  }
  if (!fs::is_directory(folder_status)) {
    throw ModelError(folder.string() + " is no folder" + remedy);
  }
  if (!fs::is_regular_file(file, error)) {
    throw ModelError(folder.string() + " has no file " + kManifest + remedy);
  }
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    throw ModelError(file.string() + " cannot be read (" + std::strerror(errno) +
                     "); check its permissions");
  }
  // One byte more than allowed tells a file that is too large, whatever its size says.
  std::string text(std::min(fs::file_size(file, error), kMaxManifestBytes) + 1, '\0');
  if (error) text.assign(kMaxManifestBytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > kMaxManifestBytes) {
    throw ModelError(file.string() + " has more than " + std::to_string(kMaxManifestBytes) +
                     " bytes, which no network folder needs; import the model again with "
                     "`instseg import`");
  }
  return text;
}

bool is_plain_file_name(const std::string& name) {
  const auto alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return name.size() <= kMaxFileNameBytes && alphanumeric(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

TensorSpec read_tensor(const JsonObject& json) {
  return {.name = json.text("name"),
          .meaning = json.text("meaning"),
          .dtype = std::string(kDtypes[json.one_of("dtype", kDtypes)]),
          .shape = json.integers("shape", kMaxRank, -1, std::numeric_limits<std::int32_t>::max())};
}

std::vector<TensorSpec> read_tensors(const JsonObject& json, const char* key) {
  std::vector<TensorSpec> tensors;
  for (const JsonObject& entry : json.objects(key, kMaxTensors)) {
    TensorSpec tensor = read_tensor(entry);
    for (const TensorSpec& other : tensors) {
      if (other.name == tensor.name) entry.refuse("name", "a name that no other entry has");
    }
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

NetworkSpec read_network(const JsonObject& json, const fs::path& folder) {
  NetworkSpec network;
  network.role = json.text("role");
  const std::string name = json.text("file");
  if (!is_plain_file_name(name)) {
    json.refuse("file",
                "the plain name of a file in the folder (letters, digits, '.', '_', '-'; no path)");
  }
  network.file = folder / name;
  network.size_bytes = static_cast<std::uint64_t>(
      json.integer("size_bytes", 1, std::numeric_limits<std::int64_t>::max()));
  network.sha256 = json.sha256("sha256");
  network.inputs = read_tensors(json, "inputs");
  network.outputs = read_tensors(json, "outputs");

  std::error_code error;
  if (!fs::is_regular_file(network.file, error)) {
    throw ModelError(json.what() + ": the file '" + name + "' is missing in " + folder.string() +
                     "; import the model again with `instseg import`");
  }
  const std::uintmax_t size = fs::file_size(network.file, error);
  if (error || size != network.size_bytes) {
    throw ModelError(network.file.string() + " has " +
                     (error ? "an unknown number of" : std::to_string(size)) + " bytes, but " +
                     kManifest + " says " + std::to_string(network.size_bytes) +
                     "; the file is damaged or not complete: copy the folder again, or import the "
                     "model again with `instseg import`");
  }
  return network;
}

PostprocessSpec read_postprocess(const JsonObject& json) {
  const auto integer = [&](const char* key, int most) -> std::optional<int> {
    if (!json.has(key)) return std::nullopt;
    return static_cast<int>(json.integer(key, 1, most));
  };
  const auto number = [&](const char* key, double low, double high) -> std::optional<float> {
    if (!json.has(key)) return std::nullopt;
    return static_cast<float>(json.number(key, low, high));
  };
  PostprocessSpec spec;
  spec.top_k = integer("top_k", 1'000'000);
  spec.candidate_threshold = number("candidate_threshold", 0, 1);
  if (json.has("level_strides")) {
    for (const std::int64_t stride : json.integers("level_strides", kMaxTensors, 0, 1 << 24)) {
      spec.level_strides.push_back(static_cast<int>(stride));
    }
  }
  spec.pre_nms_top_k = integer("pre_nms_top_k", 10'000);
  if (json.has("nms_decay")) {
    spec.nms_decay = kNmsDecays[json.one_of("nms_decay", kNmsDecays)];
  }
  spec.nms_sigma = number("nms_sigma", 1e-6, 1e6);
  spec.decayed_threshold = number("decayed_threshold", 0, 1);
  spec.mask_upsampling = integer("mask_upsampling", 64);
  return spec;
}

}  // namespace

NetworkFolder read_network_folder(const fs::path& path) {
  const std::string what = (path / kManifest).string();
  const nlohmann::json content = parse_json(read_manifest(path), what);
  const JsonObject json(content, what);
  json.one_of("format", std::array{kFormat});
  if (json.integer("version", 1, std::numeric_limits<std::int64_t>::max()) != kVersion) {
    json.refuse("version", std::to_string(kVersion) + ", which this version of instseg reads");
  }

  NetworkFolder folder;
  folder.path = path;
  folder.model_name = json.text("model_name");
  folder.family = json.text("family");
  folder.class_names = json.texts("class_names", kMaxClasses);
  folder.preprocess = read_preprocess(json.object("preprocess"));
  const JsonObject thresholds = json.object("thresholds");
  folder.score_threshold = static_cast<float>(thresholds.number("score", 0, 1));
  folder.mask_threshold = static_cast<float>(thresholds.number("mask", 0, 1));
  folder.postprocess = read_postprocess(json.object("postprocess"));
  for (const JsonObject& entry : json.objects("networks", kMaxNetworks)) {
    NetworkSpec network = read_network(entry, path);
    for (const NetworkSpec& other : folder.networks) {
      if (other.role == network.role) entry.refuse("role", "a role that no other network has");
    }
    folder.networks.push_back(std::move(network));
  }
  return folder;
}

}  // namespace instseg
