#include "families/solov2.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "families/finite_check.h"
#include "families/instance_selection.h"
#include "families/mask_drawing.h"
#include "families/network_tensors.h"
#include "families/solov2_candidates.h"
#include "instseg/errors.h"
#include "postprocess/three_tap_kernels.h"
#include "postprocess/twice_resized_mask.h"

namespace instseg {
namespace {

// A candidate that survived NMS.
struct Kept {
  std::uint32_t candidate = 0;  // in Solov2Candidates
  float score = 0;              // decayed
};

class Workspace final : public FamilyWorkspace {
 public:
  Solov2Candidates candidates;
  MatrixNmsWorkspace nms;
  std::vector<float> decays;
  std::vector<Kept> kept;
  DynamicWeights weights;  // of the kept masks
  DynamicConvolutionWorkspace convolution;
  std::vector<float> low_resolution;  // [masks drawn at a time, stride]
  TwiceResizedGeometry geometry;
  std::vector<TwiceResizedMaskWorkspace> drawing;  // one per thread
  std::vector<Mask> masks;
};

void check_levels(const Solov2Outputs& outputs, const std::string& model) {
  for (std::size_t i = 0; i < outputs.levels.size(); ++i) {
    const Solov2Level& level = outputs.levels[i];
    const std::size_t cells =
        static_cast<std::size_t>(level.height) * static_cast<std::size_t>(level.width);
    check_finite({level.scores, cells * static_cast<std::size_t>(outputs.num_classes)},
                 ("category_scores_" + std::to_string(i)).c_str(), model);
    check_finite(
        {level.weights, cells * static_cast<std::size_t>(outputs.mask_features.num_channels)},
        ("kernels_" + std::to_string(i)).c_str(), model);
  }
}

[[noreturn]] void refuse_features(const MaskFeatures& features, const std::string& model) {
  check_finite(
      {features.values, static_cast<std::size_t>(features.num_channels) * features.num_pixels()},
      "mask_features", model);
  throw EngineError(model + " gave mask features that changed while they were read");
}

// Matrix NMS among the candidates; fills workspace.kept, best first.
void select(const Solov2Spec& spec, const Selection& selection, const ThreadPool& pool,
            Workspace& workspace) {
  const Solov2Candidates& candidates = workspace.candidates;
  const std::span<const std::uint32_t> order = candidates.ranking();
  workspace.decays.resize(order.size());
  matrix_nms(candidates.foreground(), candidates.areas(), candidates.class_ids(), order, spec.nms,
             pool, workspace.nms, workspace.decays);
  workspace.kept.clear();
  for (std::size_t i = 0; i < order.size(); ++i) {
    const float score = candidates.scores()[order[i]] * workspace.decays[i];
    if (score >= spec.decayed_threshold) workspace.kept.push_back({order[i], score});
  }
  std::stable_sort(workspace.kept.begin(), workspace.kept.end(),
                   [](const Kept& a, const Kept& b) { return a.score > b.score; });
  if (workspace.kept.size() > static_cast<std::size_t>(spec.top_k)) {
    workspace.kept.resize(static_cast<std::size_t>(spec.top_k));
  }
  std::erase_if(workspace.kept, [&](const Kept& kept) {
    return kept.score < selection.threshold ||
           !wanted(candidates.class_ids()[kept.candidate], selection);
  });
}

// Convolves the masks of `kept` again; logits [kept, stride].
void convolve(const Solov2Outputs& outputs, std::span<const Kept> kept, const std::string& model,
              const ThreadPool& pool, Workspace& workspace, std::size_t stride) {
  const MaskFeatures& features = outputs.mask_features;
  workspace.weights.resize(static_cast<int>(kept.size()), features.num_channels);
  for (std::size_t i = 0; i < kept.size(); ++i) {
    workspace.candidates.set_weights(outputs, kept[i].candidate, static_cast<int>(i),
                                     workspace.weights);
  }
  if (!mask_logits(features, workspace.weights, pool, workspace.convolution,
                   workspace.low_resolution.data(), stride)) {
    refuse_features(features, model);
  }
}

// Draws the masks of `kept` into workspace.masks, on all threads.
void draw(const Solov2Outputs& outputs, const Solov2Spec& spec, std::span<const Kept> kept,
          const std::string& model, const ThreadPool& pool, Workspace& workspace) {
  const std::size_t num_pixels = outputs.mask_features.num_pixels();
  const std::size_t stride = num_pixels + kMaxThreeTapOverread;
  if (workspace.low_resolution.size() < kept.size() * stride) {
    workspace.low_resolution.resize(kept.size() * stride);
  }
  const bool again = workspace.candidates.logits(kept[0].candidate) == nullptr;
  if (again) convolve(outputs, kept, model, pool, workspace, stride);
  workspace.masks.resize(kept.size());
  draw_in_parallel(
      kept.size(), pool, workspace.drawing, [&](std::size_t i, TwiceResizedMaskWorkspace& scratch) {
        float* const values = workspace.low_resolution.data() + i * stride;
        if (!again) {
          std::copy_n(workspace.candidates.logits(kept[i].candidate), num_pixels, values);
        }
        logits_to_probabilities({values, num_pixels});
        std::fill_n(values + num_pixels, kMaxThreeTapOverread, 0.0f);
        workspace.masks[i] =
            render_twice_resized_mask(values, workspace.geometry, spec.mask_threshold, scratch);
      });
}

// The width that masks are resized to. In float32, as the program computes it.
int resized_width(const NetworkSize& network_size, int image_height, int image_width,
                  const Solov2Spec& spec) {
  if (!spec.width_by_height_factor) return image_width;
  const auto factor = static_cast<float>(static_cast<double>(network_size.height) / image_height);
  const float width = std::floor(static_cast<float>(network_size.width) / factor + 0.5f);
  const auto expected = static_cast<float>(image_width);
  const bool near = std::abs(width - expected) * 100 <= expected;
  return near ? std::max(static_cast<int>(width), 1) : image_width;
}

void assign_geometry(const Solov2Outputs& outputs, const Solov2Spec& spec,
                     const NetworkSize& network_size, int image_height, int image_width,
                     TwiceResizedGeometry& geometry) {
  const MaskFeatures& features = outputs.mask_features;
  const int width = resized_width(network_size, image_height, image_width, spec);
  geometry.image_height = image_height;
  geometry.image_width = image_width;
  geometry.rows.assign(features.height, spec.mask_upsampling, network_size.height, image_height,
                       image_height);
  geometry.columns.assign(features.width, spec.mask_upsampling, network_size.width, width,
                          std::min(width, image_width));
}

Box box_of(const Region& region) {
  return {.x1 = static_cast<float>(region.x),
          .y1 = static_cast<float>(region.y),
          .x2 = static_cast<float>(region.x + region.width),
          .y2 = static_cast<float>(region.y + region.height)};
}

// Draws the kept instances, best first, until there are as many with a mask as are wanted.
void add_instances(const Solov2Outputs& outputs, const Solov2Spec& spec, const Selection& selection,
                   const std::string& model, const ThreadPool& pool, Workspace& workspace,
                   Result& result) {
  const std::size_t most = selection.max_detections > 0
                               ? static_cast<std::size_t>(selection.max_detections)
                               : workspace.kept.size();
  for (std::size_t done = 0; done < workspace.kept.size() && result.size() < most;) {
    const std::size_t count = std::min(most - result.size(), workspace.kept.size() - done);
    const std::span<const Kept> kept = std::span(workspace.kept).subspan(done, count);
    draw(outputs, spec, kept, model, pool, workspace);
    for (std::size_t i = 0; i < count; ++i) {
      const Region& region = workspace.masks[i].region();
      if (region.width == 0) continue;
      result.boxes.push_back(box_of(region));
      result.scores.push_back(kept[i].score);
      result.class_ids.push_back(workspace.candidates.class_ids()[kept[i].candidate]);
      result.masks.push_back(std::move(workspace.masks[i]));
    }
    done += count;
  }
}

template <typename Number>
Number number(const NetworkFolder& folder, const std::optional<Number>& value, const char* key) {
  if (!value) refuse(folder, std::string("postprocess: '") + key + "' is missing");
  return *value;
}

Solov2Spec read_spec(const NetworkFolder& folder) {
  const PostprocessSpec& postprocess = folder.postprocess;
  Solov2Spec spec;
  spec.candidate_threshold = number(folder, postprocess.candidate_threshold, "candidate_threshold");
  spec.level_strides = postprocess.level_strides;
  if (spec.level_strides.empty()) refuse(folder, "postprocess: 'level_strides' is missing");
  spec.pre_nms_top_k = number(folder, postprocess.pre_nms_top_k, "pre_nms_top_k");
  if (number(folder, postprocess.nms_decay, "nms_decay") == "gaussian") {
    spec.nms.decay = NmsDecay::kGaussian;
    spec.nms.sigma = number(folder, postprocess.nms_sigma, "nms_sigma");
  } else {
    spec.nms.decay = NmsDecay::kLinear;
  }
  spec.decayed_threshold = number(folder, postprocess.decayed_threshold, "decayed_threshold");
  spec.top_k = number(folder, postprocess.top_k, "top_k");
  spec.mask_upsampling = number(folder, postprocess.mask_upsampling, "mask_upsampling");
  spec.width_by_height_factor =
      number(folder, postprocess.width_by_height_factor, "width_by_height_factor");
  spec.mask_threshold = folder.mask_threshold;
  return spec;
}

class Solov2 final : public Family {
 public:
  explicit Solov2(const NetworkFolder& folder)
      : model_(folder.model_name), preprocess_(folder.preprocess), spec_(read_spec(folder)) {
    const NetworkSpec& network = only_network(folder);
    expect_image_input(folder, network);
    num_classes_ = static_cast<std::int64_t>(folder.class_names.size());
    mask_features_ = find_output(folder, network, "mask_features");
    num_channels_ = expect_shape(folder, network, mask_features_, {kBatch, kAny, kAny, kAny})[1];
    for (std::size_t i = 0; i < spec_.level_strides.size(); ++i) {
      const std::string level = std::to_string(i);
      scores_.push_back(find_output(folder, network, ("category_scores_" + level).c_str()));
      weights_.push_back(find_output(folder, network, ("kernels_" + level).c_str()));
      expect_shape(folder, network, scores_[i], {kBatch, kAny, kAny, num_classes_});
      expect_shape(folder, network, weights_[i], {kBatch, num_channels_, kAny, kAny});
    }
  }

