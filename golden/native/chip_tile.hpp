// One K tile of a job: its B rows by PE line, its segment tables, and the sums that its runs make of A.

#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include "chip_memory.hpp"

namespace chip {

constexpr int kMaxLines = 16;
constexpr int kMaxColumns = 16;
constexpr int kWordLen = 4;    // entries of a ring word
constexpr int kMaxBRows = 64;  // that a word may begin at; its last entry lies up to three further
constexpr int kPhases = 4;
constexpr int kParts = 4;

// The columns of a core, filled up to 16 with zeros, in native vectors.
#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX__)
constexpr int kLanes = 8;
#else  // SSE, NEON
constexpr int kLanes = 4;
#endif
constexpr int kVectors = kMaxColumns / kLanes;
typedef float Vector __attribute__((vector_size(kLanes * sizeof(float))));

struct Row {
  Vector v[kVectors];

  Row& operator+=(const Row& other) {
    for (int i = 0; i < kVectors; ++i) v[i] += other.v[i];
    return *this;
  }
  // The product is exact in binary32, so a compiler that fuses it with the addition changes no bit.
  void accumulate(float a, const Row& b) {
    for (int i = 0; i < kVectors; ++i) v[i] += a * b.v[i];
  }
};

// Four consecutive entries of a PE line's list. `mask`: what takes part in sums; `narrow` and `wide` count
// the elements that a PE multiplies, by their group.
struct Word {
  std::array<float, kWordLen> value{};
  std::uint8_t mask = 0;
  std::uint8_t narrow = 0;
  std::uint8_t wide = 0;

  // Without branches: whether an element is zero predicts badly. `is_narrow`, `is_wide`: neither for a zero.
  void set(int entry, float element, bool is_narrow, bool is_wide) {
    value[static_cast<std::size_t>(entry)] = element;
    // A zero of either sign contributes nothing, whatever B holds.
    mask |= static_cast<std::uint8_t>((element != 0.0f) << entry);
    narrow = static_cast<std::uint8_t>(narrow + is_narrow);
    wide = static_cast<std::uint8_t>(wide + is_wide);
  }
};

// Where a word lies from its row's base in the ring, and the B row of its first entry.
struct Place {
  int offset;
  int k_base;
};

// Elements of A that met B, by their group.
struct Elements {
  std::int64_t narrow = 0;
  std::int64_t wide = 0;
};

struct Tile {
  bool first, last, group_end;
  std::uint32_t line_mask;
  int taps;       // WG: pixels
  int rows_done;  // of the job's rows
  bool finite;    // no infinity or NaN in B
  std::array<std::array<std::vector<Place>, kParts>, kPhases> table;
  std::array<std::array<bool, kParts>, kPhases> written;
  using BRows = std::array<Row, kMaxBRows + kWordLen>;
  std::array<BRows, kMaxLines> b;
  std::array<std::uint64_t, kMaxLines> loaded;  // B rows, a bit each

  // Sum of one row's list in `line`, in order from +0. `words` is the row's base in the ring.
  //
  // A zero element of A contributes nothing. With finite B that needs no branch: its product is a zero of
  // either sign, and x + (+-0) = x for every x that a sum from +0 can reach (never -0). With an infinity or
  // NaN in B the product would be NaN, so it is left out.
  Row sum(int line, const Word* words, const std::vector<Place>& places, Elements& elements) const {
    return finite ? sum_list<false>(line, words, places, elements)
                  : sum_list<true>(line, words, places, elements);
  }

 private:
  template <bool kSkipZeros>
  Row sum_list(int line, const Word* words, const std::vector<Place>& places, Elements& elements) const {
    const BRows& rows = b[static_cast<std::size_t>(line)];
    const std::uint64_t present = loaded[static_cast<std::size_t>(line)];
    Row total{};
    std::uint64_t missing = 0;
    for (const Place& place : places) {
      const Word& word = words[place.offset];
      elements.narrow += word.narrow;
      elements.wide += word.wide;
      missing |= word.mask & ~(present >> place.k_base);
      if (word.mask == 0) continue;
      const Row* row = &rows[static_cast<std::size_t>(place.k_base)];
      for (int entry = 0; entry < kWordLen; ++entry) {
        if (kSkipZeros && !(word.mask >> entry & 1)) continue;
        total.accumulate(word.value[static_cast<std::size_t>(entry)], row[entry]);
      }
    }
    if (missing) [[unlikely]] {
      fail(Cause::kItem, "an element of A meets a row of B that its tile does not load (PE line " +
                             std::to_string(line) + ")");
    }
    return total;
  }
};

}  // namespace chip
