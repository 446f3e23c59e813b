// The schedule of a sparse core: when each beat, row and tile of a launch moves, from its commands and beats.
//
// The lines are recurrences (schedule_line.hpp). What they share — the sequencer, the stream of A, the
// reduction tree and the partial sums — is carried forward in order of time, one event at a time, because
// there it matters who comes first: which line has the least work in hand, which row is next for the partial
// sums. Rule numbers are those of docs/core.md.

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <iterator>
#include <utility>
#include <vector>

#include "schedule_line.hpp"
#include "schedule_streams.hpp"
#include "schedule_tree.hpp"

namespace schedule {
namespace {

class Core {
 public:
  Core(const Rules& rules, const std::uint32_t* commands, std::int64_t command_count,
       const std::uint32_t* beats, std::int64_t beat_count)
      : rules_(rules), commands_(commands), command_count_(command_count), beats_(beats),
        beat_count_(beat_count),
        tables_(static_cast<std::size_t>(rules.b_halves * kPhases * kMaxParts * rules.segment_words)),
        committed_(1u << kRowBits, 0) {
    for (int l = 0; l < rules.lines; ++l) lines_.emplace_back(rules);
    for (std::int64_t c = 0; c < command_count; ++c) {
      const std::uint32_t* raw = commands + c * kCommandWords;
      if (op_of(raw) == Op::kZero) results_left_ += RunCommand(raw).rows;
      if (op_of(raw) == Op::kTile && TileCommand(raw).last) results_left_ += TileCommand(raw).rows;
    }
    load_beat();
  }

  // Carries the launch to its end; false if nothing can move any more.
  bool finish() {
    while (results_left_) {
      const std::array<Cycle, 4> next = {next_sum(), tree_.next(), next_command(), next_beat()};
      const auto first = std::min_element(next.begin(), next.end());
      if (*first >= kNever) return false;
      switch (first - next.begin()) {
        case 0: sum(*first); break;
        case 1: tree(*first); break;
        case 2: command(*first); break;
        default: beat(*first);
      }
    }
    return true;
  }

  Cycle start() const { return start_; }
  Cycle cycles() const { return result_left_ + 1; }
  Cycle first_load() const { return first_load_; }
  LineCycles line_cycles() const {
    LineCycles total;
    for (const Line& line : lines_) {
      total.busy += line.cycles.busy;
      total.wait_a += line.cycles.wait_a;
      total.wait_b += line.cycles.wait_b;
      total.wait_queue += line.cycles.wait_queue;
    }
    return total;
  }

 private:
  // -------------------------------------------------------------------------------------------
  // Commands: rules 1 and 2
  // -------------------------------------------------------------------------------------------
  const std::uint32_t* raw() const { return commands_ + command_ * kCommandWords; }
  bool intra() const { return !line_tiles_.empty() && tiles_[line_tiles_.back()].intra; }
  int run_rows() const { return RunCommand(raw()).rows; }

  // First cycle in which the next command can be taken, as far as only time holds it up.
  Cycle offered() const {
    if (command_ == command_count_) return kNever;
    return sequenced_ + 1;
  }

  Cycle tile_room() const {
    const std::size_t depth = static_cast<std::size_t>(rules_.tiles_in_flight);
    if (tiles_.size() < depth) return 0;
    const Tile& tile = tiles_[tiles_.size() - depth];
    return tile.rows_left || tile.reduced == kNever ? kNever : std::max(tile.summed + 1, tile.reduced);
  }

  // The last tile of a block of WG waits for all results of the block before.
  Cycle results_gone() const {
    Cycle cycle = 0;
    for (auto tile = tiles_.rbegin(); tile != tiles_.rend(); ++tile) {
      if (tile->last && tile->rows_left) return kNever;
      if (tile->last) cycle = std::max(cycle, tile->summed + 1);
      if (tile - tiles_.rbegin() + 1 == rules_.tiles_in_flight) break;
    }
    return cycle;
  }

  Cycle half_room() const {
    const std::size_t halves = static_cast<std::size_t>(rules_.b_halves);
    if (line_tiles_.size() < halves) return 0;
    const Tile& tile = tiles_[line_tiles_[line_tiles_.size() - halves]];
    return tile.lines_ended < rules_.lines ? kNever : tile.ended + 1;
  }

