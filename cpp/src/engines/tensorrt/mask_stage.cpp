#include "engines/tensorrt/mask_stage.h"

#include <algorithm>
#include <cstdint>

#include "cuda/finite_task.h"
#include "engines/tensorrt/room.h"

namespace instseg::tensorrt {
namespace {

std::size_t num_words(const Region& region) {
  return (static_cast<std::size_t>(region.width) + 63) / 64 *
         static_cast<std::size_t>(region.height);
}

// How many of the masks, at least one, have no more words together.
std::size_t count_within(std::span<const PlannedMask> masks, std::size_t most_words) {
  std::size_t count = 0;
  for (std::size_t words = 0; count < masks.size(); ++count) {
    words += num_words(masks[count].region);
    if (count > 0 && words > most_words) break;
  }
  return count;
}

}  // namespace

bool MaskStage::draw(const float* prototypes, const float* coefficients, int num_rows,
                     const MaskSizes& sizes, std::span<const PlannedMask> masks,
                     float logit_threshold, Stream& stream, std::span<Mask> out) {
  for (std::size_t begin = 0; begin < masks.size();) {
    const std::size_t count = count_within(masks.subspan(begin), most_words_);
    plan_.build(sizes, masks.subspan(begin, count));
    // Tasks and a flag of 0 go up in one copy; the flag and the words come back in another.
    const std::size_t flag_begin = plan_.tasks().size_bytes();
    const std::size_t words_begin = flag_begin + sizeof(std::uint64_t);
    const std::size_t size = words_begin + plan_.num_words() * sizeof(std::uint64_t);
    std::byte* const pinned = pinned_room(pinned_, device_, size);
    std::byte* const shared = device_room(shared_, device_, size);
    float* const tiles =
        device_room<float>(tiles_, device_, plan_.num_tile_values() * sizeof(float));
    auto* const found = reinterpret_cast<std::uint64_t*>(pinned + flag_begin);
    std::copy(plan_.tasks().begin(), plan_.tasks().end(), reinterpret_cast<MaskTask*>(pinned));
    *found = 0;
    stream.copy_to_device(shared, pinned, words_begin);
    if (begin == 0) {
      const auto check = [&](const float* values, std::int64_t values_count) {
        kernels_.check_finite({.values = values,
                               .count = values_count,
                               .found = reinterpret_cast<std::uint32_t*>(shared + flag_begin)},
                              stream);
      };
      check(prototypes, std::int64_t{sizes.num_prototypes} * sizes.height * sizes.width);
      check(coefficients, std::int64_t{num_rows} * sizes.num_prototypes);
    }
    const MaskBuffers buffers = {.prototypes = prototypes,
                                 .coefficients = coefficients,
                                 .tasks = reinterpret_cast<const MaskTask*>(shared),
                                 .tiles = tiles,
                                 .words = reinterpret_cast<std::uint64_t*>(shared + words_begin)};
    kernels_.draw_masks(plan_.batch(buffers, logit_threshold), stream);
    stream.copy_to_host(pinned + flag_begin, shared + flag_begin, size - flag_begin);
    stream.synchronize();
    if (*found != 0) return false;
    const std::span<const std::uint64_t> words(
        reinterpret_cast<const std::uint64_t*>(pinned + words_begin), plan_.num_words());
    for (std::size_t i = 0; i < count; ++i) out[begin + i] = plan_.mask(i, words);
    begin += count;
  }
  return true;
}

}  // namespace instseg::tensorrt
