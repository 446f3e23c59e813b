// One line of a sparse core as a recurrence in time: beats to ring words to parts of rows to finished rows.
//
// Nothing in a line depends on who comes first, so each step's cycle is the maximum over what it waits for;
// a line is carried forward as far as what is known of the rest of the core allows. Rule numbers are those
// of docs/core.md.

#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "schedule_streams.hpp"

namespace schedule {

using Cycle = std::int64_t;
constexpr Cycle kNever = INT64_MAX / 4;

// Sizes and rates of the rules; golden/schedule.py gives them by name, in this order.
struct Rules {
  std::int64_t lines, segment_words, ring_words, row_queue, run_queue;
  std::int64_t b_halves, b_row_cycles, tiles_in_flight, beat_queue, unpack_words, row_latency,
      tree_cycles, sum_cycles, result_places, result_cycles, tree_levels;
};

// What a line is told: rows a step apart, one row of WG, or only the end of a tile (no rows).
struct Run {
  Cycle visible;
  Cycle b_loaded;  // the tile's B rows are in place
  const SegmentEntry* table;
  int rows, step, window, advance, parts;
  int tile, row;
  bool tile_end;
};

struct FinishedRow {
  Cycle visible;
  int tile, row;
};

// Line cycles by what they were spent on; the rest are idle.
struct LineCycles {
  Cycle busy = 0, wait_a = 0, wait_b = 0, wait_queue = 0;
};

class Line {
 public:
  explicit Line(const Rules& rules)
      : rules_(rules),
        words_(static_cast<std::size_t>(rules.ring_words)),
        left_(static_cast<std::size_t>(rules.row_queue)),
        popped_beats_(static_cast<std::size_t>(rules.beat_queue)),
        popped_runs_(static_cast<std::size_t>(rules.run_queue)) {}

  std::deque<FinishedRow> finished;
  LineCycles cycles;
  std::vector<std::pair<int, Cycle>> tile_ends;  // (tile, cycle), for the core to collect

  // First cycle in which the queue of beats or of runs has room; kNever while that is not known.
  Cycle beat_room() const { return room(popped_beats_, sent_beats_, taken_beats_); }
  Cycle run_room() const { return room(popped_runs_, sent_runs_, taken_runs_); }

  void send(const Beat& beat) {
    beats_.push_back(beat);
    sent_work_ += beat.work();
    ++sent_beats_;
  }
  void send(const Run& run) {
    runs_.push_back(run);
    ++sent_runs_;
  }

  // The row at the head of the queue of finished rows leaves in `cycle`.
  void take_row(Cycle cycle) {
    finished.pop_front();
    left_[left_count_++ % left_.size()] = cycle;
  }

  // Cycles of elements sent and not yet issued when `cycle` begins.
  Cycle work_in_hand(Cycle cycle) const { return sent_work_ - issued_before(cycle); }

  void advance() {
    for (bool moved = true; moved;) {
      unpack();
      moved = false;
      while (fetch() || walk()) moved = true;
    }
  }

 private:
  struct Word {
    int issue = 0;
    Cycle visible = 0;
  };
  struct Part {
    Cycle visible;
    int issue, release, tile, row;
    bool row_end, tile_end;
  };
  struct Release {
    std::int64_t words;  // freed since the start
    Cycle visible;
  };
  // A part in the walker, and the waiting for the queue before it; `_before` sums over all earlier ones.
  struct Walked {
    Cycle start, issue, issue_before;
    Cycle wait_from, wait, wait_before;
  };
  static constexpr std::size_t kHistory = 128;  // no one asks further back than the queues are long

  static Cycle room(const std::vector<Cycle>& popped, std::int64_t sent, std::int64_t taken) {
    const auto depth = static_cast<std::int64_t>(popped.size());
    if (sent < depth) return 0;
    return sent - depth < taken ? popped[static_cast<std::size_t>((sent - depth) % depth)] + 1 : kNever;
  }

  // Rule 4: some words a cycle while the ring has room, and not across a ring row.
  void unpack() {
    const int rate = static_cast<int>(rules_.unpack_words);
    for (;;) {
      if (beat_next_ == beat_.words) {
        if (beats_.empty()) return;
        beat_ = beats_.front();
        beats_.pop_front();
        beat_next_ = 0;
        const Cycle popped = std::max(beat_.visible, unpacked_);
        popped_beats_[static_cast<std::size_t>(taken_beats_++) % popped_beats_.size()] = popped;
        unpacked_ = popped;
      }
      const int count = std::min(beat_.words - beat_next_, rate - static_cast<int>(written_ % rate));
      const std::int64_t needed = written_ + count - rules_.ring_words;
      Cycle cycle = unpacked_ + 1;
      if (needed > 0) {
        while (!releases_.empty() && releases_.front().words < needed) releases_.pop_front();
        if (releases_.empty()) return;
        cycle = std::max(cycle, releases_.front().visible);
      }
      for (int i = 0; i < count; ++i) word(written_++) = {beat_.issue[beat_next_++], cycle + 1};
      unpacked_ = cycle;
    }
  }

