// COCO run lengths (format: pycocotools, maskApi.c): runs of 0, 1, 0, ... down the columns of the
// whole image, columns from left to right; the first run is of background and may be empty.
#include <algorithm>
#include <bit>
#include <vector>

#include "instseg/mask.h"
#include "mask/bit_kernels.h"

namespace instseg {
namespace {

// Collects the positions, in column-major order, at which the mask changes its value.
class RunLengths {
 public:
  explicit RunLengths(std::uint32_t num_pixels) : num_pixels_(num_pixels) {}

  // The value changes between positions position - 1 and position. Positions never fall; a second
  // change at the same position (the end of one column is the start of the next) undoes the first.
  void change_at(std::uint32_t position) {
    if (position == last_change_ && !counts_.empty()) {
      last_change_ -= counts_.back();
      counts_.pop_back();
      return;
    }
    counts_.push_back(position - last_change_);
    last_change_ = position;
  }

  std::vector<std::uint32_t> finish() && {
    if (last_change_ < num_pixels_ || counts_.empty()) {
      counts_.push_back(num_pixels_ - last_change_);
    }
    return std::move(counts_);
  }

 private:
  std::uint32_t num_pixels_;
  std::uint32_t last_change_ = 0;
  std::vector<std::uint32_t> counts_;
};

}  // namespace

std::vector<std::uint32_t> Mask::rle_counts() const {
  const BitKernels& kernels = INSTSEG_ACTIVE_KERNELS(kBitKernels);
  RunLengths runs(static_cast<std::uint32_t>(image_height_) *
                  static_cast<std::uint32_t>(image_width_));
  // 64 columns at a time are turned into 64 rows of bits: columns[c * blocks + k] holds rows
  // 64 k .. 64 k + 63 of column c.
  const int blocks = (region_.height + 63) / 64;
  std::vector<std::uint64_t> columns(static_cast<std::size_t>(64) * blocks);
  std::uint64_t block[64];
  for (std::size_t word = 0; word < words_per_row_; ++word) {
    std::uint64_t strip_any = 0;
    for (int k = 0; k < blocks; ++k) {
      const int rows = std::min(64, region_.height - 64 * k);
      const std::uint64_t* const first = row(64 * k).data() + word;
      std::uint64_t any = 0;
      for (int r = 0; r < rows; ++r) any |= block[r] = first[r * words_per_row_];
      std::fill(block + rows, block + 64, 0);
      if (any != 0) kernels.transpose_block(block);
      for (int c = 0; c < 64; ++c) columns[static_cast<std::size_t>(c) * blocks + k] = block[c];
      strip_any |= any;
    }
    if (strip_any == 0) continue;
    const int x_begin = static_cast<int>(64 * word);
    const int num_columns = std::min(64, region_.width - x_begin);
    for (int c = 0; c < num_columns; ++c) {
      const std::uint64_t* const column = columns.data() + static_cast<std::size_t>(c) * blocks;
      const std::uint32_t top = static_cast<std::uint32_t>(region_.x + x_begin + c) *
                                    static_cast<std::uint32_t>(image_height_) +
                                static_cast<std::uint32_t>(region_.y);
      std::uint64_t above = 0;  // the bit before the word's first
      for (int k = 0; k < blocks; ++k) {
        std::uint64_t changes = column[k] ^ ((column[k] << 1) | above);
        above = column[k] >> 63;
        for (; changes != 0; changes &= changes - 1) {
          runs.change_at(top + static_cast<std::uint32_t>(64 * k + std::countr_zero(changes)));
        }
      }
      if (above != 0) runs.change_at(top + static_cast<std::uint32_t>(region_.height));
    }
  }
  return std::move(runs).finish();
}

std::string Mask::rle() const {
  // Each count from the fourth on is stored as its difference to the count two before, in groups of
  // 5 bits, lowest first; bit 5 says that more follow, bit 4 of the last group is the sign; + 48.
  const std::vector<std::uint32_t> counts = rle_counts();
  std::string text;
  text.reserve(2 * counts.size());
  for (std::size_t i = 0; i < counts.size(); ++i) {
    std::int64_t value = counts[i];
    if (i > 2) value -= counts[i - 2];
    for (bool more = true; more;) {
      const int group = static_cast<int>(value & 0x1f);
      value >>= 5;
      more = value != ((group & 0x10) != 0 ? -1 : 0);
      text.push_back(static_cast<char>(48 + group + (more ? 0x20 : 0)));
    }
  }
  return text;
}

}  // namespace instseg
