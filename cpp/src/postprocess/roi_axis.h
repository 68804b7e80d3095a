#pragma once

#include <cstddef>
#include <vector>

namespace instseg {

// Which rows (or columns) of a feature map the bins of one pooled box read, and with what weight.
// The samples of a bin are linear in both axes and averaged, so RoIAlign is a weighted sum of rows
// of weighted sums of columns.
class RoiAxis {
 public:
  // The box covers [low, high) of the axis, in cells of the map; `size` cells, `bins` bins, each
  // the mean of `sampling_ratio` samples (0 or less: as many as it has cells, rounded up).
  // `at_least_one`: the box is made at least one cell long ("aligned" False). Samples in float32 as
  // PaddlePaddle places them:
  //   position = low + length / bins * (bin + (i + 0.5) / samples)
  // one before -1 or after `size` counts as 0, one outside [0, size - 1] takes the cell at the
  // border. Allocates only where a box covers more cells than all before.
  void assign(float low, float high, int size, int bins, int sampling_ratio, bool at_least_one);

  int bins() const { return static_cast<int>(first_.size()); }
  // Cells [first_cell(), end_cell()) are all that any bin reads.
  int first_cell() const { return first_cell_; }
  int end_cell() const { return end_cell_; }

  // [bins()]: the first cell of each bin, how many it reads, where their weights begin.
  const int* first() const { return first_.data(); }
  const int* count() const { return count_.data(); }
  const int* offset() const { return offset_.data(); }
  const float* weights() const { return weights_.data(); }

 private:
  std::vector<int> first_;
  std::vector<int> count_;
  std::vector<int> offset_;
  std::vector<float> weights_;
  int first_cell_ = 0;
  int end_cell_ = 0;
};

}  // namespace instseg
