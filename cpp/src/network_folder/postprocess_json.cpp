#include "network_folder/postprocess_json.h"

#include <array>
#include <string_view>

#include "network_folder/rcnn_json.h"

namespace instseg {
namespace {

constexpr int kMaxCount = 1'000'000;
constexpr int kMaxLevels = 64;
constexpr std::array<std::string_view, 2> kNmsDecays = {"gaussian", "linear"};

// At least 1, or -1 for all.
int count_or_all(const JsonObject& json, const char* key) {
  const auto count = static_cast<int>(json.integer(key, -1, kMaxCount));
  if (count == 0) json.refuse(key, "at least 1, or -1 for all");
  return count;
}

ClassNmsOptions read_nms(const JsonObject& json) {
  return {.score_threshold = static_cast<float>(json.number("score_threshold", -1e9, 1e9)),
          .nms_threshold = static_cast<float>(json.number("nms_threshold", 0, 1)),
          .nms_eta = static_cast<float>(json.number("nms_eta", 1e-6, 1)),
          .nms_top_k = count_or_all(json, "nms_top_k"),
          .keep_top_k = count_or_all(json, "keep_top_k"),
          .background_label = static_cast<int>(json.integer("background_label", -1, kMaxCount)),
          .normalized = json.boolean("normalized")};
}

}  // namespace

PostprocessSpec read_postprocess(const JsonObject& json) {
  const auto integer = [&](const char* key, int most) -> std::optional<int> {
    if (!json.has(key)) return std::nullopt;
    return static_cast<int>(json.integer(key, 1, most));
  };
  const auto number = [&](const char* key, double low, double high) -> std::optional<float> {
    if (!json.has(key)) return std::nullopt;
    return static_cast<float>(json.number(key, low, high));
  };
  PostprocessSpec spec;
  spec.top_k = integer("top_k", kMaxCount);
  if (json.has("nms")) spec.nms = read_nms(json.object("nms"));
  if (json.has("rcnn")) spec.rcnn = read_rcnn(json.object("rcnn"));
  spec.candidate_threshold = number("candidate_threshold", 0, 1);
  if (json.has("level_strides")) {
    for (const std::int64_t stride : json.integers("level_strides", kMaxLevels, 0, 1 << 24)) {
      spec.level_strides.push_back(static_cast<int>(stride));
    }
  }
  spec.pre_nms_top_k = integer("pre_nms_top_k", 10'000);
  if (json.has("nms_decay")) {
    spec.nms_decay = kNmsDecays[json.one_of("nms_decay", kNmsDecays)];
  }
  spec.nms_sigma = number("nms_sigma", 1e-6, 1e6);
  spec.decayed_threshold = number("decayed_threshold", 0, 1);
  spec.mask_upsampling = integer("mask_upsampling", 64);
  if (json.has("width_by_height_factor")) {
    spec.width_by_height_factor = json.boolean("width_by_height_factor");
  }
  return spec;
}

}  // namespace instseg
