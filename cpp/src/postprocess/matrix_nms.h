#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "postprocess/dynamic_convolution.h"
#include "runtime/thread_pool.h"

namespace instseg {

enum class NmsDecay { kGaussian, kLinear };

struct MatrixNmsSpec {
  NmsDecay decay = NmsDecay::kGaussian;
  float sigma = 2;  // gaussian: positive
};

// Scratch memory of matrix_nms(); grows with the square of the largest number of masks seen.
class MatrixNmsWorkspace {
 public:
  std::vector<float> ious;   // [n, n], the lower triangle
  std::vector<float> worst;  // [n]
};

// By how much matrix NMS (arXiv:2003.10152, sec. 3.3) lowers the score of each mask:
//   decays[j] = min(1, min over i < j of the same class of f(iou(i, j)) / f(worst(i)))
//   worst(i)  = max over k < i of the same class of iou(k, i), 0 if there is none
//   f(x)      = exp(-sigma * x^2) (gaussian) or 1 - x (linear)
// A quotient that is not a number (linear, twice 0 / 0) is left out: j then overlaps whatever hides
// i just as well.
//   order      masks by falling score: i and j above are places in it
//   class_ids  [masks], areas [masks]: foreground pixels, at least 1
//   decays     [order.size()]
// The same bits for any number of threads.
void matrix_nms(const MaskBits& masks, std::span<const std::int64_t> areas,
                std::span<const int> class_ids, std::span<const std::uint32_t> order,
                const MatrixNmsSpec& spec, const ThreadPool& pool, MatrixNmsWorkspace& workspace,
                std::span<float> decays);

}  // namespace instseg
