#pragma once

#include <cstddef>

namespace instseg::testing {

// The network that fakes of inference libraries compute: Mask-RT-DETR with 16 queries, 3 classes
// and 3 prototypes of 16 x 16, as good_manifest() (network_folder/manifest.h) describes it.
// The image [1, 3, 64, 64] is averaged over a 4 x 4 grid; each cell is a query. Its logits are 10 *
// (mean - 0.5) per channel, its mask coefficients mean - 0.5, and its box is 1.25 cells wide. The
// prototypes are the image averaged over 16 x 16 cells, minus 0.5. Every output depends on every
// pixel, so a mix-up of two images shows.
struct FakeMaskRtdetr {
  static constexpr int kSide = 64;
  static constexpr int kGrid = 4;
  static constexpr int kQueries = kGrid * kGrid;
  static constexpr int kPrototypeSide = 16;

  float* boxes = nullptr;         // [kQueries, 4]
  float* logits = nullptr;        // [kQueries, 3]
  float* coefficients = nullptr;  // [kQueries, 3]
  float* prototypes = nullptr;    // [3, kPrototypeSide, kPrototypeSide]

  // image: [3, kSide, kSide]
  void compute(const float* image) const {
    for (int row = 0; row < kGrid; ++row) {
      for (int column = 0; column < kGrid; ++column) {
        const auto q = static_cast<std::size_t>(row * kGrid + column);
        for (std::size_t c = 0; c < 3; ++c) {
          const float value = cell_mean(image + c * kSide * kSide, kGrid, row, column);
          coefficients[3 * q + c] = value - 0.5f;
          logits[3 * q + c] = 10 * (value - 0.5f);
        }
        boxes[4 * q] = (static_cast<float>(column) + 0.5f) / kGrid;
        boxes[4 * q + 1] = (static_cast<float>(row) + 0.5f) / kGrid;
        boxes[4 * q + 2] = 1.25f / kGrid + 0.1f * coefficients[3 * q];
        boxes[4 * q + 3] = 1.25f / kGrid + 0.1f * coefficients[3 * q + 1];
      }
    }
    for (std::size_t c = 0; c < 3; ++c) {
      for (int y = 0; y < kPrototypeSide; ++y) {
        for (int x = 0; x < kPrototypeSide; ++x) {
          const std::size_t at =
              (c * kPrototypeSide + static_cast<std::size_t>(y)) * kPrototypeSide +
              static_cast<std::size_t>(x);
          prototypes[at] = cell_mean(image + c * kSide * kSide, kPrototypeSide, y, x) - 0.5f;
        }
      }
    }
  }

 private:
  // Mean of the cell [row, column] of a `cells` x `cells` grid over one channel.
  static float cell_mean(const float* plane, int cells, int row, int column) {
    const int side = kSide / cells;
    float sum = 0;
    for (int y = row * side; y < (row + 1) * side; ++y) {
      for (int x = column * side; x < (column + 1) * side; ++x) sum += plane[y * kSide + x];
    }
    return sum / static_cast<float>(side * side);
  }
};

}  // namespace instseg::testing
