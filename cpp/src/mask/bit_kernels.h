#pragma once

#include <cstddef>
#include <cstdint>

#include "cpu/kernel_table.h"

namespace instseg {

// Kernels on rows of bits: pixel x is bit x % 64 of word x / 64.
struct BitKernels {
  // Number of set bits in words [count].
  std::int64_t (*count_ones)(const std::uint64_t* words, std::size_t count);

  // Number of bits set in both a [count] and b [count].
  std::int64_t (*count_common_ones)(const std::uint64_t* a, const std::uint64_t* b,
                                    std::size_t count);

  // out [num_pixels] = 0 or 1 per bit.
  void (*unpack_row)(const std::uint64_t* words, int num_pixels, std::uint8_t* out);

  // Bit x is set where bytes[x] != 0; bits past num_pixels in the last word are cleared.
  void (*pack_row)(const std::uint8_t* bytes, int num_pixels, std::uint64_t* words);

  // Bit r of word c becomes bit c of word r, in place.
  void (*transpose_block)(std::uint64_t block[64]);
};

INSTSEG_DECLARE_KERNELS(BitKernels, kBitKernels)

}  // namespace instseg
