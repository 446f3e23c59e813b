// The streams of a job: FGMP blocks of A and B, and the items of C with their fields (docs/chip.md).

#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>

#include "chip_formats.hpp"
#include "chip_memory.hpp"

namespace chip {

constexpr int kMaxBlock = 64;  // elements of an FGMP block of A or B

// One FGMP block, widened. Values of zeros are +0.
struct Block {
  std::uint64_t mask;  // elements that are not zero
  std::uint64_t wide;  // of those, the FP16 ones
  std::array<float, kMaxBlock> value;
};

// Reads a stream of FGMP blocks.
class BlockReader {
 public:
  BlockReader(const std::uint8_t* data, std::int64_t bytes, const Fp8& format, const char* name)
      : at_(data), end_(data + bytes), name_(name) {
    for (int code = 0; code < 256; ++code) fp8_[code] = widen(format.decode(static_cast<std::uint8_t>(code)));
  }

  bool ended() const { return at_ == end_; }

  void take(int elements, Block& block) {
    block.mask = take_bits(elements);
    const int nonzeros = std::popcount(block.mask);
    const std::uint64_t groups = take_bits(nonzeros);
    const int wides = std::popcount(groups);
    const std::uint8_t* narrow = at_;
    const std::uint8_t* wide = narrow + (nonzeros - wides);
    skip(nonzeros + wides);
    std::fill_n(block.value.begin(), elements, 0.0f);
    block.wide = 0;
    int seen = 0;
    for (std::uint64_t left = block.mask; left; left &= left - 1, ++seen) {
      const int element = std::countr_zero(left);
      if (groups >> seen & 1) {
        block.wide |= std::uint64_t{1} << element;
        block.value[static_cast<std::size_t>(element)] =
            widen(static_cast<std::uint16_t>(wide[0] | static_cast<unsigned>(wide[1]) << 8));
        wide += 2;
      } else {
        block.value[static_cast<std::size_t>(element)] = fp8_[*narrow++];
      }
    }
  }

 private:
  void skip(std::int64_t bytes) {
    if (bytes > end_ - at_) {
      fail(Cause::kStreamLength, std::string(name_) + " ends within a block, or before one that is needed");
    }
    at_ += bytes;
  }

  std::uint64_t take_bits(int count) {
    const int bytes = (count + 7) / 8;
    const std::uint8_t* from = at_;
    skip(bytes);
    std::uint64_t bits = 0;
    std::memcpy(&bits, from, static_cast<std::size_t>(bytes));
    if (count < kMaxBlock && bits >> count) {
      fail(Cause::kStreamLength, std::string(name_) + " has a fill bit set");
    }
    return bits;
  }

  const std::uint8_t* at_;
  const std::uint8_t* end_;
  const char* name_;
  std::array<float, 256> fp8_;
};

constexpr std::int64_t kItemBytes = 16;
enum class Op : int { kTile = 0, kSegment, kRun, kZero, kCost, kFeed, kFeedRows, kBase };

// One item of stream C.
class Item {
 public:
  explicit Item(const std::uint8_t* bytes) { std::memcpy(&bits_, bytes, sizeof(bits_)); }

  Op op() const { return static_cast<Op>(field(kOpShift, 3)); }
  int field(int low, int width) const { return static_cast<int>(wide_field(low, width)); }
  std::uint32_t wide_field(int low, int width) const {
    return static_cast<std::uint32_t>(bits_ >> low) &
           static_cast<std::uint32_t>((std::uint64_t{1} << width) - 1);
  }
  // Whether bits `low` to `end` - 1 are 0.
  bool clear(int low, int end = kOpShift) const {
    return ((bits_ >> low) & ((static_cast<Bits>(1) << (end - low)) - 1)) == 0;
  }

 private:
  static constexpr int kOpShift = 125;
  __extension__ typedef unsigned __int128 Bits;
  static_assert(sizeof(Bits) == kItemBytes);
  Bits bits_;
};

}  // namespace chip
