// Compiled once per instruction set: no inline function or template of the standard library here.
#include "mask/bit_kernels.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace instseg::INSTSEG_ISA {
namespace {

using std::int64_t;
using std::size_t;
using std::uint64_t;
using std::uint8_t;

int64_t ones_of_word(uint64_t word) {
#if defined(__POPCNT__)
  return __builtin_popcountll(word);
#else
  // Sums of 2, 4 and 8 neighbouring bits, then of the eight bytes (Knuth, TAOCP 7.1.3).
  uint64_t sums = word - ((word >> 1) & 0x5555555555555555u);
  sums = (sums & 0x3333333333333333u) + ((sums >> 2) & 0x3333333333333333u);
  sums = (sums + (sums >> 4)) & 0x0f0f0f0f0f0f0f0fu;
  return static_cast<int64_t>((sums * 0x0101010101010101u) >> 56);
#endif
}

int64_t count_ones(const uint64_t* words, size_t count) {
  int64_t ones = 0;
  for (size_t i = 0; i < count; ++i) ones += ones_of_word(words[i]);
  return ones;
}

int64_t count_common_ones(const uint64_t* a, const uint64_t* b, size_t count) {
  int64_t ones = 0;
  for (size_t i = 0; i < count; ++i) ones += ones_of_word(a[i] & b[i]);
  return ones;
}

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "byte i of a word must be bits 8 i ...");
constexpr uint64_t kOnes = 0x0101010101010101u;  // 1 in every byte

// Bit i of the low byte of `bits` becomes byte i, 0 or 1.
uint64_t spread_bits(uint64_t bits) {
  const uint64_t own_bit = ((bits & 0xff) * kOnes) & 0x8040201008040201u;
  return ((own_bit + 0x7f * kOnes) >> 7) & kOnes;
}

// Byte i, zero or not, becomes bit i.
uint64_t gather_bits(uint64_t bytes) {
  const uint64_t low = 0x7f * kOnes;
  const uint64_t not_zero = ((((bytes & low) + low) | bytes) >> 7) & kOnes;
  return (not_zero * 0x0102040810204080u) >> 56;
}

void unpack_row(const uint64_t* words, int num_pixels, uint8_t* out) {
  int x = 0;
#if defined(__AVX2__)
  // Every byte of the vector gets the byte of the word that holds its bit, then tests that bit.
  const __m256i source = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1,  //
                                          2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3);
  const __m256i bit = _mm256_set1_epi64x(static_cast<int64_t>(0x8040201008040201u));
  const __m256i one = _mm256_set1_epi8(1);
  for (; x + 32 <= num_pixels; x += 32) {
    const int half = static_cast<int>(words[x / 64] >> (x % 64));
    const __m256i spread = _mm256_shuffle_epi8(_mm256_set1_epi32(half), source);
    const __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(spread, bit), bit);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + x), _mm256_and_si256(set, one));
  }
#endif
  for (; x + 8 <= num_pixels; x += 8) {
    const uint64_t bytes = spread_bits(words[x / 64] >> (x % 64));
    __builtin_memcpy(out + x, &bytes, 8);
  }
  for (; x < num_pixels; ++x) out[x] = static_cast<uint8_t>((words[x / 64] >> (x % 64)) & 1);
}

void pack_row(const uint8_t* bytes, int num_pixels, uint64_t* words) {
  int x = 0;
#if defined(__AVX2__)
  const __m256i zero = _mm256_setzero_si256();
  for (; x + 64 <= num_pixels; x += 64) {
    const __m256i* const from = reinterpret_cast<const __m256i*>(bytes + x);
    const auto low = static_cast<unsigned>(
        _mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_loadu_si256(from), zero)));
    const auto high = static_cast<unsigned>(
        _mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_loadu_si256(from + 1), zero)));
    words[x / 64] = ~((static_cast<uint64_t>(high) << 32) | low);
  }
#endif
  for (; x < num_pixels; x += 64) {
    const int bits = num_pixels - x < 64 ? num_pixels - x : 64;
    uint64_t word = 0;
    int i = 0;
    for (; i + 8 <= bits; i += 8) {
      uint64_t eight;
      __builtin_memcpy(&eight, bytes + x + i, 8);
      word |= gather_bits(eight) << i;
    }
    for (; i < bits; ++i) word |= static_cast<uint64_t>(bytes[x + i] != 0) << i;
    words[x / 64] = word;
  }
}

// Swaps the two off-diagonal quarters of every square of 2 * kHalf bits; kLow has the bits of the
// left half of each square set.
template <int kHalf>
void swap_quarters(uint64_t* block, uint64_t low) {
  for (int base = 0; base < 64; base += 2 * kHalf) {
    for (int i = base; i < base + kHalf; ++i) {
      const uint64_t moved = ((block[i] >> kHalf) ^ block[i + kHalf]) & low;
      block[i + kHalf] ^= moved;
      block[i] ^= moved << kHalf;
    }
  }
}

void transpose_block(uint64_t block[64]) {
  swap_quarters<32>(block, 0x00000000ffffffffu);
  swap_quarters<16>(block, 0x0000ffff0000ffffu);
  swap_quarters<8>(block, 0x00ff00ff00ff00ffu);
  swap_quarters<4>(block, 0x0f0f0f0f0f0f0f0fu);
  swap_quarters<2>(block, 0x3333333333333333u);
  swap_quarters<1>(block, 0x5555555555555555u);
}

}  // namespace

extern const BitKernels kBitKernels;
const BitKernels kBitKernels = {count_ones, count_common_ones, unpack_row, pack_row,
                                transpose_block};

}  // namespace instseg::INSTSEG_ISA
