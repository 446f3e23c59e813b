// Operand A of a job: what the items Feed and FeedRows make of its stream, by PE line (FP, BP) or by row
// (WG).

#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <deque>
#include <vector>

#include "chip_memory.hpp"
#include "chip_streams.hpp"
#include "chip_tile.hpp"

namespace chip {

constexpr int kMaxUnit = 256;     // elements of a unit (WG)
constexpr int kBaseEntries = 12;  // of one item
constexpr int kBaseItems = 16;

class OperandA {
 public:
  // PE lines, and B rows of one, which is also the size of blocks.
  OperandA(BlockReader stream, bool wg, int lines, int rows)
      : stream_(stream), wg_(wg), lines_(lines), rows_(rows) {
    bases_.fill(-1);
  }

  bool ended() const { return stream_.ended(); }

  // All words that a PE line has been fed: a ring without end.
  const std::vector<Word>& ring(int line) const { return ring_[at(line)]; }

  std::deque<std::vector<Word>> unit_rows;  // of WG, for runs to take

  void feed(const Item& it) {
    require_item(!wg_, "Feed in WG");
    require_item(it.clear(38), "Feed has a bit set that has no name");
    const int columns = it.field(0, 16), words = it.field(16, 6);
    const std::uint32_t mask = it.wide_field(22, 16);
    require_item(columns != 0 && words != 0 && mask != 0, "Feed without columns, words or PE lines");
    require_item((mask & ~((1u << lines_) - 1)) == 0, "Feed names a PE line that the core does not have");
    for (int column = 0; column < columns; ++column) {
      for (int line = 0; line < lines_; ++line) {
        if (mask >> line & 1) take_words(words, ring_[at(line)]);
      }
    }
  }

  void base(const Item& it) {
    require_item(wg_, "Base outside WG");
    require_item(it.clear(4 + 8 * kBaseEntries), "Base has a bit set that has no name");
    const int first = it.field(0, 4) * kBaseEntries;
    for (int entry = 0; entry < kBaseEntries; ++entry) bases_[at(first + entry)] = it.field(4 + 8 * entry, 8);
  }

  void feed_rows(const Item& it) {
    require_item(wg_, "FeedRows outside WG");
    require_item(it.clear(55), "FeedRows has a bit set that has no name");
    const int units = it.field(0, 10), elements = it.field(10, 9), pitch = it.field(19, 9),
              kx = it.field(28, 3);
    const int ky = it.field(31, 3), last_ky = it.field(34, 3), channel_units = it.field(37, 3);
    const int pixels = it.field(40, 6), last_elements = it.field(46, 9);
    require_item(units != 0 && kx != 0 && ky != 0 && last_ky != 0 && channel_units != 0,
                 "FeedRows without rows");
    require_item(units % channel_units == 0, "FeedRows ends within a channel");
    require_item(elements >= 1 && elements <= kMaxUnit && last_elements >= 1 && last_elements <= kMaxUnit,
                 "FeedRows has a unit without elements, or with more than 256");
    require_item(pixels >= 1 && pixels <= rows_, "FeedRows has no pixels, or more than a PE line has B rows");
    int furthest = 0;
    for (int pixel = 0; pixel < pixels; ++pixel) {
      require_item(bases_[at(pixel)] >= 0, "FeedRows needs an entry of the base table that was not written");
      furthest = std::max(furthest, bases_[at(pixel)]);
    }
    if (channel_units > 1) {
      require_item(furthest + (ky - 1) * pitch + kx <= elements, "a row of FeedRows reaches beyond its unit");
    }
    require_item(furthest + (last_ky - 1) * pitch + kx <= last_elements,
                 "a row of FeedRows reaches beyond its unit");
    for (int unit = 0; unit < units; ++unit) {
      const bool last = (unit + 1) % channel_units == 0;
      take_unit(last ? last_elements : elements);
      for (int y = 0; y < (last ? last_ky : ky); ++y) {
        for (int x = 0; x < kx; ++x) unit_rows.push_back(gather(pixels, y * pitch + x));
      }
    }
  }

 private:
  static std::size_t at(int index) { return static_cast<std::size_t>(index); }

  void take_words(int words, std::vector<Word>& ring) {
    for (int left = words * kWordLen; left > 0; left -= rows_) {
      const int entries = std::min(left, rows_);
      stream_.take(entries, block_);
      for (int first = 0; first < entries; first += kWordLen) {
        Word& word = ring.emplace_back();
        for (unsigned live = block_.mask >> first & 0xF; live; live &= live - 1) {
          const int entry = std::countr_zero(live);
          word.set(entry, block_.value[at(first + entry)], block_.wide >> (first + entry) & 1);
        }
      }
    }
  }

  void take_unit(int elements) {
    for (int first = 0; first < elements; first += rows_) {
      const int count = std::min(elements - first, rows_);
      stream_.take(count, block_);
      for (int element = 0; element < count; ++element) {
        unit_[at(first + element)] = {block_.value[at(element)], (block_.mask >> element & 1) != 0,
                                      (block_.wide >> element & 1) != 0};
      }
    }
  }

  std::vector<Word> gather(int pixels, int shift) const {
    std::vector<Word> words(at((pixels + kWordLen - 1) / kWordLen));
    for (int pixel = 0; pixel < pixels; ++pixel) {
      const UnitElement& element = unit_[at(bases_[at(pixel)] + shift)];
      if (element.nonzero) words[at(pixel / kWordLen)].set(pixel % kWordLen, element.value, element.wide);
    }
    return words;
  }

  struct UnitElement {
    float value;
    bool nonzero, wide;
  };

  BlockReader stream_;
  const bool wg_;
  const int lines_, rows_;
  Block block_;
  std::array<std::vector<Word>, kMaxLines> ring_;
  std::array<int, kBaseItems * kBaseEntries> bases_;  // -1: not written
  std::array<UnitElement, kMaxUnit> unit_;
};

}  // namespace chip