  // The balancer takes a channel a cycle, when the table for its group's answers is free: that of the group
  // before last, once all its B rows are in place.
  Cycle group_taken(int channels) const {
    const auto free = group_ < kTables ? 0 : tables_free_[static_cast<std::size_t>(group_ % kTables)];
    return std::max(balanced_ + 1, free) + channels;
  }

  Cycle run_room() const {
    Cycle cycle = 0;
    for (const Line& line : lines_) cycle = std::max(cycle, line.run_room());
    return cycle;
  }

  Cycle next_command() const {
    const Cycle cycle = offered();
    if (cycle == kNever) return kNever;
    switch (op_of(raw())) {
      case Op::kTile: {
        const TileCommand told(raw());
        const Cycle lines = told.intra || group_open_ ? 0 : group_taken(told.channels);
        return std::max({cycle, lines, tile_room(), half_room(), told.intra && told.last ? results_gone() : 0});
      }
      case Op::kSegment: return cycle;
      case Op::kRun:
        if (intra() && rows_given_ < run_rows()) return kNever;
        return std::max({cycle, run_room(), intra() ? beat_sent_row_ + 1 : 0});
      default:
        if (zero_tile_ >= 0 && tiles_[zero_tile_].rows_left) return kNever;
        return std::max({cycle, tile_room(), zero_tile_ >= 0 ? tiles_[zero_tile_].summed + 1 : 0});
    }
  }

  void command(Cycle cycle) {
    switch (op_of(raw())) {
      case Op::kTile: open(cycle); break;
      case Op::kSegment: segment(); break;
      case Op::kRun: run(cycle); break;
      case Op::kZero: open_zero(cycle); break;
    }
    sequenced_ = cycle;
    ++command_;
  }

  void open(Cycle cycle) {
    const TileCommand told(raw());
    Tile tile{told.intra, false, told.last, told.mask, told.rows, told.rows, cycle};
    // The loader needs a cycle even for a tile without B rows.
    const Cycle load = rules_.b_row_cycles * told.taps * told.channels;
    tile.b_loaded = b_loaded_ = std::max(cycle + 1, b_loaded_) + std::max<Cycle>(load, 1);
    if (line_tiles_.empty()) {
      first_load_ = b_loaded_;
      start_ = cycle;
    }
    if (!told.intra) {
      if (!group_open_) balanced_ = group_taken(told.channels) - 1;
      group_open_ = !told.group_end;
      if (told.group_end) tables_free_[static_cast<std::size_t>(group_++ % kTables)] = b_loaded_;
    }
    line_tiles_.push_back(static_cast<int>(tiles_.size()));
    tiles_.push_back(tile);
    tree_.pass();
  }

  void open_zero(Cycle cycle) {
    zero_tile_ = static_cast<int>(tiles_.size());
    zero_row_ = 0;
    tiles_.push_back({false, true, true, 0, run_rows(), run_rows(), cycle});
    tree_.pass();
  }

  SegmentEntry* table(int phase) {
    const auto half = static_cast<std::int64_t>(line_tiles_.size() - 1) % rules_.b_halves;
    return &tables_[static_cast<std::size_t>((half * kPhases + phase) * kMaxParts * rules_.segment_words)];
  }

  void segment() {
    const int words = static_cast<int>(rules_.segment_words);
    const SegmentCommand told(raw(), words);
    SegmentEntry* part = table(told.phase) + told.part * words;
    for (int w = 0; w < words; ++w) part[w] = told.entry(w);
  }

  Run decoded_run(Cycle cycle) {
    const RunCommand told(raw());
    const int tile = line_tiles_.back();
    return {cycle + 1,   tiles_[tile].b_loaded, table(told.phase), told.rows, told.step,
            told.window, told.advance,          told.parts,        tile,      0,
            told.tile_end};
  }

  void run(Cycle cycle) {
    const Run told = decoded_run(cycle);
    Run end = told;
    end.rows = 0;
    for (int l = 0; l < rules_.lines; ++l) {
      if (!intra() && (tiles_[told.tile].mask >> l & 1)) {
        lines_[l].send(told);
      } else if (told.tile_end) {
        lines_[l].send(end);
      } else {
        continue;
      }
      advance(l);
    }
    rows_given_ = 0;
  }

