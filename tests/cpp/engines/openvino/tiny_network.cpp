#include "tiny_network.h"

#include <cstdint>
#include <cstring>

namespace instseg::testing {
namespace {

// Fields of a protobuf message (protobuf.dev, "Encoding"); numbers are those of onnx.proto.
std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 128; value >>= 7) bytes.push_back(static_cast<char>(value | 128));
  bytes.push_back(static_cast<char>(value));
  return bytes;
}

std::string number(int field, std::uint64_t value) {
  return varint(static_cast<std::uint64_t>(field) << 3) + varint(value);
}

std::string bytes(int field, const std::string& content) {
  return varint(static_cast<std::uint64_t>(field) << 3 | 2) + varint(content.size()) + content;
}

constexpr std::uint64_t kFloat = 1;  // TensorProto.DataType

std::string initializer(const std::string& name, const std::vector<std::uint64_t>& dims,
                        const std::vector<float>& values) {
  std::string message;
  for (const std::uint64_t dim : dims) message += number(1, dim);
  std::string raw(values.size() * sizeof(float), '\0');
  std::memcpy(raw.data(), values.data(), raw.size());
  return message + number(2, kFloat) + bytes(8, name) + bytes(9, raw);
}

std::string value_info(const std::string& name) {
  std::string shape;
  for (const char* side : {"N", "3", "H", "W"}) {
    shape += bytes(1, *side == '3' ? number(1, 3) : bytes(2, side));
  }
  return bytes(1, name) + bytes(2, bytes(1, number(1, kFloat) + bytes(2, shape)));
}

std::string node(const char* op, const std::vector<std::string>& inputs,
                 const std::string& output) {
  std::string message;
  for (const std::string& input : inputs) message += bytes(1, input);
  return message + bytes(2, output) + bytes(4, op);
}

}  // namespace

std::string tiny_onnx(int num_weights, float first_weight) {
  const auto count = static_cast<std::uint64_t>(num_weights);
  std::vector<float> weights(3 * count, 2);
  weights[0] = first_weight;
  const std::string graph = bytes(1, node("Mul", {"image", "weights"}, "product")) +
                            bytes(1, node("Add", {"product", "one"}, "scaled")) +
                            bytes(1, node("Sqrt", {"scaled"}, "root")) + bytes(2, "tiny") +
                            bytes(5, initializer("weights", {1, 3, 1, count}, weights)) +
                            bytes(5, initializer("one", {1}, {1})) +
                            bytes(11, value_info("image")) + bytes(12, value_info("scaled")) +
                            bytes(12, value_info("root"));
  return number(1, 8) + bytes(7, graph) + bytes(8, bytes(1, "") + number(2, 13));
}

TinyNetwork::TinyNetwork(const std::string& content) {
  folder.write("network.onnx", content);
  const std::vector<std::int64_t> shape = {-1, 3, -1, -1};
  const auto tensor = [&](const char* name) {
    return TensorSpec{.name = name, .meaning = name, .dtype = "float32", .shape = shape};
  };
  spec = {.role = "main",
          .file = folder.path() / "network.onnx",
          .size_bytes = content.size(),
          .sha256 = std::string(64, '0'),
          .inputs = {tensor("image")},
          .outputs = {tensor("root"), tensor("scaled")}};  // not in the file's order
}

}  // namespace instseg::testing