  // Rule 5: the next part of a row, when the B rows are loaded and the row's last word is in the ring.
  bool fetch() {
    if (held_ || runs_.empty()) return false;
    const Run& run = runs_.front();
    const Cycle begin = std::max(fetched_ + 1, run.visible);
    Cycle cycle = std::max(begin, walker_took_);
    const bool reads = run.rows != 0 && run.parts != 0;
    if (run.rows != 0) cycle = std::max(cycle, run.b_loaded);
    Cycle arrived = 0;
    if (reads) {
      const std::int64_t last = base_ + run.window - 1;
      if (last >= written_) return false;
      arrived = word(last).visible;
      cycle = std::max(cycle, arrived);
    }
    if (run.rows != 0) cycles.wait_b += wasted(begin, run.b_loaded);
    cycles.wait_a += wasted(std::max(begin, run.b_loaded), arrived);
    const bool last_part = part_ + 1 >= run.parts;
    const bool last_row = row_ + 1 >= run.rows;
    const int passed = run.rows == 0 ? 0 : last_row ? run.advance : run.step;
    int issue = 0;
    if (reads) {
      const SegmentEntry* entry = run.table + part_ * rules_.segment_words;
      for (int w = 0; w < rules_.segment_words; ++w) {
        if (entry[w].valid) issue += word(base_ + entry[w].offset).issue;
      }
    }
    if (issue || last_part) {
      held_ = true;
      part_held_ = {cycle + 1, issue, last_part ? passed : 0, run.tile, run.row + row_,
                    last_part && run.rows != 0, last_part && last_row && run.tile_end};
    }
    fetched_ = cycle;
    part_ = last_part ? 0 : part_ + 1;
    if (last_part) {
      base_ += passed;
      row_ = last_row ? 0 : row_ + 1;
      if (last_row) {
        popped_runs_[static_cast<std::size_t>(taken_runs_++) % popped_runs_.size()] = cycle;
        runs_.pop_front();
      }
    }
    return true;
  }

  // Rules 6 and 7: the part enters the walker, which is then busy for its elements.
  bool walk() {
    if (!held_) return false;
    const Part& part = part_held_;
    Cycle cycle = std::max(part.visible, walker_free_);
    const Cycle ready = std::max(part.visible, walker_free_ + (walker_issued_ ? 1 : 0));
    Cycle wait = 0;
    if (part.row_end) {
      const std::uint64_t depth = left_.size();
      if (rows_ended_ >= depth) {
        if (left_count_ <= rows_ended_ - depth) return false;
        const Cycle place = left_[(rows_ended_ - depth) % depth] + 1;
        wait = std::max<Cycle>(0, place - ready);
        cycle = std::max(cycle, place);
      }
      ++rows_ended_;
    }
    const Cycle done = cycle + std::max(part.issue, 1);
    remember(cycle + 1, part.issue, ready, wait);
    cycles.busy += part.issue;
    cycles.wait_queue += wait;
    if (part.release) releases_.push_back({released_ += part.release, done + 1});
    if (part.row_end) finished.push_back({done + rules_.row_latency, part.tile, part.row});
    if (part.tile_end) tile_ends.emplace_back(part.tile, done);
    walker_took_ = cycle;
    walker_free_ = done;
    walker_issued_ = part.issue != 0;
    held_ = false;
    return true;
  }

  Word& word(std::int64_t index) { return words_[static_cast<std::size_t>(index % rules_.ring_words)]; }

  void remember(Cycle start, Cycle issue, Cycle wait_from, Cycle wait) {
    history_[walked_++ % kHistory] = {start, issue, issued_, wait_from, wait, waited_};
    issued_ += issue;
    waited_ += wait;
  }

  // The last part that had begun (its issue, or its wait) before `cycle`.
  template <typename Begin>
  const Walked* find_before(Cycle cycle, Begin begin) const {
    for (std::size_t i = 1; i <= std::min(walked_, kHistory); ++i) {
      const Walked& walked = history_[(walked_ - i) % kHistory];
      if (begin(walked) < cycle) return &walked;
    }
    return nullptr;
  }
  Cycle issued_before(Cycle cycle) const {
    const Walked* at = find_before(cycle, [](const Walked& w) { return w.start; });
    return at ? at->issue_before + std::min(at->issue, cycle - at->start) : 0;
  }
  Cycle waited_before(Cycle cycle) const {
    const Walked* at = find_before(cycle, [](const Walked& w) { return w.wait_from; });
    return at ? at->wait_before + std::min(at->wait, cycle - at->wait_from) : 0;
  }
  // Cycles of [from, to) in which the walker neither issues nor waits for the queue.
  Cycle wasted(Cycle from, Cycle to) const {
    if (to <= from) return 0;
    return to - from - (issued_before(to) - issued_before(from)) - (waited_before(to) - waited_before(from));
  }

  const Rules& rules_;
  // Beats and ring
  std::deque<Beat> beats_;
  Beat beat_;
  int beat_next_ = 0;
  Cycle unpacked_ = 0;
  std::vector<Word> words_;
  std::int64_t written_ = 0, released_ = 0;
  std::deque<Release> releases_;
  // Runs and parts
  std::deque<Run> runs_;
  int row_ = 0, part_ = 0;
  std::int64_t base_ = 0;
  Cycle fetched_ = -1;
  bool held_ = false;
  Part part_held_{};
  // Walker
  Cycle walker_took_ = 0, walker_free_ = 0;
  bool walker_issued_ = false;
  std::uint64_t rows_ended_ = 0, left_count_ = 0;
  std::vector<Cycle> left_;
  // Queues' heads, and what was sent
  std::vector<Cycle> popped_beats_, popped_runs_;
  std::int64_t sent_beats_ = 0, taken_beats_ = 0, sent_runs_ = 0, taken_runs_ = 0;
  Cycle sent_work_ = 0, issued_ = 0, waited_ = 0;
  std::size_t walked_ = 0;
  Walked history_[kHistory];
};

}  // namespace schedule
