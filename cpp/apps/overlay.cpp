#include "overlay.h"

#include <array>

namespace {

constexpr std::array<std::array<int, 3>, 6> kColors = {
    {{230, 60, 60}, {60, 140, 230}, {60, 190, 90}, {240, 180, 40}, {170, 80, 210}, {40, 190, 190}}};

}  // namespace

void draw_masks(const instseg::Result& result, Picture& picture) {
  for (std::size_t i = 0; i < result.size(); ++i) {
    const std::array<int, 3>& color =
        kColors[static_cast<std::size_t>(result.class_ids[i]) % kColors.size()];
    const instseg::Mask& mask = result.masks[i];
    const instseg::Region& region = mask.region();
    for (int y = 0; y < region.height; ++y) {
      const std::span<const std::uint64_t> bits = mask.row(y);
      std::uint8_t* row =
          picture.pixels.data() + std::size_t{3} * (static_cast<std::size_t>(region.y + y) *
                                                        static_cast<std::size_t>(picture.width) +
                                                    static_cast<std::size_t>(region.x));
      for (int x = 0; x < region.width; ++x) {
        if ((bits[static_cast<std::size_t>(x) / 64] >> (x % 64) & 1) == 0) continue;
        for (std::size_t c = 0; c < 3; ++c) {
          std::uint8_t& value = row[std::size_t{3} * static_cast<std::size_t>(x) + c];
          value = static_cast<std::uint8_t>((value + color[c]) / 2);
        }
      }
    }
  }
}
