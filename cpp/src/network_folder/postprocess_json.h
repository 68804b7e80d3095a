#pragma once

#include <optional>

#include "network_folder/json_object.h"
#include "postprocess/class_wise_nms.h"
#include "postprocess/rcnn_spec.h"

namespace instseg {

// Numbers of the families' own post-processing; a family takes those it knows.
struct PostprocessSpec {
  std::optional<int> top_k;
  std::optional<ClassNmsOptions> nms;
  std::optional<RcnnSpec> rcnn;
};

// "postprocess" of instseg.json. Throws ModelError naming the wrong key.
PostprocessSpec read_postprocess(const JsonObject& json);

}  // namespace instseg
