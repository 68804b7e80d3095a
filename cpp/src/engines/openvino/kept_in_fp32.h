#pragma once

#include <memory>
#include <openvino/core/model.hpp>
#include <string>

namespace instseg {

// Marks the layers of a network that OpenVINO is to compute in float32 where the rest is bfloat16
// (kept_in_fp32.cpp says which and why), and puts operators in place of some that lose the mark.
// What is computed stays the same.
//   image  name of the tensor that holds the image; empty where the network takes none
void keep_in_fp32(const std::shared_ptr<ov::Model>& model, const std::string& image);

// Counts changes of what is kept: a compiled network of another count is made anew.
inline constexpr int kKeptInFp32Version = 1;

}  // namespace instseg
