#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace instseg {

// A key that is greater for greater values and, among equal values (0 and -0 are equal), for lower
// indices; NaN ranks below everything. Sorting keys by falling value is a stable sort of the
// values.
inline std::uint64_t ranking_key(float value, std::uint32_t index) {
  // Adding 0 turns -0 into 0. The bits of a float, flipped so, order like the floats as unsigned.
  const auto bits = std::bit_cast<std::uint32_t>(value + 0.0f);
  std::uint32_t ordered = (bits >> 31) != 0 ? ~bits : bits | 0x80000000u;
  if (std::isnan(value)) ordered = 0;
  return static_cast<std::uint64_t>(ordered) << 32 | static_cast<std::uint32_t>(~index);
}

inline std::uint32_t ranked_index(std::uint64_t key) { return ~static_cast<std::uint32_t>(key); }

}  // namespace instseg
