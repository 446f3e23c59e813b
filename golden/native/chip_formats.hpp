// Number formats of the chip's golden model: FP8, FP16 and binary32, one value at a time
// (contract 2.1, 2.2, 2.8).
//
// Written from the contract, apart from golden/formats.py: the tests hold one against the other.

#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace chip {

constexpr std::uint32_t kNan32 = 0x7FC00000;
constexpr std::uint32_t kInfinity32 = 0x7F800000;
constexpr std::uint32_t kMagnitude32 = 0x7FFFFFFF;
constexpr std::uint16_t kNan16 = 0x7E00;
constexpr std::uint16_t kInfinity16 = 0x7C00;
constexpr std::uint16_t kMagnitude16 = 0x7FFF;
constexpr std::uint16_t kSign16 = 0x8000;

// binary32 bits as the arithmetic modules return them: every NaN is the canonical one.
inline std::uint32_t canonical(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  return (bits & kMagnitude32) > kInfinity32 ? kNan32 : bits;
}

// FP16 to binary32, which is exact.
inline float widen(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & kSign16) << 16;
  const std::uint32_t magnitude = half & kMagnitude16;
  if (magnitude > kInfinity16) return std::bit_cast<float>(kNan32);
  if (magnitude == kInfinity16) return std::bit_cast<float>(sign | kInfinity32);
  // The difference of the exponent biases is a multiplication by a power of two; it serves subnormals too.
  const float value = std::bit_cast<float>(magnitude << 13) * 0x1p112f;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(value) | sign);
}

// `value` without its lowest `drop` bits (0 to 63), rounded to nearest, ties to even.
inline std::uint64_t round_off(std::uint64_t value, int drop) {
  if (drop == 0) return value;
  const std::uint64_t half = std::uint64_t{1} << (drop - 1);
  return (value + half - 1 + (value >> drop & 1)) >> drop;
}

// binary32 bits to FP16, rounded once.
inline std::uint16_t narrow(std::uint32_t bits) {
  const std::uint16_t sign = static_cast<std::uint16_t>(bits >> 16 & kSign16);
  const std::uint32_t magnitude = bits & kMagnitude32;
  if (magnitude > kInfinity32) return kNan16;
  constexpr std::uint32_t kLowestNormal = 113u << 23;  // 2^-14
  std::uint64_t rounded;
  if (magnitude >= kLowestNormal) {
    rounded = round_off(magnitude - (112u << 23), 13);
  } else {
    // Subnormal: a whole number of 2^-24. Below 2^-25 nothing is left, so the shift may end there.
    const int exponent = static_cast<int>(magnitude >> 23);
    rounded = exponent < 102 ? 0 : round_off((magnitude & 0x7FFFFF) | 0x800000, 126 - exponent);
  }
  return sign | static_cast<std::uint16_t>(std::min<std::uint64_t>(rounded, kInfinity16));
}

// An FP8 encoding: 0 E4M3 (no infinity, all ones is NaN), 1 E5M2 (IEEE-like), with its exponent bias.
struct Fp8 {
  int format = 0;
  int bias = 0;

  int fraction_bits() const { return format ? 2 : 3; }
  int max_finite() const { return format ? 0x7B : 0x7E; }

  // Code to FP16; what lies outside FP16 is rounded as IEEE says.
  std::uint16_t decode(std::uint8_t code) const {
    const std::uint16_t sign = static_cast<std::uint16_t>((code & 0x80) << 8);
    const int magnitude = code & 0x7F;
    if (magnitude > max_finite()) {
      return format && magnitude == max_finite() + 1 ? static_cast<std::uint16_t>(sign | kInfinity16)
                                                     : kNan16;
    }
    const int field = magnitude >> fraction_bits();
    const int fraction = magnitude & ((1 << fraction_bits()) - 1);
    const int significand = field ? fraction + (1 << fraction_bits()) : fraction;
    const float value =
        std::ldexp(static_cast<float>(significand), std::max(field, 1) - bias - fraction_bits());
    return sign | narrow(std::bit_cast<std::uint32_t>(value));
  }

  struct Encoded {
    std::uint8_t code;  // 0: a zero, flushed, or FP16
    bool wide;          // stays FP16
  };

  // FP16 to code, rounded to nearest even with FP8 subnormals; what leaves the finite codes stays FP16.
  Encoded encode(std::uint16_t half) const {
    const int magnitude = half & kMagnitude16;
    if (magnitude == 0) return {0, false};
    if (magnitude >= kInfinity16) return {0, true};
    const int field = magnitude >> 10;
    const int significand = field ? (magnitude & 0x3FF) | 0x400 : magnitude & 0x3FF;
    const int unit = std::max(field, 1) - 25;  // the value is significand * 2^unit
    const int binade = unit + static_cast<int>(std::bit_width(static_cast<unsigned>(significand))) - 1;
    const int lowest = 1 - bias;  // binade of the lowest normal numbers and of the subnormals
    const int exponent = std::max(binade, lowest);
    const int drop = exponent - fraction_bits() - unit;
    // The hidden bit of a normal number adds 1 to the exponent field.
    const std::int64_t code =
        (static_cast<std::int64_t>(exponent - lowest) << fraction_bits()) +
        static_cast<std::int64_t>(drop > 0
                                      ? round_off(static_cast<std::uint64_t>(significand), std::min(drop, 63))
                                      : static_cast<std::uint64_t>(significand) << -drop);
    if (code > max_finite()) return {0, true};
    if (code == 0) return {0, false};
    return {static_cast<std::uint8_t>(code | (half & kSign16) >> 8), false};
  }
};

}  // namespace chip
