// Executes one job: the items of C move A to the PE lines' rings and B to their memories, and add up rows.
//
// Everything happens in the order of the items; only that order decides which operands meet. What an item
// says is checked against all that came before it: `Cause::kItem` with the reason. (The hardware notices a
// part of that at once, and waits in vain or has operands left over after some of the rest: docs/chip.md.)

#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "chip_balancer.hpp"
#include "chip_descriptor.hpp"
#include "chip_operand_a.hpp"
#include "chip_streams.hpp"
#include "chip_tile.hpp"

namespace chip {

class JobRunner {
 public:
  JobRunner(const Memory& memory, const Layer& layer, const Sizes& sizes, const Job& job)
      : layer_(layer),
        sizes_(sizes),
        rows_(job.rows),
        items_(memory.read(job.streams[kC], kStreamNames[kC])),
        item_bytes_(job.streams[kC].bytes),
        a_(BlockReader(memory.read(job.streams[kA], kStreamNames[kA]), job.streams[kA].bytes, layer.a,
                       kStreamNames[kA]),
           layer.wg, sizes.lines, sizes.rows),
        b_(memory.read(job.streams[kB], kStreamNames[kB]), job.streams[kB].bytes, layer.b, kStreamNames[kB]),
        tile_(std::make_unique<Tile>()),
        sums_(static_cast<std::size_t>(job.rows)) {}

  // Partial sums of the job's rows after its last tile.
  const std::vector<Row>& run() {
    if (item_bytes_ == 0) return sums_;  // a job of zeros
    require_item(item_bytes_ % kItemBytes == 0, "stream C is no whole number of items");
    const std::int64_t count = item_bytes_ / kItemBytes;
    std::int64_t index = 0;
    try {
      for (; index < count; ++index) {
        require(!done_, Cause::kStreamLength, "items remain after the job's last tile");
        step(Item(items_ + index * kItemBytes));
      }
    } catch (Fault& fault) {
      fault.message = "item " + std::to_string(index) + ": " + fault.message;
      throw;
    }
    require(done_, Cause::kStreamLength, "stream C ends before the job's last tile");
    require(b_.ended(), Cause::kStreamLength, "bytes of stream B remain");
    require(a_.ended(), Cause::kStreamLength, "bytes of stream A remain");
    require_item(groups_.empty() && !balancer_.open(),
                 "channels were given to PE lines for a tile that never came");
    require_item(a_.unit_rows.empty(), "rows of A remain that no run took");
    for (int line = 0; line < sizes_.lines; ++line) {
      require_item(base_[at(line)] == static_cast<std::int64_t>(a_.ring(line).size()),
                   "words of A remain that no run passed, or a run advanced beyond them");
    }
    return sums_;
  }

  const Elements& elements() const { return elements_; }

 private:
  static std::size_t at(int index) { return static_cast<std::size_t>(index); }
  std::uint32_t all_lines() const { return (1u << sizes_.lines) - 1; }

  void step(const Item& it) {
    switch (it.op()) {
      case Op::kTile:
        return open_tile(it);
      case Op::kSegment:
        return write_segment(it);
      case Op::kRun:
        return layer_.wg ? run_intra(it) : run_inter(it);
      case Op::kZero:
        return require_item(false, "Zero is no item of a job: one of zeros has no stream C");
      case Op::kCost:
        return cost(it);
      case Op::kFeed:
        return a_.feed(it);
      case Op::kFeedRows:
        return a_.feed_rows(it);
      case Op::kBase:
        return a_.base(it);
    }
  }

  // ------------------------------------------------------------------------------------------------
  // Operands
  // ------------------------------------------------------------------------------------------------

  void cost(const Item& it) {
    require_item(!layer_.wg, "Cost in WG");
    require_item(it.clear(104), "Cost has a bit set that has no name");
    const int depth = it.field(96, 6);
    const bool two = it.field(102, 1), last = it.field(103, 1);
    require_item(depth >= 1 && depth <= sizes_.rows,
                 "Cost has PE lines that hold no channel, or more than B rows");
    if (!balancer_.open()) balancer_.begin(sizes_.lines, depth, layer_.balancer);
    balancer_.add(it.field(0, 16), it.wide_field(16, 32), depth);
    if (two) balancer_.add(it.field(48, 16), it.wide_field(64, 32), depth);
    if (last) groups_.push_back(balancer_.finish());
  }

