#include "network_folder/network_folder.h"

#include <sys/stat.h>

#include <filesystem>
#include <functional>
#include <string>

#include "instseg/errors.h"
#include "manifest.h"
#include "testing.h"

namespace instseg {
namespace {

using nlohmann::json;
using testing::good_manifest;
using testing::kNetworkFile;
using testing::TemporaryFolder;
using testing::TestNetworkFolder;

NetworkFolder read(const json& manifest) {
  const TestNetworkFolder folder(manifest);
  return read_network_folder(folder.path());
}

json changed(const std::string& pointer, const json& value) {
  json manifest = good_manifest();
  manifest[json::json_pointer(pointer)] = value;
  return manifest;
}

TEST(NetworkFolder, IsReadCompletely) {
  json manifest = good_manifest();
  manifest["thresholds"] = {{"score", 0.25}, {"mask", 0.75}};
  manifest["some key of a later version"] = {{"is", "ignored"}};
  const TestNetworkFolder written(manifest);
  const NetworkFolder folder = read_network_folder(written.path());
  EXPECT_TRUE(folder.path == written.path());
  EXPECT_EQ(folder.model_name, "Tiny");
  EXPECT_EQ(folder.family, "mask_rtdetr");
  EXPECT_TRUE((folder.class_names == std::vector<std::string>{"red", "green", "blue"}));
  EXPECT_EQ(folder.score_threshold, 0.25f);
  EXPECT_EQ(folder.mask_threshold, 0.75f);
  EXPECT_EQ(folder.preprocess.height, 64);
  EXPECT_TRUE(folder.preprocess.interpolation == Interpolation::kBicubic);
  EXPECT_TRUE(folder.postprocess.top_k == 20);
  ASSERT_EQ(folder.networks.size(), 1u);
  const NetworkSpec& network = folder.networks[0];
  EXPECT_EQ(network.role, "detector");
  EXPECT_TRUE(network.file == written.path() / "network.onnx");
  EXPECT_EQ(network.size_bytes, kNetworkFile.size());
  EXPECT_EQ(network.sha256, std::string(64, 'a'));
  ASSERT_EQ(network.inputs.size(), 1u);
  EXPECT_EQ(network.inputs[0].name, "image");
  EXPECT_EQ(network.inputs[0].dtype, "float32");
  EXPECT_TRUE((network.inputs[0].shape == std::vector<std::int64_t>{-1, 3, 64, 64}));
  ASSERT_EQ(network.outputs.size(), 4u);
  EXPECT_EQ(network.outputs[3].name, "prototypes");
  EXPECT_EQ(network.outputs[3].meaning, "mask_prototypes");
}

TEST(NetworkFolder, MayLeaveOutFamilyNumbers) {
  json manifest = good_manifest();
  manifest["postprocess"] = json::object();
  EXPECT_TRUE(!read(manifest).postprocess.top_k.has_value());
}

// good_manifest() with a program, and the folder that it describes.
struct ProgramFolder {
  json manifest = good_manifest();
  TemporaryFolder folder;