  std::unique_ptr<FamilyWorkspace> make_workspace() const override {
    return make_solov2_workspace();
  }

  Result detect(std::span<const std::unique_ptr<Session>> sessions, int image_height,
                int image_width, const Selection& selection, const ThreadPool& pool,
                FamilyWorkspace& workspace) const override {
    const Session& session = *sessions[0];
    const TensorView features =
        output_of_shape(session, mask_features_, {1, num_channels_, kAny, kAny}, model_);
    std::vector<Solov2Level> levels;
    for (std::size_t i = 0; i < scores_.size(); ++i) {
      const TensorView scores =
          output_of_shape(session, scores_[i], {1, kAny, kAny, num_classes_}, model_);
      const TensorView weights = output_of_shape(
          session, weights_[i], {1, features.shape[1], scores.shape[1], scores.shape[2]}, model_);
      levels.push_back({.height = static_cast<int>(scores.shape[1]),
                        .width = static_cast<int>(scores.shape[2]),
                        .scores = scores.data,
                        .weights = weights.data});
    }
    const Solov2Outputs outputs = {
        .num_classes = static_cast<int>(num_classes_),
        .levels = levels,
        .mask_features = {.values = features.data,
                          .num_channels = static_cast<int>(features.shape[1]),
                          .height = static_cast<int>(features.shape[2]),
                          .width = static_cast<int>(features.shape[3])}};
    return detect_solov2(outputs, spec_, network_size(preprocess_, image_height, image_width),
                         image_height, image_width, selection, model_, pool, workspace);
  }