  // ------------------------------------------------------------------------------------------------
  // Commands of the core
  // ------------------------------------------------------------------------------------------------

  void open_tile(const Item& it) {
    require_item(!open_, "Tile while another one is open");
    require_item(it.clear(50), "Tile has a bit set that has no name");
    Tile& tile = *tile_;
    tile.line_mask = it.wide_field(0, 16);
    const int rows = it.field(16, 8), depth = it.field(24, 6), channels = it.field(36, 10);
    tile.taps = it.field(30, 6);
    tile.group_end = it.field(46, 1);
    tile.last = it.field(47, 1);
    tile.first = it.field(48, 1);
    tile.rows_done = 0;
    require_item(it.field(49, 1) == layer_.wg, "Tile is of the other kind than its descriptor");
    require_item(rows == rows_, "Tile has another number of rows than its job");
    require_item(tile.line_mask != 0 && (tile.line_mask & ~all_lines()) == 0,
                 "Tile names no PE line, or one that the core does not have");
    require_item(tile.taps != 0 && depth != 0 && channels != 0, "Tile without taps or channels");
    require_item(tile.taps * depth <= sizes_.rows, "Tile has more B rows than a PE line holds");
    require_item(tile.first == !begun_,
                 "Tile that is not the job's first starts its sums at +0, or the first one does not");
    for (auto& phase : tile.written) phase.fill(false);
    if (layer_.wg) {
      require_item(channels == 1 && depth == 1, "Tile of WG has other channels than one");
      load_pixels(tile);
    } else {
      require_item(!groups_.empty(), "Tile before the channels of its group have PE lines");
      load_channels(tile, depth, channels);
    }
    open_ = begun_ = true;
  }

  void load_pixels(Tile& tile) {
    tile.finite = true;
    tile.b[0].fill(Row{});
    for (int pixel = 0; pixel < tile.taps; ++pixel) take_b_row(tile, tile.b[0][at(pixel)]);
    tile.loaded.fill(rows_mask(tile.taps));
  }

  // Rows of B come channel by channel, tap by tap; a channel's place in its PE line follows from the
  // balancer.
  void load_channels(Tile& tile, int depth, int channels) {
    const Group& group = groups_.front();
    require_item(static_cast<int>(group.line.size()) == channels && group.depth == depth,
                 "Tile and the costs of its group name different channels");
    require_item(group.line_mask == tile.line_mask,
                 "Tile names other PE lines than those that the balancer chose");
    tile.finite = true;
    tile.loaded.fill(0);
    for (int line = 0; line < sizes_.lines; ++line) {
      if (tile.line_mask >> line & 1) tile.b[at(line)].fill(Row{});
    }
    for (int channel = 0; channel < channels; ++channel) {
      const int line = group.line[at(channel)];
      for (int tap = 0; tap < tile.taps; ++tap) {
        const int row = tap * depth + group.rank[at(channel)];
        take_b_row(tile, tile.b[at(line)][at(row)]);
        tile.loaded[at(line)] |= std::uint64_t{1} << row;
      }
    }
    if (tile.group_end) groups_.pop_front();
  }

  static std::uint64_t rows_mask(int count) {
    return count == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
  }

  void take_b_row(Tile& tile, Row& row) {
    b_.take(sizes_.columns, block_);
    for (int column = 0; column < sizes_.columns; ++column) {
      const float value = block_.value[at(column)];
      row.v[column / kLanes][column % kLanes] = value;
      // An infinity or NaN less itself is NaN.
      if (value - value != 0.0f) tile.finite = false;
    }
  }

  void write_segment(const Item& it) {
    require_item(open_, "Segment without an open tile");
    const int entries = sizes_.rows / kWordLen;
    const int index = kEntryBits * entries;
    require_item(it.clear(index + 4), "Segment has a bit set that has no name");
    const std::size_t part = at(it.field(index, 2)), phase = at(it.field(index + 2, 2));
    std::vector<Place>& places = tile_->table[phase][part];
    places.clear();
    for (int entry = 0; entry < entries; ++entry) {
      const int low = kEntryBits * entry;
      if (it.field(low + 12, 1)) {
        places.push_back({it.field(low + 6, 6), it.field(low, 6)});
      } else {
        require_item(it.clear(low, low + 12), "Segment has an entry that is not valid and not 0");
      }
    }
    tile_->written[phase][part] = true;
  }

  struct Run {
    bool tile_end;
    int rows, step, advance;
    std::vector<Place> places;
    int window;
  };

