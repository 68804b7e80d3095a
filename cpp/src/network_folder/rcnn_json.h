#pragma once

#include "network_folder/json_object.h"
#include "postprocess/rcnn_spec.h"

namespace instseg {

// "rcnn" of "postprocess" in instseg.json. Throws ModelError naming the wrong key.
RcnnSpec read_rcnn(const JsonObject& json);

}  // namespace instseg