 private:
  std::string model_;
  PreprocessSpec preprocess_;
  Solov2Spec spec_;
  std::int64_t num_classes_ = 0;
  std::int64_t num_channels_ = 0;
  OutputTensor mask_features_;
  std::vector<OutputTensor> scores_;
  std::vector<OutputTensor> weights_;
};

}  // namespace

std::unique_ptr<FamilyWorkspace> make_solov2_workspace() { return std::make_unique<Workspace>(); }

Result detect_solov2(const Solov2Outputs& outputs, const Solov2Spec& spec,
                     const NetworkSize& network_size, int image_height, int image_width,
                     const Selection& selection, const std::string& model, const ThreadPool& pool,
                     FamilyWorkspace& workspace) {
  auto& own_workspace = static_cast<Workspace&>(workspace);
  Result result;
  result.image_height = image_height;
  result.image_width = image_width;
  const MaskFeatures& features = outputs.mask_features;
  if (network_size.height > std::int64_t{features.height} * spec.mask_upsampling ||
      network_size.width > std::int64_t{features.width} * spec.mask_upsampling) {
    throw EngineError(model + " gave mask features of " + std::to_string(features.height) + " x " +
                      std::to_string(features.width) + " for an input of " +
                      std::to_string(network_size.height) + " x " +
                      std::to_string(network_size.width) + "; expected at least a " +
                      std::to_string(spec.mask_upsampling) +
                      "th of it: import the model again with `instseg import`");
  }
  check_levels(outputs, model);
  if (!own_workspace.candidates.collect(outputs, spec, selection, pool)) {
    refuse_features(features, model);
  }
  select(spec, selection, pool, own_workspace);
  if (own_workspace.kept.empty()) return result;
  assign_geometry(outputs, spec, network_size, image_height, image_width, own_workspace.geometry);
  add_instances(outputs, spec, selection, model, pool, own_workspace, result);
  return result;
}

std::unique_ptr<const Family> make_solov2(const NetworkFolder& folder) {
  return std::make_unique<Solov2>(folder);
}

}  // namespace instseg