  Run decode_run(const Item& it) const {
    require_item(open_, "Run without an open tile");
    require_item(it.clear(35), "Run has a bit set that has no name");
    Run run;
    run.tile_end = it.field(0, 1);
    const int parts = it.field(1, 3);
    const std::size_t phase = at(it.field(4, 2));
    run.window = it.field(6, 7);
    run.step = it.field(13, 7);
    run.rows = it.field(20, 8);
    run.advance = it.field(28, 7);
    require_item(run.rows != 0 && parts <= kParts, "Run without rows, or with more than four parts");
    const int done = tile_->rows_done + run.rows;
    require_item(done <= rows_ && run.tile_end == (done == rows_),
                 "the runs of a tile do not make up the job's rows");
    for (int part = 0; part < parts; ++part) {
      require_item(tile_->written[phase][at(part)], "Run needs a segment that its tile did not write");
      for (const Place& place : tile_->table[phase][at(part)]) {
        require_item(place.offset < run.window, "Run needs a word outside its window");
        run.places.push_back(place);
      }
    }
    return run;
  }

  void run_inter(const Item& it) {
    const Run run = decode_run(it);
    for (int line = 0; line < sizes_.lines; ++line) {
      if (!(tile_->line_mask >> line & 1)) continue;
      const std::int64_t last = base_[at(line)] + (run.rows - 1) * run.step;
      // A row without parts meets nothing, and waits for nothing.
      if (!run.places.empty() && last + run.window > static_cast<std::int64_t>(a_.ring(line).size())) {
        fail(Cause::kItem, "Run needs " + std::to_string(last + run.window) + " words in PE line " +
                               std::to_string(line) + ", Feed brought " +
                               std::to_string(a_.ring(line).size()));
      }
    }
    std::array<Row, kMaxLines> sums;
    for (int row = 0; row < run.rows; ++row) {
      sums.fill(Row{});
      for (int line = 0; line < sizes_.lines; ++line) {
        if (!(tile_->line_mask >> line & 1) || run.places.empty()) continue;
        const Word* words = a_.ring(line).data() + base_[at(line)] + row * run.step;
        sums[at(line)] = tile_->sum(line, words, run.places, elements_);
      }
      // ((0+1)+(2+3))+((4+5)+(6+7))
      for (int width = sizes_.lines; width > 1; width /= 2) {
        for (int i = 0; i < width / 2; ++i) {
          sums[at(i)] = sums[at(2 * i)];
          sums[at(i)] += sums[at(2 * i + 1)];
        }
      }
      sums_[at(tile_->rows_done + row)] += sums[0];
    }
    for (int line = 0; line < sizes_.lines; ++line) {
      if (tile_->line_mask >> line & 1) base_[at(line)] += (run.rows - 1) * run.step + run.advance;
    }
    end_run(run);
  }

  void run_intra(const Item& it) {
    const Run run = decode_run(it);
    require_item(!a_.unit_rows.empty(), "Run needs rows that no FeedRows brought");
    const OperandA::UnitRows& rows = a_.unit_rows.front();
    require_item(run.rows == rows.count, "Run has another number of rows than its FeedRows");
    require_item(run.window == rows.words, "Run has another number of words than the rows of its FeedRows");
    for (int row = 0; row < run.rows; ++row) {
      const Word* words = &rows.list[at(row * rows.words)];
      sums_[at(tile_->rows_done + row)] += tile_->sum(0, words, run.places, elements_);
    }
    a_.unit_rows.pop_front();
    end_run(run);
  }

  void end_run(const Run& run) {
    tile_->rows_done += run.rows;
    if (!run.tile_end) return;
    open_ = false;
    done_ = tile_->last;
  }

  static constexpr int kEntryBits = 13;  // of a segment: valid, offset, first B row

  const Layer& layer_;
  const Sizes& sizes_;
  const int rows_;
  const std::uint8_t* items_;
  const std::int64_t item_bytes_;
  OperandA a_;
  BlockReader b_;
  Block block_;
  Balancer balancer_;
  std::deque<Group> groups_;  // that have PE lines, and a tile still to come
  std::array<std::int64_t, kMaxLines> base_{};
  std::unique_ptr<Tile> tile_;
  bool open_ = false;   // a tile waits for runs
  bool begun_ = false;  // there was a tile
  bool done_ = false;   // the last tile has ended
  std::vector<Row> sums_;
  Elements elements_;
};

}  // namespace chip
