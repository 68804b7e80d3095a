#include "families/finite_check.h"

#include <bit>
#include <cstdint>

#include "instseg/errors.h"

namespace instseg {

bool all_finite(std::span<const float> values) {
  // On bits, so that the compiler vectorises the loop: an exponent of all ones is NaN or infinity.
  constexpr std::uint32_t exponent = 0x7f800000u;
  std::uint32_t found = 0;
  for (const float value : values) {
    found |=
        static_cast<std::uint32_t>((std::bit_cast<std::uint32_t>(value) & exponent) == exponent);
  }
  return found == 0;
}

void check_finite(std::span<const float> values, const char* tensor, const std::string& model) {
  if (all_finite(values)) return;
  std::size_t bad = 0;
  while (all_finite(values.subspan(bad, 1))) ++bad;
  throw EngineError(model + " gave " + std::to_string(values[bad]) + " in its output '" + tensor +
                    "'; every value must be finite. The weights are damaged or overflow in this "
                    "precision: use precision \"fp32\", or import the model again.");
}

void check_finite(const PrototypeMasks& prototypes, const char* tensor, const std::string& model,
                  const ThreadPool& pool) {
  const std::size_t plane =
      static_cast<std::size_t>(prototypes.height) * static_cast<std::size_t>(prototypes.width);
  pool.parallel_for(prototypes.num_prototypes, [&](int p) {
    check_finite({prototypes.prototypes + static_cast<std::size_t>(p) * plane, plane}, tensor,
                 model);
  });
}

}  // namespace instseg