  // -------------------------------------------------------------------------------------------
  // A: rule 3
  // -------------------------------------------------------------------------------------------
  void load_beat() {
    if (beat_ < beat_count_) beat_next_ = Beat(beats_ + beat_ * kBeatRaw);
  }

  // A flows while a tile is open: the first such cycle from `from` on.
  Cycle enabled(Cycle from) {
    const auto over = [&](std::size_t i, Cycle at) {
      const Tile& tile = tiles_[line_tiles_[i]];
      return tile.lines_ended == rules_.lines && tile.ended < at;
    };
    while (flow_tile_ < line_tiles_.size() && over(flow_tile_, beat_sent_)) ++flow_tile_;
    for (std::size_t i = flow_tile_; i < line_tiles_.size(); ++i) {
      if (!over(i, from)) return std::max(from, tiles_[line_tiles_[i]].opened + 1);
    }
    return kNever;
  }

  Cycle next_beat() {
    if (beat_ == beat_count_ || line_tiles_.empty()) return kNever;
    Cycle room = kNever;
    if (!intra()) {
      room = lines_[beat_next_.line].beat_room();
    } else if (!beat_next_.first) {
      room = lines_[row_line_].beat_room();
    } else if (command_ < command_count_ && op_of(raw()) == Op::kRun && rows_given_ < run_rows()) {
      for (const Line& line : lines_) room = std::min(room, std::max(line.beat_room(), line.run_room()));
      room = std::max({room, offered(), committed_[rows_given_]});
    }
    return room == kNever ? kNever : enabled(std::max(beat_sent_ + 1, room));
  }

  void beat(Cycle cycle) {
    if (intra() && beat_next_.first) give_row(cycle);
    const int line = intra() ? row_line_ : beat_next_.line;
    beat_next_.visible = cycle + 1;
    lines_[line].send(beat_next_);
    beat_sent_ = cycle;
    ++beat_;
    load_beat();
    advance(line);
  }

  void give_row(Cycle cycle) {
    Cycle least = kNever;
    for (int l = 0; l < rules_.lines; ++l) {
      if (std::max(lines_[l].beat_room(), lines_[l].run_room()) > cycle) continue;
      const Cycle work = lines_[l].work_in_hand(cycle);
      if (work < least) {
        least = work;
        row_line_ = l;
      }
    }
    Run row = decoded_run(cycle);
    row.rows = 1;
    row.row = rows_given_;
    row.tile_end = false;
    lines_[row_line_].send(row);
    committed_[rows_given_++] = kNever;
    beat_sent_row_ = cycle;
  }

  void advance(int l) {
    Line& line = lines_[l];
    line.advance();
    for (const auto& [index, cycle] : line.tile_ends) {
      Tile& tile = tiles_[index];
      ++tile.lines_ended;
      tile.ended = std::max(tile.ended, cycle);
    }
    line.tile_ends.clear();
  }

  void tree(Cycle cycle) {
    const unsigned left = tree_.step(cycle);
    for (int l = 0; l < rules_.lines; ++l) {
      if (left >> l & 1) advance(l);
    }
  }

  // -------------------------------------------------------------------------------------------
  // Partial sums and results: rules 9 to 11
  // -------------------------------------------------------------------------------------------
  bool zeros() const { return zero_tile_ >= 0 && tiles_[zero_tile_].rows_left; }

  Cycle next_sum() const {
    Cycle cycle = kNever;
    if (!tree_.rows.empty()) cycle = tree_.rows.front().visible;
    if (intra()) {
      for (const Line& line : lines_) {
        if (!line.finished.empty()) cycle = std::min(cycle, line.finished.front().visible);
      }
    }
    if (zeros()) cycle = std::min(cycle, tiles_[zero_tile_].opened + 1);
    return cycle == kNever ? kNever : std::max(cycle, sum_from_);
  }

