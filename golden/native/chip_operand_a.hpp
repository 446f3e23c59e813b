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

  // Rows of a K tile (WG), one after another.
  struct UnitRows {
    int words = 0;  // of a row
    int count = 0;
    std::vector<Word> list;
  };

  std::deque<UnitRows> unit_rows;  // for runs to take

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
    require_item(first < rows_, "Base lies beyond the pixels of a K tile");
    for (int entry = 0; entry < kBaseEntries; ++entry) bases_[at(first + entry)] = it.field(4 + 8 * entry, 8);
  }

  void feed_rows(const Item& it) {
    require_item(wg_, "FeedRows outside WG");
    require_item(it.clear(55), "FeedRows has a bit set that has no name");
    const int units = it.field(0, 10), pitch = it.field(19, 9), kx = it.field(28, 3);
    const int channel_units = it.field(37, 3), pixels = it.field(40, 6);
    const Unit inner{it.field(10, 9), it.field(31, 3)}, last{it.field(46, 9), it.field(34, 3)};
    require_item(units != 0 && channel_units != 0 && kx != 0, "FeedRows without rows");
    require_item(pixels >= 1 && pixels <= rows_, "FeedRows has no pixels, or more than a PE line has B rows");
    // What a channel's other units are does not matter if it has but one.
    require_item(last.good() && (channel_units == 1 || inner.good()),
                 "FeedRows has a unit without rows, without elements, or with more than 256");
    require_item(pitch <= kMaxUnit, "FeedRows has a pitch of more than 256");
    int furthest = 0;
    for (int pixel = 0; pixel < pixels; ++pixel) {
      require_item(bases_[at(pixel)] >= 0,
                   "FeedRows needs an entry of the base table that the job has not written");
      furthest = std::max(furthest, bases_[at(pixel)]);
    }
    UnitRows& rows = unit_rows.emplace_back();
    rows.words = (pixels + kWordLen - 1) / kWordLen;
    for (int index = 0; index < units; ++index) {
      const Unit& unit = (index + 1) % channel_units == 0 ? last : inner;
      take_unit(unit.elements);
      require_item(furthest + (unit.ky - 1) * pitch + kx <= unit.elements,
                   "a row of FeedRows reaches beyond its unit");
      for (int y = 0; y < unit.ky; ++y) {
        for (int x = 0; x < kx; ++x) gather(pixels, y * pitch + x, rows);
      }
    }
  }

 private:
  // A channel's kernel rows that share elements.
  struct Unit {
    int elements, ky;
    bool good() const { return elements >= 1 && elements <= kMaxUnit && ky != 0; }
  };

  static std::size_t at(int index) { return static_cast<std::size_t>(index); }

  void take_words(int words, std::vector<Word>& ring) {
    for (int left = words * kWordLen; left > 0; left -= rows_) {
      const int entries = std::min(left, rows_);
      stream_.take(entries, block_);
      for (int first = 0; first < entries; first += kWordLen) {
        Word& word = ring.emplace_back();
        for (int entry = 0; entry < kWordLen; ++entry) {
          const int element = first + entry;
          const bool live = block_.mask >> element & 1, wide = block_.wide >> element & 1;
          word.set(entry, block_.value[at(element)], live && !wide, wide);
        }
      }
    }
  }

  void take_unit(int elements) {
    for (int first = 0; first < elements; first += rows_) {
      const int count = std::min(elements - first, rows_);
      stream_.take(count, block_);
      for (int element = 0; element < count; ++element) {
        const bool live = block_.mask >> element & 1, wide = block_.wide >> element & 1;
        unit_[at(first + element)] = {block_.value[at(element)], live && !wide, wide};
      }
    }
  }

  void gather(int pixels, int shift, UnitRows& rows) const {
    rows.list.resize(rows.list.size() + at(rows.words));
    Word* words = &rows.list[at(rows.count++ * rows.words)];
    for (int pixel = 0; pixel < pixels; ++pixel) {
      const UnitElement& element = unit_[at(bases_[at(pixel)] + shift)];
      words[pixel / kWordLen].set(pixel % kWordLen, element.value, element.narrow, element.wide);
    }
  }

  struct UnitElement {
    float value;
    bool narrow, wide;
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
