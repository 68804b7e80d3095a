#include "network_folder/postprocess_json.h"

#include "network_folder/rcnn_json.h"

namespace instseg {
namespace {

constexpr int kMaxCount = 1'000'000;

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
  PostprocessSpec spec;
  if (json.has("top_k")) spec.top_k = static_cast<int>(json.integer("top_k", 1, kMaxCount));
  if (json.has("nms")) spec.nms = read_nms(json.object("nms"));
  if (json.has("rcnn")) spec.rcnn = read_rcnn(json.object("rcnn"));
  return spec;
}

}  // namespace instseg
