#include "postprocess/matrix_nms.h"

#include <algorithm>
#include <cmath>

#include "mask/bit_kernels.h"

namespace instseg {
namespace {

float weight(float iou, const MatrixNmsSpec& spec) {
  return spec.decay == NmsDecay::kGaussian ? std::exp(-spec.sigma * (iou * iou)) : 1.0f - iou;
}

}  // namespace

void matrix_nms(const MaskBits& masks, std::span<const std::int64_t> areas,
                std::span<const int> class_ids, std::span<const std::uint32_t> order,
                const MatrixNmsSpec& spec, const ThreadPool& pool, MatrixNmsWorkspace& workspace,
                std::span<float> decays) {
  const BitKernels& kernels = INSTSEG_ACTIVE_KERNELS(kBitKernels);
  const std::size_t n = order.size();
  if (workspace.ious.size() < n * n) workspace.ious.resize(n * n);
  if (workspace.worst.size() < n) workspace.worst.resize(n);
  pool.parallel_for(static_cast<int>(n), [&](int row) {
    const auto j = static_cast<std::size_t>(row);
    const std::uint32_t b = order[j];
    float* const ious = workspace.ious.data() + j * n;
    float worst = 0;
    for (std::size_t i = 0; i < j; ++i) {
      const std::uint32_t a = order[i];
      if (class_ids[a] != class_ids[b]) continue;
      const std::int64_t common =
          kernels.count_common_ones(masks.mask(a), masks.mask(b), masks.words_per_mask);
      const std::int64_t all = areas[a] + areas[b] - common;
      ious[i] = static_cast<float>(common) / static_cast<float>(all);
      worst = std::max(worst, ious[i]);
    }
    workspace.worst[j] = worst;
  });
  for (std::size_t j = 0; j < n; ++j) {
    const float* const ious = workspace.ious.data() + j * n;
    float decay = 1;
    for (std::size_t i = 0; i < j; ++i) {
      if (class_ids[order[i]] != class_ids[order[j]]) continue;
      const float quotient = weight(ious[i], spec) / weight(workspace.worst[i], spec);
      if (quotient < decay) decay = quotient;
    }
    decays[j] = decay;
  }
}

}  // namespace instseg
