// The reduction tree as a sequence of rows in time: rule 8 of docs/core.md.

#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <vector>

#include "schedule_line.hpp"

namespace schedule {

// A tile between the sequencer and the partial sums.
struct Tile {
  bool intra, zero, last;
  unsigned mask;  // lines with a channel
  int rows, rows_left;
  Cycle opened;
  Cycle b_loaded = 0;
  int lines_ended = 0;
  Cycle ended = 0;         // by all lines so far
  Cycle summed = 0;        // its last row so far went to the partial sums
  Cycle reduced = kNever;  // first cycle in which the tree has left it behind
};

struct TreeRow {
  Cycle visible;
  int tile, row;
};

class Tree {
 public:
  Tree(const Rules& rules, std::vector<Tile>& tiles, std::deque<Line>& lines)
      : rules_(rules), tiles_(tiles), lines_(lines) {}

  std::deque<TreeRow> rows;  // on their way to the partial sums

  // Tiles that need no tree are passed by, one a cycle.
  void pass() {
    while (tile_ < tiles_.size() && (tiles_[tile_].intra || tiles_[tile_].zero)) {
      leave_tile(std::max(from_, tiles_[tile_].opened + 1));
    }
  }

  // When the next row enters, or the one that is entering has entered. A row that the partial sums cannot
  // take yet holds up the whole tree.
  Cycle next() const {
    Cycle cycle = from_;
    if (!busy_) {
      if (tile_ == tiles_.size()) return kNever;
      cycle = std::max(cycle, tiles_[tile_].opened + 1);
      for (std::size_t l = 0; l < lines_.size(); ++l) {
        if (!(tiles_[tile_].mask >> l & 1)) continue;
        if (lines_[l].finished.empty()) return kNever;
        cycle = std::max(cycle, lines_[l].finished.front().visible);
      }
    }
    return !rows.empty() && rows.front().visible <= cycle ? kNever : cycle;
  }

  // Returns the lines whose row has entered with all its parts and so has left them.
  unsigned step(Cycle cycle) {
    if (!busy_) {
      rows.push_back({cycle + rules_.tree_cycles + rules_.tree_levels, static_cast<int>(tile_), row_});
      from_ = cycle + rules_.tree_cycles - 1;
      busy_ = true;
      return 0;
    }
    const unsigned mask = tiles_[tile_].mask;
    for (std::size_t l = 0; l < lines_.size(); ++l) {
      if (mask >> l & 1) lines_[l].take_row(cycle);
    }
    busy_ = false;
    from_ = cycle + 1;
    if (++row_ == tiles_[tile_].rows) {
      leave_tile(cycle);
      pass();
    }
    return mask;
  }

  // The first row goes to the partial sums; as late as it is, so late is all that was behind it.
  void take_row(Cycle cycle) {
    const Cycle came = rows.front().visible, late = cycle - came;
    rows.pop_front();
    for (TreeRow& row : rows) row.visible += late;
    if (!late) return;
    if (!busy_) {
      from_ = std::max(from_, cycle);
    } else if (from_ >= came) {
      from_ += late;
    }
  }

 private:
  void leave_tile(Cycle cycle) {
    tiles_[tile_++].reduced = from_ = cycle + 1;
    row_ = 0;
  }

  const Rules& rules_;
  std::vector<Tile>& tiles_;
  std::deque<Line>& lines_;
  std::size_t tile_ = 0;
  int row_ = 0;
  bool busy_ = false;
  Cycle from_ = 0;
};

}  // namespace schedule
