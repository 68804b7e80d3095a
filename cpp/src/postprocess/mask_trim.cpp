#include "postprocess/mask_trim.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace instseg {

Region foreground_region(const Mask& mask) {
  const Region& region = mask.region();
  int top = -1;
  int bottom = -1;
  int left = region.width;
  int right = -1;
  for (int y = 0; y < region.height; ++y) {
    const std::span<const std::uint64_t> row = mask.row(y);
    const auto set = [](std::uint64_t word) { return word != 0; };
    const auto first = std::find_if(row.begin(), row.end(), set);
    if (first == row.end()) continue;
    if (top < 0) top = y;
    bottom = y;
    const auto first_word = static_cast<int>(first - row.begin());
    left = std::min(left, 64 * first_word + std::countr_zero(*first));
    auto last_word = static_cast<int>(row.size()) - 1;
    while (row[static_cast<std::size_t>(last_word)] == 0) --last_word;
    const std::uint64_t last = row[static_cast<std::size_t>(last_word)];
    right = std::max(right, 64 * last_word + 63 - std::countl_zero(last));
  }
  if (top < 0) return {};
  return {.x = region.x + left,
          .y = region.y + top,
          .width = right - left + 1,
          .height = bottom - top + 1};
}

Mask trimmed(const Mask& mask) {
  const Region region = foreground_region(mask);
  if (region == mask.region()) return mask;
  Mask result(mask.image_height(), mask.image_width(), region);
  const auto shift = static_cast<std::size_t>(region.x - mask.region().x);
  const std::size_t skipped = shift / 64;
  const std::size_t bits = shift % 64;
  const std::uint64_t last_word_bits =
      ~std::uint64_t{0} >>
      (64 * result.words_per_row() - static_cast<std::size_t>(region.width)) % 64;
  for (int y = 0; y < region.height; ++y) {
    const std::span<const std::uint64_t> from =
        mask.row(y + region.y - mask.region().y).subspan(skipped);
    const std::span<std::uint64_t> to = result.row(y);
    for (std::size_t i = 0; i < to.size(); ++i) {
      to[i] = from[i] >> bits;
      if (bits != 0 && i + 1 < from.size()) to[i] |= from[i + 1] << (64 - bits);
    }
    to.back() &= last_word_bits;
  }
  return result;
}

}  // namespace instseg
