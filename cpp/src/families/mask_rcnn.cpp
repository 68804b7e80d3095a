#include "families/mask_rcnn.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "families/finite_check.h"
#include "families/instance_selection.h"
#include "families/mask_drawing.h"
#include "families/network_tensors.h"
#include "families/rcnn_detections.h"
#include "families/roi_blocks.h"
#include "families/roi_pooling.h"
#include "postprocess/box_deltas.h"
#include "postprocess/mask_paste.h"
#include "postprocess/proposals.h"

namespace instseg {
namespace {

struct DrawingWorkspace {
  std::vector<float> probabilities;
  MaskPasteWorkspace paste;
};

class Workspace final : public FamilyWorkspace {
 public:
  std::vector<FeatureMap> features;
  std::vector<ProposalMap> proposal_maps;
  ProposalWorkspace proposals;
  RoiPoolingWorkspace pooling;
  std::vector<Box> boxes;     // what the next stage pools
  std::vector<float> scores;  // sum over the stages
  std::vector<float> deltas;  // of the present stage
  RcnnDetectionWorkspace detections;
  std::vector<Box> mask_boxes;            // of kept instances, in the network's input
  std::vector<DrawingWorkspace> drawing;  // one per thread
};

// What the stages need to know about the image.
struct ImageSizes {
  float network_height;  // resized, without padding
  float network_width;
  float scale_y;  // resized / original
  float scale_x;
};

// A box stage or the mask stage: one network on pooled features.
struct Head {
  std::size_t network = 0;  // place in the folder
  std::string role;
};

class Stopwatch {
 public:
  double milliseconds() const {
    const auto spent = std::chrono::steady_clock::now() - start_;
    return std::chrono::duration<double, std::milli>(spent).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

class MaskRcnn final : public Family {
 public:
  explicit MaskRcnn(const NetworkFolder& folder)
      : model_(folder.model_name),
        preprocess_(folder.preprocess),
        num_classes_(static_cast<std::int64_t>(folder.class_names.size())),
        mask_threshold_(folder.mask_threshold) {
    if (!folder.postprocess.rcnn) refuse(folder, "postprocess: 'rcnn' is missing");
    if (!folder.postprocess.nms) refuse(folder, "postprocess: 'nms' is missing");
    spec_ = *folder.postprocess.rcnn;
    nms_ = *folder.postprocess.nms;
    find_main(folder);
    const std::size_t num_stages = spec_.box_stages.size();
    for (std::size_t i = 0; i < num_stages; ++i) {
      find_box_stage(folder, num_stages == 1 ? "box" : "box_" + std::to_string(i + 1),
                     /*is_last=*/i + 1 == num_stages);
    }
    find_mask(folder);
  }

  std::unique_ptr<FamilyWorkspace> make_workspace() const override {
    return std::make_unique<Workspace>();
  }

  Result detect(std::span<const std::unique_ptr<Session>> sessions, int image_height,
                int image_width, const Selection& selection, const ThreadPool& pool,
                FamilyWorkspace& workspace) const override {
    auto& own_workspace = static_cast<Workspace&>(workspace);
    Result result;
    result.image_height = image_height;
    result.image_width = image_width;
    const NetworkSize size = network_size(preprocess_, image_height, image_width);
    const ImageSizes sizes = {
        .network_height = static_cast<float>(size.height),
        .network_width = static_cast<float>(size.width),
        .scale_y = static_cast<float>(static_cast<double>(size.height) / image_height),
        .scale_x = static_cast<float>(static_cast<double>(size.width) / image_width)};
    propose(*sessions[0], size, pool, own_workspace);
    const std::span<const RcnnDetection> detections =
        run_box_stages(sessions, sizes, selection.threshold, pool, own_workspace, result.timings);
    select(detections, sizes, selection, own_workspace, result);
    draw(*sessions[mask_.network], selection, pool, own_workspace, result);
    return result;
  }

 private:
  struct BoxStage {
    Head head;
    OutputTensor probabilities;  // [R, K + 1]
    OutputTensor deltas;         // [R, 4] or [R, 4 * K]
  };

  void find_main(const NetworkFolder& folder) {
    const NetworkSpec& network = find_network(folder, "main");
    if (&network != &folder.networks[0]) refuse(folder, "the network \"main\" is not the first");
    expect_image_input(folder, network);
    const std::size_t num_maps = spec_.box_pooling.spatial_scales.size();
    for (std::size_t i = 0; i < num_maps; ++i) {
      features_.push_back(find_output(folder, network, ("features_" + std::to_string(i)).c_str()));
      const std::int64_t channels =
          expect_shape(folder, network, features_.back(), {kBatch, kAny, kAny, kAny})[3];
      if (i == 0) channels_ = channels;
      if (channels < 1 || channels != channels_) {
        refuse(folder, "the feature maps have " + std::to_string(channels) + " and " +
                           std::to_string(channels_) + " channels, expected as many in all");
      }
    }
    for (std::size_t i = 0; i < spec_.proposals.levels.size(); ++i) {
      const auto anchors = static_cast<std::int64_t>(spec_.proposals.levels[i].anchors.size());
      const std::string level = std::to_string(i);
      rpn_logits_.push_back(find_output(folder, network, ("rpn_logits_" + level).c_str()));
      rpn_deltas_.push_back(find_output(folder, network, ("rpn_deltas_" + level).c_str()));
      expect_shape(folder, network, rpn_logits_.back(), {kBatch, anchors, kAny, kAny});
      expect_shape(folder, network, rpn_deltas_.back(), {kBatch, 4 * anchors, kAny, kAny});
    }
  }

  Head find_head(const NetworkFolder& folder, const std::string& role,
                 const PoolingSpec& pooling) const {
    const NetworkSpec& network = find_network(folder, role);
    expect_only_input(folder, network, "roi_features",
                      {kBatch, pooling.height, pooling.width, channels_});
    return {.network = static_cast<std::size_t>(&network - folder.networks.data()), .role = role};
  }

  void find_box_stage(const NetworkFolder& folder, const std::string& role, bool is_last) {
    BoxStage stage = {.head = find_head(folder, role, spec_.box_pooling)};
    const NetworkSpec& network = folder.networks[stage.head.network];
    stage.probabilities = find_output(folder, network, "class_probabilities");
    stage.deltas = find_output(folder, network, "box_deltas");
    expect_shape(folder, network, stage.probabilities, {kBatch, num_classes_ + 1});
    num_deltas_ = expect_shape(folder, network, stage.deltas, {kBatch, kAny})[1];
    if (num_deltas_ != 4 && (!is_last || num_deltas_ != 4 * num_classes_)) {
      refuse(folder, "the output \"box_deltas\" of network \"" + role + "\" has " +
                         std::to_string(num_deltas_) + " columns, expected 4" +
                         (is_last ? " or " + std::to_string(4 * num_classes_) : ""));
    }
    box_stages_.push_back(std::move(stage));
  }

  void find_mask(const NetworkFolder& folder) {
    mask_ = find_head(folder, "mask", spec_.mask_pooling);
    const NetworkSpec& network = folder.networks[mask_.network];
    mask_logits_ = find_output(folder, network, "mask_logits");
    mask_side_ = expect_shape(folder, network, mask_logits_, {kBatch, num_classes_, kAny, kAny})[2];
    if (mask_side_ < 1) refuse(folder, "the masks' side is unknown");
  }

  // Fills the workspace's boxes and feature maps.
  void propose(const Session& main, const NetworkSize& size, const ThreadPool& pool,
               Workspace& workspace) const {
    workspace.features.clear();
    for (const OutputTensor& output : features_) {
      const TensorView map = output_of_shape(main, output, {1, kAny, kAny, channels_}, model_);
      workspace.features.push_back({.values = map.data,
                                    .height = static_cast<int>(map.shape[1]),
                                    .width = static_cast<int>(map.shape[2]),
                                    .channels = static_cast<int>(channels_)});
    }
    workspace.proposal_maps.clear();
    for (std::size_t i = 0; i < rpn_logits_.size(); ++i) {
      const auto anchors = static_cast<std::int64_t>(spec_.proposals.levels[i].anchors.size());
      const TensorView logits =
          output_of_shape(main, rpn_logits_[i], {1, anchors, kAny, kAny}, model_);
      const TensorView deltas = output_of_shape(
          main, rpn_deltas_[i], {1, 4 * anchors, logits.shape[2], logits.shape[3]}, model_);
      check_finite(logits.values(), rpn_logits_[i].meaning.c_str(), model_);
      check_finite(deltas.values(), rpn_deltas_[i].meaning.c_str(), model_);
      workspace.proposal_maps.push_back({.height = static_cast<int>(logits.shape[2]),
                                         .width = static_cast<int>(logits.shape[3]),
                                         .logits = logits.data,
                                         .deltas = deltas.data});
    }
    const std::span<const Box> boxes =
        propose_boxes(workspace.proposal_maps, spec_.proposals, size.height, size.width, pool,
                      workspace.proposals);
    workspace.boxes.assign(boxes.begin(), boxes.end());
  }

  // Pools the boxes into the head's input and runs it, block by block; each time it has run,
  // read(first, count) takes what the session says of boxes first .. first + count - 1.
  template <typename Read>
  void run_head(Session& session, std::span<const Box> boxes, const PoolingSpec& pooling,
                const ThreadPool& pool, Workspace& workspace, Timings& timings,
                const Read& read) const {
    const std::int64_t values_per_roi =
        std::int64_t{pooling.height} * std::int64_t{pooling.width} * channels_;
    const std::size_t block = rois_per_run(boxes.size(), values_per_roi);
    for (std::size_t first = 0; first < boxes.size(); first += block) {
      const std::size_t count = std::min(block, boxes.size() - first);
      const std::int64_t shape[] = {static_cast<std::int64_t>(count), pooling.height, pooling.width,
                                    channels_};
      pool_rois(workspace.features, boxes.subspan(first, count), spec_.levels, pooling,
                session.input(0, shape), pool, workspace.pooling);
      const Stopwatch stopwatch;
      session.run();
      timings.network_ms += stopwatch.milliseconds();
      read(first, count);
    }
  }

  // Adds the stage's class probabilities to the workspace's scores and fills its deltas.
  void run_box_stage(Session& session, const BoxStage& stage, std::int64_t num_deltas,
                     const ThreadPool& pool, Workspace& workspace, Timings& timings) const {
    const auto num_scores = static_cast<std::size_t>(num_classes_ + 1);
    const auto columns = static_cast<std::size_t>(num_deltas);
    workspace.deltas.resize(workspace.boxes.size() * columns);
    const auto read = [&](std::size_t first, std::size_t count) {
      const auto rows = static_cast<std::int64_t>(count);
      const TensorView probabilities =
          output_of_shape(session, stage.probabilities, {rows, num_classes_ + 1}, model_);
      const TensorView deltas = output_of_shape(session, stage.deltas, {rows, num_deltas}, model_);
      check_finite(probabilities.values(), "class_probabilities", model_);
      check_finite(deltas.values(), "box_deltas", model_);
      float* const scores = workspace.scores.data() + first * num_scores;
      for (std::size_t k = 0; k < count * num_scores; ++k) scores[k] += probabilities.data[k];
      std::copy_n(deltas.data, count * columns, workspace.deltas.data() + first * columns);
    };
    run_head(session, workspace.boxes, spec_.box_pooling, pool, workspace, timings, read);
  }

  std::span<const RcnnDetection> run_box_stages(std::span<const std::unique_ptr<Session>> sessions,
                                                const ImageSizes& sizes, float threshold,
                                                const ThreadPool& pool, Workspace& workspace,
                                                Timings& timings) const {
    workspace.scores.assign(workspace.boxes.size() * static_cast<std::size_t>(num_classes_ + 1),
                            0.0f);
    for (std::size_t i = 0; i < box_stages_.size(); ++i) {
      const BoxStage& stage = box_stages_[i];
      const bool is_last = i + 1 == box_stages_.size();
      run_box_stage(*sessions[stage.head.network], stage, is_last ? num_deltas_ : 4, pool,
                    workspace, timings);
      const float* delta = workspace.deltas.data();
      if (!is_last) {
        const DeltaRule rule = {.factors = spec_.box_stages[i].delta_factors,
                                .max_log_size = spec_.box_stages[i].max_log_size};
        for (Box& box : workspace.boxes) {
          box = clip_box(move_box(box, delta, rule), sizes.network_width, sizes.network_height);
          delta += 4;
        }
        continue;
      }
      if (spec_.score_factor != 1) {
        for (float& score : workspace.scores) score *= spec_.score_factor;
      }
      const RcnnScores scores = {.num_classes = static_cast<int>(num_classes_),
                                 .boxes = workspace.boxes,
                                 .scores = workspace.scores.data(),
                                 .deltas = delta,
                                 .deltas_per_class = num_deltas_ != 4};
      return detect_boxes(scores, spec_.box_stages[i], nms_, threshold, sizes.network_height,
                          sizes.network_width, workspace.detections);
    }
    return {};
  }

  // Fills the result's boxes, scores and class ids, and their boxes in the network's input.
  static void select(std::span<const RcnnDetection> detections, const ImageSizes& sizes,
                     const Selection& selection, Workspace& workspace, Result& result) {
    workspace.mask_boxes.clear();
    InstanceSelection instances(selection, result);
    for (const RcnnDetection& found : detections) {
      if (!instances.takes(found.score)) break;
      const Box original = {.x1 = found.box.x1 / sizes.scale_x,
                            .y1 = found.box.y1 / sizes.scale_y,
                            .x2 = found.box.x2 / sizes.scale_x,
                            .y2 = found.box.y2 / sizes.scale_y};
      if (!instances.add(original, found.score, found.class_id)) continue;
      workspace.mask_boxes.push_back(found.box);
    }
  }

  void draw(Session& session, const Selection& selection, const ThreadPool& pool,
            Workspace& workspace, Result& result) const {
    result.masks.resize(result.size());
    const auto side = static_cast<int>(mask_side_);
    const auto plane = static_cast<std::size_t>(mask_side_ * mask_side_);
    const auto draw_block = [&](std::size_t first, std::size_t count) {
      const TensorView logits = output_of_shape(
          session, mask_logits_,
          {static_cast<std::int64_t>(count), num_classes_, mask_side_, mask_side_}, model_);
      draw_in_parallel(count, pool, workspace.drawing, [&](std::size_t i, DrawingWorkspace& own) {
        const std::size_t item = first + i;
        const std::size_t place = i * static_cast<std::size_t>(num_classes_) +
                                  static_cast<std::size_t>(result.class_ids[item]);
        const std::span<const float> of_class(logits.data + place * plane, plane);
        check_finite(of_class, "mask_logits", model_);
        own.probabilities.resize(plane);
        std::transform(of_class.begin(), of_class.end(), own.probabilities.begin(),
                       [](float logit) { return 1.0f / (1.0f + std::exp(-logit)); });
        const Box& box = result.boxes[item];
        const Region region = selection.clip_masks
                                  ? rounded_region(box, result.image_height, result.image_width)
                                  : paste_reach(side, box, result.image_height, result.image_width);
        result.masks[item] = paste_mask(own.probabilities, side, box, result.image_height,
                                        result.image_width, region, mask_threshold_, own.paste);
      });
    };
    run_head(session, workspace.mask_boxes, spec_.mask_pooling, pool, workspace, result.timings,
             draw_block);
  }

  std::string model_;
  PreprocessSpec preprocess_;
  std::int64_t num_classes_;
  float mask_threshold_;
  RcnnSpec spec_;
  ClassNmsOptions nms_;
  std::int64_t channels_ = 0;
  std::int64_t num_deltas_ = 0;  // columns of the last stage
  std::int64_t mask_side_ = 0;
  std::vector<OutputTensor> features_;
  std::vector<OutputTensor> rpn_logits_;
  std::vector<OutputTensor> rpn_deltas_;
  std::vector<BoxStage> box_stages_;
  Head mask_;
  OutputTensor mask_logits_;
};

}  // namespace

std::unique_ptr<const Family> make_mask_rcnn(const NetworkFolder& folder) {
  return std::make_unique<MaskRcnn>(folder);
}

}  // namespace instseg
