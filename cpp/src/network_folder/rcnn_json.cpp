#include "network_folder/rcnn_json.h"

#include <algorithm>

namespace instseg {
namespace {

constexpr int kMaxCount = 1'000'000;
constexpr std::size_t kMaxLevels = 16;
constexpr std::size_t kMaxAnchors = 256;
constexpr std::size_t kMaxStages = 8;
constexpr int kMaxPooled = 256;
constexpr double kMaxCoordinate = 1e6;

int count(const JsonObject& json, const char* key, int low) {
  return static_cast<int>(json.integer(key, low, kMaxCount));
}

float real(const JsonObject& json, const char* key, double low, double high) {
  return static_cast<float>(json.number(key, low, high));
}

std::array<float, 4> four_numbers(const JsonObject& json, const char* key) {
  std::array<float, 4> four;
  const std::vector<double> numbers = json.numbers(key, 4, -kMaxCoordinate, kMaxCoordinate);
  std::transform(numbers.begin(), numbers.end(), four.begin(),
                 [](double number) { return static_cast<float>(number); });
  return four;
}

AnchorGrid read_anchors(const JsonObject& json) {
  AnchorGrid grid;
  for (const JsonObject& anchor : json.objects("anchors", kMaxAnchors)) {
    grid.anchors.push_back(four_numbers(anchor, "box"));
  }
  grid.stride_x = real(json, "stride_x", 1e-3, kMaxCoordinate);
  grid.stride_y = real(json, "stride_y", 1e-3, kMaxCoordinate);
  return grid;
}

ProposalSpec read_proposals(const JsonObject& json) {
  ProposalSpec spec;
  for (const JsonObject& level : json.objects("levels", kMaxLevels)) {
    spec.levels.push_back(read_anchors(level));
  }
  spec.variances = four_numbers(json, "variances");
  // PaddlePaddle takes every number below 1 as "all".
  spec.pre_nms_top_n = std::max(count(json, "pre_nms_top_n", -kMaxCount), 0);
  spec.post_nms_top_n = std::max(count(json, "post_nms_top_n", -kMaxCount), 0);
  spec.keep_top_n = count(json, "keep_top_n", 0);
  spec.nms_threshold = real(json, "nms_threshold", 1e-6, 1);
  spec.nms_eta = real(json, "nms_eta", 1e-6, 1);
  spec.min_size = real(json, "min_size", 0, kMaxCoordinate);
  spec.pixel_offset = json.boolean("pixel_offset");
  return spec;
}

LevelSpec read_levels(const JsonObject& json) {
  LevelSpec spec;
  spec.min_level = static_cast<int>(json.integer("min_level", -64, 64));
  spec.max_level = static_cast<int>(json.integer("max_level", spec.min_level, 64));
  spec.refer_level = static_cast<int>(json.integer("refer_level", -64, 64));
  spec.refer_scale = count(json, "refer_scale", 1);
  spec.pixel_offset = json.boolean("pixel_offset");
  return spec;
}

PoolingSpec read_pooling(const JsonObject& json, std::size_t num_levels) {
  PoolingSpec spec;
  spec.height = static_cast<int>(json.integer("height", 1, kMaxPooled));
  spec.width = static_cast<int>(json.integer("width", 1, kMaxPooled));
  spec.sampling_ratio = static_cast<int>(json.integer("sampling_ratio", -1, kMaxPooled));
  spec.aligned = json.boolean("aligned");
  for (const double scale : json.numbers("spatial_scales", num_levels, 1e-6, 1e3)) {
    spec.spatial_scales.push_back(static_cast<float>(scale));
  }
  return spec;
}

}  // namespace

RcnnSpec read_rcnn(const JsonObject& json) {
  RcnnSpec spec;
  spec.proposals = read_proposals(json.object("proposals"));
  if (json.has("levels")) spec.levels = read_levels(json.object("levels"));
  const std::size_t num_levels =
      spec.levels ? static_cast<std::size_t>(spec.levels->max_level - spec.levels->min_level + 1)
                  : 1;
  spec.box_pooling = read_pooling(json.object("box_pooling"), num_levels);
  spec.mask_pooling = read_pooling(json.object("mask_pooling"), num_levels);
  for (const JsonObject& stage : json.objects("box_stages", kMaxStages)) {
    spec.box_stages.push_back({.delta_factors = four_numbers(stage, "delta_factors"),
                               .max_log_size = real(stage, "max_log_size", 0, 80)});
  }
  spec.score_factor = real(json, "score_factor", 1e-6, 1e3);
  return spec;
}

}  // namespace instseg