  ProgramFolder() {
    json& program = manifest["program"];
    program = manifest["networks"][0];
    program.erase("role");
    program["file"] = "inference.json";
    program["parameters"] = {
        {"file", "inference.pdiparams"}, {"size_bytes", 3}, {"sha256", std::string(64, 'b')}};
    folder.write("network.onnx", kNetworkFile);
    folder.write("inference.json", kNetworkFile);
    folder.write("inference.pdiparams", "abc");
  }
  NetworkFolder read() const {
    folder.write("instseg.json", manifest.dump());
    return read_network_folder(folder.path());
  }
};

TEST(NetworkFolder, MayHoldTheWholeProgram) {
  EXPECT_TRUE(!read(good_manifest()).program.has_value());
  const ProgramFolder written;
  const NetworkFolder folder = written.read();
  EXPECT_EQ(folder.networks.size(), 1u);
  ASSERT_TRUE(folder.program.has_value());
  EXPECT_EQ(folder.program->role, "program");
  EXPECT_TRUE(folder.program->file == written.folder.path() / "inference.json");
  EXPECT_TRUE(folder.program->parameters == written.folder.path() / "inference.pdiparams");
  EXPECT_EQ(folder.program->outputs.size(), 4u);
}

TEST(NetworkFolder, ChecksTheProgramsFiles) {
  for (const char* key : {"file", "size_bytes", "sha256", "inputs", "outputs", "parameters"}) {
    ProgramFolder folder;
    folder.manifest["program"].erase(key);
    EXPECT_THROWS(ModelError, std::string("program: '") + key + "' is missing", folder.read());
  }
  for (const char* key : {"file", "size_bytes", "sha256"}) {
    ProgramFolder folder;
    folder.manifest["program"]["parameters"].erase(key);
    EXPECT_THROWS(ModelError, std::string("parameters: '") + key + "' is missing", folder.read());
  }
  ProgramFolder other_size;
  other_size.manifest["program"]["parameters"]["size_bytes"] = 4;
  EXPECT_THROWS(ModelError, "has 3 bytes, but instseg.json says 4", other_size.read());
  ProgramFolder elsewhere;
  elsewhere.manifest["program"]["parameters"]["file"] = "../inference.pdiparams";
  EXPECT_THROWS(ModelError, "no path", elsewhere.read());
  ProgramFolder gone;
  std::filesystem::remove(gone.folder.path() / "inference.json");
  EXPECT_THROWS(ModelError, "the file 'inference.json' is missing in", gone.read());
}

// Every key, taken away.
TEST(NetworkFolder, NamesEachMissingKey) {
  const json manifest = good_manifest();
  int keys = 0;
  const std::function<void(const std::string&, const json&)> visit = [&](const std::string& at,
                                                                         const json& value) {
    if (value.is_array()) {
      for (std::size_t i = 0; i < value.size(); ++i) visit(at + "/" + std::to_string(i), value[i]);
    }
    if (!value.is_object()) return;
    for (const auto& [key, inner] : value.items()) {
      visit(at + "/" + key, inner);
      if (at == "/postprocess") continue;  // a family decides whether it needs them
      json without = manifest;
      without[json::json_pointer(at)].erase(key);
      EXPECT_THROWS(ModelError, "'" + key + "' is missing; import the model again", read(without));
      ++keys;
    }
  };
  visit("", manifest);
  EXPECT_TRUE(keys > 40);
}

// Every value, replaced by one of each other type.
TEST(NetworkFolder, NamesEachValueOfAWrongType) {
  const json manifest = good_manifest();
  const json others[] = {
      json(), true, "a text", -7.5, json::array({json::object()}), json::object(), json::array()};
  int values = 0;
  const std::function<void(const std::string&, const json&)> visit = [&](const std::string& at,
                                                                         const json& value) {
    const bool leaf = !value.is_structured();
    for (const auto& [key, inner] : value.items()) {
      if (!leaf) visit(at + "/" + key, inner);
    }
    for (const json& other : others) {
      if (other.type() == value.type() && !other.empty() && !other.is_number()) continue;
      if (other.is_number() && value.is_number() && at.find("/mean/") != std::string::npos)
        continue;
      // No number of the family is asked for here.
      if (at == "/postprocess" && other.is_object()) continue;
      // Empty shapes are those of single numbers.
      if (at.ends_with("/shape") && other == json::array()) continue;
      if (at.empty() && other.is_object()) continue;
      json wrong = manifest;
      wrong[json::json_pointer(at)] = other;
      if (!EXPECT_THROWS(ModelError, "instseg.json", read(wrong))) {
        testing::fail(__FILE__, __LINE__, at + " = " + other.dump());
      }
      ++values;
    }
  };
  visit("", manifest);
  EXPECT_TRUE(values > 400);
}

TEST(NetworkFolder, NamesEachValueOutOfRange) {
  const struct {
    const char* pointer;
    const char* value;
    const char* part;
  } cases[] = {
      {"/format", "\"another-format\"", "'format' is \"another-format\", expected \"instseg-netw"},
      {"/version", "0", "'version' is 0"},
      {"/version", "2", "'version' is 2, expected 1, which this version of instseg reads"},
      {"/version", "9223372036854775807", "expected 1, which"},
      {"/class_names", "[]", "'class_names' is []"},
      {"/class_names/1", "\"\"", "class_names[1] is \"\""},
      {"/preprocess/resize/height", "0", "'height' is 0"},
      {"/preprocess/resize/width", "16385", "'width' is 16385"},
      {"/preprocess/pad_stride", "0", "'pad_stride' is 0"},
      {"/preprocess/scale", "0", "'scale' is 0"},
      {"/preprocess/std/2", "0", "'std' is"},
      {"/thresholds/score", "-0.01", "'score' is -0.01, expected a number, 0 to 1"},
      {"/thresholds/score", "1.01", "'score' is 1.01"},
      {"/thresholds/mask", "2", "'mask' is 2"},
      {"/postprocess/top_k", "0", "'top_k' is 0"},
      {"/postprocess/top_k", "1000001", "'top_k' is 1000001"},
      {"/networks", "[]", "'networks' is []"},
      {"/networks/0/role", "\"\"", "'role' is \"\""},
      {"/networks/0/size_bytes", "0", "'size_bytes' is 0"},
      {"/networks/0/size_bytes", "-1", "'size_bytes' is -1"},
      {"/networks/0/sha256", "\"abc\"", "'sha256' is \"abc\""},
      {"/networks/0/inputs", "[]", "'inputs' is []"},
      {"/networks/0/outputs/1/name", "\"boxes\"", "a name that no other entry has"},
      {"/networks/0/outputs/1/dtype", "\"float64\"", "'dtype' is \"float64\""},
      {"/networks/0/outputs/1/shape/0", "-2", "'shape' is"},
      {"/networks/0/outputs/1/shape/0", "2147483648", "'shape' is"},
      {"/networks/0/outputs/1/shape", "[1,1,1,1,1,1,1,1,1,1]", "a list of 0 to 9 entries"},
  };
  for (const auto& [pointer, value, part] : cases) {
    EXPECT_THROWS(ModelError, part, read(changed(pointer, json::parse(value))));
  }
  EXPECT_THROWS(ModelError, "a list of 100001 entries",
                read(changed("/class_names", std::vector<std::string>(100'001, "a"))));
  json twice = good_manifest();
  twice["networks"].push_back(twice["networks"][0]);
  EXPECT_THROWS(ModelError, "a role that no other network has", read(twice));
  json many = good_manifest();
  many["networks"] = std::vector<json>(17, many["networks"][0]);
  EXPECT_THROWS(ModelError, "a list of 1 to 16 entries", read(many));
  many = good_manifest();
  many["networks"][0]["outputs"] = std::vector<json>(65, many["networks"][0]["outputs"][0]);
  EXPECT_THROWS(ModelError, "a list of 1 to 64 entries", read(many));
}

TEST(NetworkFolder, ReadsFilesOfTheFolderOnly) {
  for (const char* name :
       {"../network.onnx", "/etc/passwd", "a/network.onnx", ".", "..", ".hidden", "-x", "a b",
        "network.onnx\n", "C:network.onnx", "a\\b", "n\xc3\xa4me.onnx"}) {
    EXPECT_THROWS(ModelError, "the plain name of a file in the folder",
                  read(changed("/networks/0/file", name)));
  }
  EXPECT_THROWS(ModelError, "plain name", read(changed("/networks/0/file", std::string(129, 'a'))));
  // A null byte would cut the name short.
  EXPECT_THROWS(ModelError, "plain name",
                read(changed("/networks/0/file", std::string("network.onnx\0x", 14))));
  EXPECT_THROWS(ModelError, "the file 'other.onnx' is missing in",
                read(changed("/networks/0/file", "other.onnx")));
}

TEST(NetworkFolder, RefusesAFileOfAnotherSizeOrKind) {
  const std::string size = std::to_string(kNetworkFile.size());
  EXPECT_THROWS(ModelError,
                "has " + size + " bytes, but instseg.json says 999; the file is damaged",
                read(changed("/networks/0/size_bytes", 999)));
  const TemporaryFolder folder;
  folder.write("instseg.json", good_manifest().dump());
  std::filesystem::create_directory(folder.path() / "network.onnx");
  EXPECT_THROWS(ModelError, "'network.onnx' is missing", read_network_folder(folder.path()));
  std::filesystem::remove(folder.path() / "network.onnx");
  std::filesystem::create_symlink("nowhere", folder.path() / "network.onnx");
  EXPECT_THROWS(ModelError, "'network.onnx' is missing", read_network_folder(folder.path()));
}

TEST(NetworkFolder, NamesAFolderThatIsNone) {
  const TemporaryFolder folder;
  EXPECT_THROWS(ModelError, "does not exist; give a network folder",
                read_network_folder(folder.path() / "nowhere"));
  EXPECT_THROWS(ModelError, "does not exist", read_network_folder(""));
  EXPECT_THROWS(ModelError, "has no file instseg.json", read_network_folder(folder.path()));
  folder.write("file", "");
  EXPECT_THROWS(ModelError, "is no folder", read_network_folder(folder.path() / "file"));
  std::filesystem::create_directory(folder.path() / "instseg.json");
  EXPECT_THROWS(ModelError, "has no file instseg.json", read_network_folder(folder.path()));
}

TEST(NetworkFolder, NeverWaitsForAPipe) {
  const TemporaryFolder folder;
  ASSERT_EQ(mkfifo((folder.path() / "instseg.json").c_str(), 0600), 0);
  EXPECT_THROWS(ModelError, "has no file instseg.json", read_network_folder(folder.path()));
}

TEST(NetworkFolder, RefusesAManifestThatIsDamaged) {
  const std::string good = good_manifest().dump();
  const TemporaryFolder folder;
  folder.write("network.onnx", kNetworkFile);
  for (std::size_t length = 0; length < good.size(); length += 97) {
    folder.write("instseg.json", good.substr(0, length));
    EXPECT_THROWS(ModelError, "is no valid JSON", read_network_folder(folder.path()));
  }
  folder.write("instseg.json", "\x89PNG\r\n" + std::string(100, '\0'));
  EXPECT_THROWS(ModelError, "is no valid JSON", read_network_folder(folder.path()));
  folder.write("instseg.json", "[]");
  EXPECT_THROWS(ModelError, "expected an object", read_network_folder(folder.path()));
}

TEST(NetworkFolder, RefusesAGiganticManifest) {
  const TemporaryFolder folder;
  folder.write("network.onnx", kNetworkFile);
  folder.write("instseg.json", good_manifest().dump());
  const auto file = folder.path() / "instseg.json";
  std::filesystem::resize_file(file, (16 << 20) + 1);
  EXPECT_THROWS(ModelError, "more than 16777216 bytes", read_network_folder(folder.path()));
  // A sparse file of a terabyte is refused without reading it.
  std::error_code no_room;
  std::filesystem::resize_file(file, std::uintmax_t{1} << 40, no_room);
  if (!no_room) {
    EXPECT_THROWS(ModelError, "more than 16777216 bytes", read_network_folder(folder.path()));
  }
}

// Single bytes changed at random: whatever comes, a ModelError or a folder, never anything else.
TEST(NetworkFolder, SurvivesRandomDamage) {
  testing::Random random(31);
  const std::string good = good_manifest().dump();
  const TemporaryFolder folder;
  folder.write("network.onnx", kNetworkFile);
  int refused = 0;
  for (int i = 0; i < 1500; ++i) {
    std::string text = good;
    for (int k = random.integer(1, 3); k > 0; --k) {
      text[static_cast<std::size_t>(random.integer(0, static_cast<int>(text.size()) - 1))] =
          static_cast<char>(random.integer(0, 255));
    }
    folder.write("instseg.json", text);
    try {
      read_network_folder(folder.path());
    } catch (const ModelError&) {
      ++refused;
    }
  }
  EXPECT_TRUE(refused > 750);
}

}  // namespace
}  // namespace instseg
