#include "engines/openvino/kept_in_fp32.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <openvino/openvino.hpp>
#include <openvino/opsets/opset13.hpp>
#include <openvino/pass/constant_folding.hpp>
#include <openvino/pass/manager.hpp>
#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

namespace ov {

// Of libopenvino, which declares it in no public header: the node is not converted from one type to
// another; dynamic = any. Several nodes of OpenVINO's own transformations are kept so.
OPENVINO_API void disable_conversion(const std::shared_ptr<Node>& node, const element::Type& from,
                                     const element::Type& to);

}  // namespace ov

// bfloat16 has 8 bits: steps of 1/256 just below 1. What that breaks, measured on the trained
// Mask-RT-DETR of the tests, each layer fed with float32's tensors, in parts of the largest
// magnitude (tests/e2e/test_bf16.py):
//
//   first convolutions   rounding x / 255 loses differences of neighbouring pixels: 4.3e-2 behind
//                        the first ones, with them in float32 0.7e-2
//   sampling positions   -1 to 1 in steps of 1/256 are 0.16 features apart at stride 8, where
//                        features change steeply: decoder layers are 2.4e-2 and 1.9e-2 apart, with
//                        float32 1.5e-2 and 0.7e-2
//
// All other layers are at most 1.2e-2 apart. Networks without such layers keep none.
namespace instseg {
namespace {

using Nodes = std::vector<std::shared_ptr<ov::Node>>;
using NodeSet = std::unordered_set<const ov::Node*>;

constexpr int kFirstConvolutions = 2;

bool is_convolution(const ov::Node& node) {
  return ov::is_type_any_of<ov::opset13::Convolution, ov::opset13::GroupConvolution>(&node);
}

// Operators that the plugin computes in the type the mark asks for. It fails to compile networks in
// which some others have it, those that compute sizes among them.
bool can_be_kept(const ov::Node& node) {
  using namespace ov::opset13;
  return is_convolution(node) ||
         ov::is_type_any_of<Add, Clamp, Concat, Convert, Divide, Gather, GridSample, Log, Maximum,
                            MaxPool, Minimum, Multiply, ReduceMax, Relu, Reshape, Sigmoid, Subtract,
                            Transpose, VariadicSplit>(&node);
}

Nodes makers(const ov::Node& node) {
  Nodes found;
  for (const ov::Output<ov::Node>& value : node.input_values()) {
    found.push_back(value.get_node_shared_ptr());
  }
  return found;
}

// The first convolutions behind the image, with everything that lies between and that follows up to
// the next ones.
Nodes first_convolutions(const ov::Model& model, const std::string& image) {
  NodeSet reached;
  Nodes found;
  int convolutions = 0;
  for (const std::shared_ptr<ov::Node>& node : model.get_ordered_ops()) {
    if (ov::is_type<ov::opset13::Parameter>(node)) {
      if (node->output(0).get_names().count(image) != 0) reached.insert(node.get());
      continue;
    }
    bool from_image = false;
    bool from_elsewhere = false;
    for (const std::shared_ptr<ov::Node>& maker : makers(*node)) {
      if (ov::is_type<ov::opset13::Constant>(maker)) continue;
      (reached.count(maker.get()) != 0 ? from_image : from_elsewhere) = true;
    }
    if (!from_image || from_elsewhere || ov::is_type<ov::opset13::Result>(node)) continue;
    if (is_convolution(*node) && ++convolutions > kFirstConvolutions) continue;
    reached.insert(node.get());
    found.push_back(node);
  }
  return found;
}

// Where the positions of a sampling begin: at products and their biases, and at what was chosen,
// compared or counted.
bool begins_positions(const ov::Node& node) {
  using namespace ov::opset13;
  if (is_convolution(node) || !node.get_output_element_type(0).is_real() ||
      ov::is_type_any_of<Constant, MatMul, Parameter, Select, TopK>(&node)) {
    return true;
  }
  const Nodes read = makers(node);
  return ov::is_type<Add>(&node) && std::any_of(read.begin(), read.end(), [](const auto& maker) {
           return ov::is_type<MatMul>(maker);
         });
}

// Every GridSample, and the positions it reads back to the products they are made from.
Nodes samplings(const ov::Model& model) {
  Nodes found;
  Nodes pending;
  NodeSet seen;
  for (const std::shared_ptr<ov::Node>& node : model.get_ordered_ops()) {
    if (!ov::is_type<ov::opset13::GridSample>(node)) continue;
    found.push_back(node);
    pending.push_back(node->get_input_node_shared_ptr(1));
  }
  while (!pending.empty()) {
    const std::shared_ptr<ov::Node> node = std::move(pending.back());
    pending.pop_back();
    if (begins_positions(*node) || !seen.insert(node.get()).second) continue;
    found.push_back(node);
    for (std::shared_ptr<ov::Node>& maker : makers(*node)) pending.push_back(std::move(maker));
  }
  return found;
}

// The one number of a constant; none where it is anything else.
std::optional<std::int64_t> number(const ov::Output<ov::Node>& value) {
  const auto constant = ov::as_type_ptr<ov::opset13::Constant>(value.get_node_shared_ptr());
  if (!constant || ov::shape_size(constant->get_shape()) != 1) return std::nullopt;
  return constant->cast_vector<std::int64_t>()[0];
}

std::shared_ptr<ov::Node> constant_numbers(const std::vector<std::int64_t>& numbers) {
  return ov::opset13::Constant::create(ov::element::i64, {numbers.size()}, numbers);
}

// Squeeze and Unsqueeze as Reshape, a Slice along one axis as Gather: the plugin would make other
// operators of them, which do not have the mark. Null for other nodes, and where sizes are open.
std::shared_ptr<ov::Node> replacement(const ov::Node& node) {
  using namespace ov::opset13;
  if (node.get_input_partial_shape(0).is_dynamic() ||
      node.get_output_partial_shape(0).is_dynamic()) {
    return nullptr;
  }
  const ov::Shape& shape = node.get_output_shape(0);
  if (ov::is_type_any_of<Squeeze, Unsqueeze>(&node)) {
    return std::make_shared<Reshape>(node.input_value(0),
                                     constant_numbers({shape.begin(), shape.end()}), false);
  }
  if (!ov::is_type<ov::op::v8::Slice>(&node) || node.get_input_size() != 5) return nullptr;
  const auto start = number(node.input_value(1));
  const auto step = number(node.input_value(3));
  const auto axis = number(node.input_value(4));
  if (!start || !step || !axis) return nullptr;
  const auto rank = static_cast<std::int64_t>(shape.size());
  const auto dimension = static_cast<std::size_t>(*axis < 0 ? *axis + rank : *axis);
  const auto side = static_cast<std::int64_t>(node.get_input_shape(0)[dimension]);
  std::vector<std::int64_t> places(shape[dimension]);
  std::int64_t place = *start < 0 ? *start + side : *start;
  for (std::int64_t& each : places) each = std::exchange(place, place + *step);
  return std::make_shared<Gather>(node.input_value(0), constant_numbers(places),
                                  Constant::create(ov::element::i64, {}, {*axis}));
}

void keep(std::shared_ptr<ov::Node> node) {
  if (const std::shared_ptr<ov::Node> other = replacement(*node)) {
    other->set_friendly_name(node->get_friendly_name());
    ov::replace_node(node, other);
    node = other;
  }
  if (can_be_kept(*node)) ov::disable_conversion(node, ov::element::dynamic, ov::element::dynamic);
}

}  // namespace

void keep_in_fp32(const std::shared_ptr<ov::Model>& model, const std::string& image) {
  // Sizes, among them where slices begin, become numbers.
  ov::pass::Manager manager;
  manager.register_pass<ov::pass::ConstantFolding>();
  manager.run_passes(model);
  for (const std::shared_ptr<ov::Node>& node : first_convolutions(*model, image)) keep(node);
  for (const std::shared_ptr<ov::Node>& node : samplings(*model)) keep(node);
}

}  // namespace instseg
