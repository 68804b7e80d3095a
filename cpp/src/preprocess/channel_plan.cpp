#include "preprocess/channel_plan.h"

namespace instseg {

ChannelPlan channel_plan(const PreprocessSpec& spec, PixelFormat format) {
  const bool grey = format == PixelFormat::kGray;
  const bool image_rgb = format == PixelFormat::kRgb || format == PixelFormat::kRgba;
  ChannelPlan plan;
  for (int c = 0; c < 3; ++c) {
    plan.source_channel[c] = grey ? 0 : spec.rgb == image_rgb ? c : 2 - c;
    plan.scale[c] = static_cast<float>(spec.scale / spec.std[c]);
    plan.offset[c] = static_cast<float>(-spec.mean[c] / spec.std[c]);
  }
  return plan;
}

}  // namespace instseg