  // Tries one row: the tree's, else a line's in turn, else one of zeros.
  void sum(Cycle cycle) {
    const bool from_tree = !tree_.rows.empty() && tree_.rows.front().visible <= cycle;
    int line = -1;
    if (!from_tree && intra()) {
      for (int i = 0; i < rules_.lines && line < 0; ++i) {
        const int l = static_cast<int>((turn_ + i) % rules_.lines);
        if (!lines_[l].finished.empty() && lines_[l].finished.front().visible <= cycle) line = l;
      }
    }
    const int index = from_tree ? tree_.rows.front().tile
                      : line >= 0 ? lines_[line].finished.front().tile : zero_tile_;
    const int row = from_tree ? tree_.rows.front().row
                    : line >= 0 ? lines_[line].finished.front().row : zero_row_;
    Tile& tile = tiles_[index];
    sum_from_ = cycle + 1;
    for (const auto& [cycle_before, row_before] : summed_) {
      if (row_before == row && cycle < cycle_before + rules_.sum_cycles) return;
    }
    Cycle& place = places_[results_ % places_.size()];
    if (tile.last && place > cycle) return;

    summed_[sums_++ % summed_.size()] = {cycle, row};
    --tile.rows_left;
    tile.summed = cycle;
    const Cycle written = cycle + rules_.sum_cycles;
    committed_[row] = written;
    if (tile.last) {
      const Cycle leaves = std::max(written, result_left_ + 1);
      result_left_ = leaves + rules_.result_cycles - 1;
      place = result_left_ + 1;
      ++results_;
      --results_left_;
    }
    if (from_tree) {
      tree_.take_row(cycle);
    } else if (line >= 0) {
      lines_[line].take_row(cycle);
      turn_ = line + 1;
      advance(line);
    } else {
      ++zero_row_;
    }
  }

  const Rules& rules_;
  // Streams
  const std::uint32_t* commands_;
  std::int64_t command_count_, command_ = 0;
  const std::uint32_t* beats_;
  std::int64_t beat_count_, beat_ = 0;
  Beat beat_next_;
  Cycle start_ = 0, sequenced_ = -1, beat_sent_ = -1, beat_sent_row_ = -1;
  // Channel groups: tables of lines, the group whose tiles open, the last channel that the balancer took
  static constexpr std::int64_t kTables = 2;
  std::array<Cycle, kTables> tables_free_{};
  std::int64_t group_ = 0;
  bool group_open_ = false;
  Cycle balanced_ = -1;
  // Tiles
  std::vector<Tile> tiles_;
  std::vector<int> line_tiles_;  // those that the lines work on
  std::vector<SegmentEntry> tables_;
  std::size_t flow_tile_ = 0;
  Cycle b_loaded_ = 0, first_load_ = 0;
  // Lines
  std::deque<Line> lines_;
  int row_line_ = 0, rows_given_ = 0;
  std::vector<Cycle> committed_;
  Tree tree_{rules_, tiles_, lines_};
  // Partial sums
  int zero_tile_ = -1, zero_row_ = 0, turn_ = 0;
  Cycle sum_from_ = 0;
  // Rows that were chosen last, and may still be on their way to the memory.
  std::vector<std::pair<Cycle, int>> summed_ =
      std::vector<std::pair<Cycle, int>>(static_cast<std::size_t>(rules_.sum_cycles), {0, -1});
  std::size_t sums_ = 0;
  // Results
  std::vector<Cycle> places_ = std::vector<Cycle>(static_cast<std::size_t>(rules_.result_places), 0);
  std::size_t results_ = 0;
  std::int64_t results_left_ = 0;
  Cycle result_left_ = -1;
};

}  // namespace
}  // namespace schedule

// Fills `out` with: cycle of the first tile, cycles, first load, then line cycles busy, waiting for A, for B and
// for the queue. Returns 0, or 1 if the launch cannot come to its end.
extern "C" int schedule_launch(const std::int64_t* rules, const std::uint32_t* commands,
                               std::int64_t command_count, const std::uint32_t* beats,
                               std::int64_t beat_count, std::int64_t* out) {
  schedule::Rules held;
  std::copy(rules, rules + sizeof(held) / sizeof(std::int64_t), reinterpret_cast<std::int64_t*>(&held));
  schedule::Core core(held, commands, command_count, beats, beat_count);
  if (!core.finish()) return 1;
  const schedule::LineCycles lines = core.line_cycles();
  const std::int64_t values[] = {core.start(), core.cycles(), core.first_load(), lines.busy,
                                 lines.wait_a, lines.wait_b, lines.wait_queue};
  std::copy(std::begin(values), std::end(values), out);
  return 0;
}
