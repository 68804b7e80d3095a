#include "postprocess/mask_trim.h"

#include <cstddef>
#include <cstdint>
#include <span>

#include "instseg/mask_geometry.h"

namespace instseg {

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
