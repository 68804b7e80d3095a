#include "engines/openvino/kept_in_fp32.h"

#include <memory>
#include <openvino/openvino.hpp>
#include <openvino/opsets/opset13.hpp>
#include <set>
#include <string>
#include <vector>

#include "testing.h"

namespace instseg {
namespace {

using namespace ov::opset13;
using Value = ov::Output<ov::Node>;

template <typename Operator, typename... Arguments>
Value made(const std::string& name, Arguments&&... arguments) {
  const auto node = std::make_shared<Operator>(std::forward<Arguments>(arguments)...);
  node->set_friendly_name(name);
  return node;
}

std::shared_ptr<Parameter> input(const std::string& name, const ov::Shape& shape) {
  const auto parameter = std::make_shared<Parameter>(ov::element::f32, shape);
  parameter->set_friendly_name(name);
  parameter->output(0).set_names({name});
  return parameter;
}

Value numbers(const std::vector<std::int64_t>& values) {
  return Constant::create(ov::element::i64, {values.size()}, values);
}

Value weights(const ov::Shape& shape, unsigned seed) {
  testing::Random random(seed);
  std::vector<float> values(ov::shape_size(shape));
  for (float& value : values) value = random.real(-1, 1);
  return Constant::create(ov::element::f32, shape, values);
}

Value convolution(const std::string& name, const Value& values, unsigned seed) {
  return made<Convolution>(name, values, weights({3, 3, 3, 3}, seed), ov::Strides{1, 1},
                           ov::CoordinateDiff{1, 1}, ov::CoordinateDiff{1, 1}, ov::Strides{1, 1});
}

std::set<std::string> kept(const ov::Model& model) {
  std::set<std::string> names;
  for (const auto& node : model.get_ops()) {
    for (const auto& [key, value] : node->get_rt_info()) {
      if (key.find("DisablePrecisionConversion") != std::string::npos) {
        names.insert(node->get_friendly_name());
      }
    }
  }
  return names;
}

// The first output, in float32.
std::vector<float> computed(const std::shared_ptr<ov::Model>& model) {
  ov::Core core;
  ov::InferRequest request =
      core.compile_model(model, "CPU", ov::hint::inference_precision(ov::element::f32))
          .create_infer_request();
  unsigned seed = 1;
  for (const auto& port : model->inputs()) {
    ov::Tensor tensor(ov::element::f32, port.get_shape());
    testing::Random random(seed++);
    for (std::size_t i = 0; i < tensor.get_size(); ++i)
      tensor.data<float>()[i] = random.real(-1, 1);
    request.set_tensor(port, tensor);
  }
  request.infer();
  const ov::Tensor out = request.get_output_tensor(0);
  return {out.data<float>(), out.data<float>() + out.get_size()};
}

TEST(KeptInFp32, TheFirstTwoConvolutionsAndWhatLiesBetween) {
  const auto image = input("image", {1, 3, 8, 8});
  const auto other = input("other", {1, 3, 8, 8});
  const Value first = made<Relu>("first relu", convolution("first", image, 1));
  const Value aside = convolution("of another input", other, 2);
  const Value second = made<Relu>("second relu", convolution("second", first, 3));
  const Value mixed = made<Add>("with another input", second, aside);
  const Value third = made<Relu>("third relu", convolution("third", mixed, 4));
  const Value fourth = convolution("fourth", second, 5);
  const auto model = std::make_shared<ov::Model>(ov::OutputVector{third, fourth},
                                                 ov::ParameterVector{image, other});
  keep_in_fp32(model, "image");
  EXPECT_TRUE(
      (kept(*model) == std::set<std::string>{"first", "first relu", "second", "second relu"}));
}

TEST(KeptInFp32, NothingWhereThereIsNoImage) {
  const auto regions = input("roi_features", {2, 3, 8, 8});
  const auto model = std::make_shared<ov::Model>(ov::OutputVector{convolution("first", regions, 1)},
                                                 ov::ParameterVector{regions});
  keep_in_fp32(model, "");
  EXPECT_TRUE(kept(*model).empty());
}

// offsets [1, 6, 4] are a product; positions = its columns 1 and 2, scaled.
std::shared_ptr<ov::Model> sampling(const std::vector<std::int64_t>& begin,
                                    const std::vector<std::int64_t>& end, std::int64_t step) {
  const auto features = input("features", {1, 2, 9, 9});
  const auto queries = input("queries", {1, 6, 5});
  const Value product = made<MatMul>("product", queries, weights({5, 4}, 6));
  const Value bias = made<Add>("bias", product, weights({4}, 7));
  // The step comes from a size, as exporters write it.
  const Value steps = made<Broadcast>("steps", Constant::create(ov::element::i64, {}, {step}),
                                      made<ShapeOf>("size", numbers(begin)));
  const Value columns =
      made<ov::op::v8::Slice>("columns", bias, numbers(begin), numbers(end), steps, numbers({-1}));
  const Value scaled =
      made<Multiply>("scaled", columns, Constant::create(ov::element::f32, {}, {0.5f}));
  const Value grid = made<Unsqueeze>("grid", scaled, numbers({1}));
  const Value flat =
      made<Squeeze>("flat", made<Unsqueeze>("unflat", grid, numbers({0})), numbers({0}));
  const Value sampled = made<GridSample>("sampled", features, flat, GridSample::Attributes{});
  const Value after = made<Relu>("after", sampled);
  return std::make_shared<ov::Model>(ov::OutputVector{after},
                                     ov::ParameterVector{features, queries});
}

TEST(KeptInFp32, SamplingPositionsBackToTheirProduct) {
  const auto model = sampling({1}, {3}, 1);
  keep_in_fp32(model, "image");
  EXPECT_TRUE((kept(*model) ==
               std::set<std::string>{"columns", "flat", "grid", "sampled", "scaled", "unflat"}));
}

TEST(KeptInFp32, WhatIsPutInPlaceComputesTheSame) {
  const struct {
    std::vector<std::int64_t> begin, end;
    std::int64_t step;
  } slices[] = {{{1}, {3}, 1}, {{0}, {2}, 1}, {{-2}, {9}, 1}, {{3}, {0}, -2}, {{0}, {4}, 2}};
  for (const auto& slice : slices) {
    const auto model = sampling(slice.begin, slice.end, slice.step);
    const std::vector<float> expected = computed(model);
    keep_in_fp32(model, "image");
    for (const auto& node : model->get_ops()) {
      EXPECT_TRUE(!ov::is_type<ov::op::v8::Slice>(node) && !ov::is_type<Squeeze>(node) &&
                  !ov::is_type<Unsqueeze>(node));
    }
    EXPECT_TRUE(computed(model) == expected);
  }
}

}  // namespace
}  // namespace instseg
