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

// A file that `json` names, with its size and SHA-256.
struct NamedFile {
  fs::path path;
  std::uint64_t size_bytes = 0;
  std::string sha256;
};

NamedFile read_file(const JsonObject& json, const fs::path& folder) {
  const std::string name = json.text("file");
  if (!is_plain_file_name(name)) {
    json.refuse("file",
                "the plain name of a file in the folder (letters, digits, '.', '_', '-'; no path)");
  }
  const NamedFile file = {.path = folder / name,
                          .size_bytes = static_cast<std::uint64_t>(json.integer(
                              "size_bytes", 1, std::numeric_limits<std::int64_t>::max())),
                          .sha256 = json.sha256("sha256")};

  std::error_code error;
  if (!fs::is_regular_file(file.path, error)) {
    throw ModelError(json.what() + ": the file '" + name + "' is missing in " + folder.string() +
                     "; import the model again with `instseg import`");
  }
  const std::uintmax_t size = fs::file_size(file.path, error);
  if (error || size != file.size_bytes) {
    throw ModelError(file.path.string() + " has " +
                     (error ? "an unknown number of" : std::to_string(size)) + " bytes, but " +
                     kManifest + " says " + std::to_string(file.size_bytes) +
                     "; the file is damaged or not complete: copy the folder again, or import the "
                     "model again with `instseg import`");
  }
  return file;
}

// Everything but the role.
NetworkSpec read_tensors_and_file(const JsonObject& json, const fs::path& folder) {
  NamedFile file = read_file(json, folder);
  return {.file = std::move(file.path),
          .size_bytes = file.size_bytes,
          .sha256 = std::move(file.sha256),
          .inputs = read_tensors(json, "inputs"),
          .outputs = read_tensors(json, "outputs")};
}

NetworkSpec read_network(const JsonObject& json, const fs::path& folder) {
  std::string role = json.text("role");
  NetworkSpec network = read_tensors_and_file(json, folder);
  network.role = std::move(role);
  return network;
}

NetworkSpec read_program(const JsonObject& json, const fs::path& folder) {
  NetworkSpec program = read_tensors_and_file(json, folder);
  program.role = "program";
  program.parameters = read_file(json.object("parameters"), folder).path;
  return program;
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
  if (json.has("program")) folder.program = read_program(json.object("program"), path);
  return folder;
}

}  // namespace instseg
