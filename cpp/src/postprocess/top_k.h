#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace instseg {

// Scratch memory of top_k, for one thread at a time; at most some thousand entries plus 4 k.
class TopKWorkspace {
 public:
  std::vector<std::uint64_t> keys;
  std::vector<std::uint32_t> indices;
};

// The indices of the min(k, n) greatest of n values, best first; equal values (0 and -0 are equal)
// by rising index. What PaddlePaddle's topk does with equal values is not specified. Works on
// logits as well as on scores, as the sigmoid is monotonic. NaN ranks below everything: check with
// has_nan() (postprocess/nan_check.h) first. n at most 2^32 - 1, k >= 0, or InvalidArgument. One
// vectorised pass over the values, a sort of the k best at the end. Allocates nothing once the
// workspace has grown; the result lies in it until the next call.
std::span<const std::uint32_t> top_k(std::span<const float> values, int k,
                                     TopKWorkspace& workspace);

}  // namespace instseg
