#pragma once

#include <optional>
#include <string>
#include <vector>

#include "network_folder/json_object.h"
#include "postprocess/class_wise_nms.h"
#include "postprocess/rcnn_spec.h"

namespace instseg {

// Numbers of the families' own post-processing; a family takes those it knows.
struct PostprocessSpec {
  std::optional<int> top_k;
  std::optional<ClassNmsOptions> nms;
  std::optional<RcnnSpec> rcnn;
  // SOLOv2
  std::optional<float> candidate_threshold;
  std::vector<int> level_strides;  // empty = missing
  std::optional<int> pre_nms_top_k;
  std::optional<std::string> nms_decay;  // "gaussian" or "linear"
  std::optional<float> nms_sigma;
  std::optional<float> decayed_threshold;
  std::optional<int> mask_upsampling;
  std::optional<bool> width_by_height_factor;
};

// "postprocess" of instseg.json. Throws ModelError naming the wrong key.
PostprocessSpec read_postprocess(const JsonObject& json);

}  // namespace instseg
