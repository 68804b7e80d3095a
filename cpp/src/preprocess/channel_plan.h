#pragma once

#include "instseg/image.h"
#include "preprocess/preprocess.h"

namespace instseg {

// Where each channel of the network comes from: channel source_channel[c] of the image, times
// scale[c], plus offset[c]; float32, rounded once from quotients in double.
struct ChannelPlan {
  int source_channel[3] = {};
  float scale[3] = {};
  float offset[3] = {};
};

ChannelPlan channel_plan(const PreprocessSpec& spec, PixelFormat format);

}  // namespace instseg
