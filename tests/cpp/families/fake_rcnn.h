#pragma once

#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "families/mask_rcnn.h"
#include "runtime/thread_pool.h"

namespace instseg::testing {

inline constexpr int kClasses = 3;
inline constexpr int kChannels = 2;
inline constexpr int kMaskSide = 14;

struct Tensor {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

inline Tensor filled(std::vector<std::int64_t> shape, float value) {
  const auto size = std::accumulate(shape.begin(), shape.end(), std::int64_t{1},
                                    [](std::int64_t a, std::int64_t b) { return a * b; });
  return {std::move(shape), std::vector<float>(static_cast<std::size_t>(size), value)};
}

// A network that is a function of its input.
class FakeSession final : public Session {
 public:
  using Compute = std::function<std::vector<Tensor>(const Tensor& input)>;
  explicit FakeSession(Compute compute) : compute_(std::move(compute)) {}

  std::span<float> input(std::size_t, std::span<const std::int64_t> shape) override {
    input_ = filled({shape.begin(), shape.end()}, 0);
    return input_.values;
  }
  void run() override {
    outputs_ = compute_(input_);
    ++runs;
  }
  TensorView output(std::size_t index) const override {
    return {outputs_[index].values.data(), outputs_[index].shape};
  }

  int runs = 0;

 private:
  Compute compute_;
  Tensor input_;
  std::vector<Tensor> outputs_;
};

inline TensorSpec tensor(const std::string& name, std::vector<std::int64_t> shape) {
  return {.name = name, .meaning = name, .dtype = "float32", .shape = std::move(shape)};
}

// Images are doubled. Two feature maps (stride 4 and 8); one proposal per map, where `logits` is
// greatest: an anchor of 40 x 40 (map 0) or 80 x 80 (map 1) around a cell.
inline NetworkFolder folder_of(int num_stages) {
  NetworkFolder folder;
  folder.path = "/models/test";
  folder.model_name = "Test R-CNN";
  folder.family = "mask_rcnn";
  folder.class_names = {"a", "b", "c"};
  folder.preprocess = {.height = 80, .width = 120, .keep_ratio = true};
  folder.preprocess.pad_stride = 32;
  RcnnSpec spec;
  spec.proposals = {.levels = {{{{-20, -20, 20, 20}}, 4, 4}, {{{-40, -40, 40, 40}}, 8, 8}},
                    .pre_nms_top_n = 1,
                    .nms_threshold = 0.7f};
  spec.levels = LevelSpec{.min_level = 0, .max_level = 1, .refer_level = 1, .refer_scale = 60};
  spec.box_pooling = {.height = 2, .width = 2, .spatial_scales = {0.25f, 0.125f}};
  spec.mask_pooling = {.height = 4, .width = 4, .spatial_scales = {0.25f, 0.125f}};
  spec.box_stages.assign(static_cast<std::size_t>(num_stages),
                         {.delta_factors = {1, 1, 1, 1}, .max_log_size = 4});
  spec.score_factor = 1.0f / static_cast<float>(num_stages);
  folder.postprocess.nms = {.score_threshold = 0.05f, .nms_threshold = 0.5f, .keep_top_k = 100};
  folder.postprocess.rcnn = spec;

  NetworkSpec main{.role = "main", .inputs = {tensor("image", {-1, 3, -1, -1})}};
  for (const char* level : {"0", "1"}) {
    const std::string suffix = level;
    main.outputs.push_back(tensor("features_" + suffix, {-1, -1, -1, kChannels}));
    main.outputs.push_back(tensor("rpn_logits_" + suffix, {-1, 1, -1, -1}));
    main.outputs.push_back(tensor("rpn_deltas_" + suffix, {-1, 4, -1, -1}));
  }
  folder.networks.push_back(main);
  for (int i = 1; i <= num_stages; ++i) {
    const std::int64_t deltas = num_stages == 1 ? 4 * kClasses : 4;
    folder.networks.push_back({.role = num_stages == 1 ? "box" : "box_" + std::to_string(i),
                               .inputs = {tensor("roi_features", {-1, 2, 2, kChannels})},
                               .outputs = {tensor("class_probabilities", {-1, kClasses + 1}),
                                           tensor("box_deltas", {-1, deltas})}});
  }
  folder.networks.push_back(
      {.role = "mask",
       .inputs = {tensor("roi_features", {-1, 4, 4, kChannels})},
       .outputs = {tensor("mask_logits", {-1, kClasses, kMaskSide, kMaskSide})}});
  return folder;
}

// Outputs of the main network for an image of 40 x 60, resized to 80 x 120 and padded to 96 x 128.
// The proposals' centres are at (40, 30) and (80, 40).
inline std::vector<Tensor> main_outputs() {
  std::vector<Tensor> outputs;
  for (const std::int64_t stride : {4, 8}) {
    const std::int64_t height = 96 / stride;
    const std::int64_t width = 128 / stride;
    outputs.push_back(filled({1, height, width, kChannels}, 0.5f));
    outputs.push_back(filled({1, 1, height, width}, -1));
    outputs.push_back(filled({1, 4, height, width}, 0));
    const std::int64_t cell = stride == 4 ? 8 * width + 10 : 5 * width + 10;
    outputs[outputs.size() - 2].values[static_cast<std::size_t>(cell)] = 3;
  }
  outputs[1].values[8 * 32 + 10] = 3;
  return outputs;
}

struct Case {
  explicit Case(int num_stages = 1)
      : folder(folder_of(num_stages)), family(make_mask_rcnn(folder)), main(main_outputs()) {
    for (int i = 0; i < num_stages; ++i) {
      boxes.push_back([num_stages](const Tensor& input) {
        const std::int64_t count = input.shape[0];
        Tensor probabilities = filled({count, kClasses + 1}, 0.01f);
        for (std::int64_t r = 0; r < count; ++r) {
          // Class 1 for the first proposal, class 2 for the second.
          probabilities.values[static_cast<std::size_t>(r * (kClasses + 1) + 1 + r)] =
              r == 0 ? 0.9f : 0.6f;
        }
        return std::vector<Tensor>{probabilities,
                                   filled({count, num_stages == 1 ? 4 * kClasses : 4}, 0)};
      });
    }
    mask = [](const Tensor& input) {
      return std::vector<Tensor>{filled({input.shape[0], kClasses, kMaskSide, kMaskSide}, 10.0f)};
    };
  }

  Result detect(const Selection& selection = {.threshold = 0.3f}, int threads = 1) {
    return detect_in(40, 60, *family->make_workspace(), selection, threads);
  }

  Result detect_in(int height, int width, FamilyWorkspace& workspace, const Selection& selection,
                   int threads = 1) {
    std::vector<std::unique_ptr<Session>> sessions;
    sessions.push_back(std::make_unique<FakeSession>([this](const Tensor&) { return main; }));
    sessions[0]->run();
    for (const FakeSession::Compute& box : boxes) {
      sessions.push_back(std::make_unique<FakeSession>(box));
    }
    sessions.push_back(std::make_unique<FakeSession>(mask));
    const ThreadPool pool(threads);
    Result result = family->detect(sessions, height, width, selection, pool, workspace);
    mask_runs = static_cast<FakeSession&>(*sessions.back()).runs;
    return result;
  }

  NetworkFolder folder;
  std::unique_ptr<const Family> family;
  std::vector<Tensor> main;
  std::vector<FakeSession::Compute> boxes;  // of each stage
  FakeSession::Compute mask;
  int mask_runs = 0;
};

}  // namespace instseg::testing
