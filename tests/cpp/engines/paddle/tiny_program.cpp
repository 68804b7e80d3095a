#include "tiny_program.h"

#include <cstring>
#include <nlohmann/json.hpp>
#include <vector>

namespace instseg::testing {
namespace {

using nlohmann::json;

constexpr int kWeight = 1;  // numbers of values
constexpr int kImage = 2;
constexpr int kScale = 3;

json value(int number, const char* type, const std::vector<int>& shape) {
  return {{"%", number},
          {"TT",
           {{"#", "0.t_dtensor"},
            {"D", {json{{"#", std::string("0.") + type}}, shape, "NCHW", json::array(), 0}}}}};
}

json attribute(const char* name, const char* type, const json& content) {
  return {{"N", name}, {"AT", {{"#", type}, {"D", content}}}};
}

json operation(const char* name, const json& attributes, const std::vector<int>& inputs,
               const json& output) {
  json operands = json::array();
  for (const int input : inputs) operands.push_back({{"%", input}});
  return {{"#", std::string("1.") + name},
          {"A", attributes},
          {"I", operands},
          {"O", json::array({output})},
          {"OA", json::array()}};
}

json feed(const char* name, int number, const std::vector<int>& shape) {
  return operation(
      "data",
      {attribute("name", "0.a_str", name), attribute("shape", "1.a_intarray", shape),
       attribute("dtype", "1.a_dtype", "float32"), attribute("place", "1.a_place", {0, 0, ""})},
      {}, value(number, "t_f32", shape));
}

json fetch(int column, int input, int number, const char* type, const std::vector<int>& shape) {
  json op = operation("fetch",
                      {attribute("name", "0.a_str", "any_name_" + std::to_string(column)),
                       attribute("col", "0.a_i32", column)},
                      {input}, value(number, type, shape));
  op["OA"].push_back(
      attribute("persistable", "0.a_array", json::array({{{"#", "0.a_bool"}, {"D", true}}})));
  return op;
}

std::string program() {
  const std::vector<int> image = {-1, 3, -1, -1};
  const std::vector<int> pair = {-1, 2};
  const json ops = {
      {{"#", "p"},
       {"A", {0, 1, 1, "weight"}},
       {"DA", json::array()},
       {"O", value(kWeight, "t_f32", {1})},
       {"OA", {1, 0, 1}},
       {"QA", json::array()}},
      feed("scale_factor", kScale, pair),
      feed("image", kImage, image),
      operation("multiply", json::array(), {kImage, kWeight}, value(4, "t_f32", image)),
      operation("cast", json::array({attribute("dtype", "1.a_dtype", "int32")}), {4},
                value(5, "t_i32", image)),
      operation("multiply", json::array(), {kScale, kWeight}, value(6, "t_f32", pair)),
      fetch(0, 4, 7, "t_f32", image),
      fetch(1, 5, 8, "t_i32", image),
      fetch(2, 6, 9, "t_f32", pair)};
  const json block = {{"#", "block_0"}, {"args", json::array()}, {"ops", ops}};
  const json region = {{"#", "region_0"}, {"blocks", json::array({block})}};
  return json{{"base_code", {{"magic", "pir"}, {"trainable", true}, {"version", 4}}},
              {"program", {{"regions", json::array({region})}}}}
      .dump();
}

// One float32 tensor [1]: versions and LoD (zeros), the size of a description (float32, shape [1])
// as a protobuf message, that message, the value.
std::string parameters(float weight) {
  std::string bytes(16, '\0');
  bytes += std::string("\x04\0\0\0\x08\x05\x10\x01", 8);
  bytes.resize(bytes.size() + sizeof weight);
  std::memcpy(bytes.data() + bytes.size() - sizeof weight, &weight, sizeof weight);
  return bytes;
}

TensorSpec tensor(const char* name, const char* dtype, std::vector<std::int64_t> shape) {
  return {.name = name, .meaning = name, .dtype = dtype, .shape = std::move(shape)};
}

}  // namespace

TinyProgram::TinyProgram(float weight) {
  folder.write("inference.json", program());
  folder.write("inference.pdiparams", parameters(weight));
  spec = {
      .role = "program",
      .file = folder.path() / "inference.json",
      .parameters = folder.path() / "inference.pdiparams",
      .inputs = {tensor("image", "float32", {-1, 3, -1, -1}),  // not in the program's order
                 tensor("scale_factor", "float32", {-1, 2})},
      .outputs = {tensor("product", "float32", {-1, 3, -1, -1}),
                  tensor("whole", "int32", {-1, 3, -1, -1}), tensor("total", "float32", {-1, 2})}};
}

}  // namespace instseg::testing
