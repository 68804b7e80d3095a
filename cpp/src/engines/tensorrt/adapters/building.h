#pragma once

#include "engines/tensorrt/adapter_api.h"
#include "engines/tensorrt/adapters/vendor.h"

namespace instseg::tensorrt {

// Parses request.onnx_file and builds its plan. See Adapter::build.
Built build_plan(const Vendor& vendor, const BuildRequest& request, Log& log);

}  // namespace instseg::tensorrt
