// Streams through a buffer and a window against their bytes, and blocks taken apart.

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "../simulation.hpp"
#include "Vparts_bench.h"
#include "Vparts_bench___024root.h"

namespace {
constexpr int kTags = 32;
constexpr int kLineBytes = 64;
constexpr int kWaves = 4;  // a stream's is its number

struct Burst {
  int tag, beats, sent;
  std::int64_t line;
};

// Ports of up to 64 bits are numbers, wider ones arrays of words.
template <typename Port>
void load(Port& port, const std::uint8_t* bytes, std::size_t size) {
  std::memset(&port, 0, sizeof port);
  std::memcpy(&port, bytes, size);
}
template <typename Port>
const std::uint8_t* bytes_of(const Port& port) {
  return reinterpret_cast<const std::uint8_t*>(&port);
}
}  // namespace

// What went wrong first: 0 nothing, 1 hung, 2 an assertion, 3 bytes, 4 the end, 5 what the fetch state says,
// 6 low or fetched.
extern "C" struct StreamRun {
  const std::uint8_t* memory;
  const std::uint32_t* streams;  // first line and bytes of each
  std::int64_t count, first_line, stall, take_all;  // the memory lies from that line on
  std::uint64_t seed;
  std::int64_t limit, status, stream, cycles, lines;
};

extern "C" void parts_streams(StreamRun* run) {
  Simulation<Vparts_bench> model;
  std::uint64_t random = run->seed * 0x9E3779B97F4A7C15u | 1;
  const auto draw = [&](std::uint32_t below) {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    return static_cast<std::uint32_t>((random >> 32) % below);
  };
  const auto stalls = [&] { return draw(1000) < static_cast<std::uint32_t>(run->stall); };
  const auto lines_of = [&](std::int64_t stream) { return (run->streams[2 * stream + 1] + kLineBytes - 1) / kLineBytes; };

  std::vector<Burst> bursts;
  std::array<bool, kTags> used{};
  std::int64_t started = 0, asked = 0, asked_lines = 0, taken = 0, position = 0;
  const auto skip_empty = [&](std::int64_t& stream) {
    while (stream < run->count && run->streams[2 * stream + 1] == 0) ++stream;
  };
  run->status = 1;
  run->lines = 0;
  model->rst_ni = 0;
  model->eval();
  model->rst_ni = 1;
  const auto fail = [&](int status) {
    if (run->status == 1) run->status = status;
  };
  skip_empty(asked);
  skip_empty(taken);
  for (run->cycles = 0; run->cycles < run->limit && run->status == 1; ++run->cycles) {
    model->clk_i = 0;
    model->grant_i = model->fill_valid_i = model->start_valid_i = model->flush_i = 0;
    model->take_i = 0;
    model->eval();
    // The fetch state: the stream being asked for, and the one behind it.
    const bool active = asked < started;
    std::int64_t behind = active ? asked + 1 : asked;
    skip_empty(behind);
    if (model->fetch_active_o != active || (active && model->fetch_base_o != run->streams[2 * asked]) ||
        (active && model->fetch_next_o != run->streams[2 * asked] + asked_lines) ||
        model->fetch_pending_o != (behind < started) ||
        (behind < started && model->fetch_pending_base_o != run->streams[2 * behind]) ||
        (active && model->fetch_wave_o != asked % kWaves) || (behind < started && model->fetch_pending_wave_o != behind % kWaves))
      fail(5);
    const bool pending = model->fetch_pending_o;
    if (model->fetched_o != !active) fail(6);
    if (active && model->low_o != (!pending && 2 * (lines_of(asked) - asked_lines) <= lines_of(asked))) fail(6);

    if (started < run->count && !stalls()) {
      model->start_valid_i = 1;
      model->start_line_i = run->streams[2 * started];
      model->start_bytes_i = run->streams[2 * started + 1];
      model->start_wave_i = started % kWaves;
    }
    if (!bursts.empty() && !stalls()) {
      auto& burst = bursts[draw(static_cast<std::uint32_t>(bursts.size()))];
      model->fill_valid_i = 1;
      model->fill_tag_i = burst.tag;
      model->fill_index_i = burst.sent;
      std::memcpy(&model->fill_data_i, run->memory + (burst.line - run->first_line + burst.sent) * kLineBytes, kLineBytes);
      if (++burst.sent == burst.beats) {
        used[burst.tag] = false;
        burst = bursts.back();
        bursts.pop_back();
      }
    }
    const int tag = draw(kTags);
    if (model->fetch_valid_o && !used[tag] && !stalls()) {
      used[tag] = true;
      // Any other line is wrong, and may not be in the memory.
      if (!active || model->fetch_next_o != run->streams[2 * asked] + asked_lines) {
        fail(5);
        break;
      }
      bursts.push_back({tag, model->fetch_beats_o, 0, model->fetch_next_o});
      run->lines += model->fetch_beats_o;
      model->grant_i = 1;
      model->grant_tag_i = tag;
      asked_lines += model->fetch_beats_o;
    }
    // The window shows the stream's next bytes; a random number of them is used up.
    const std::int64_t count = model->count_o;
    if (taken < run->count) {
      const std::int64_t left = run->streams[2 * taken + 1] - position;
      const auto* expected = run->memory + (run->streams[2 * taken] - run->first_line) * kLineBytes + position;
      if (count > left || std::memcmp(bytes_of(model->window_o), expected, count) != 0) fail(3);
      if (model->end_o && count != left) fail(4);
      if (!stalls()) {
        const std::int64_t take = run->take_all ? count : draw(static_cast<std::uint32_t>(count + 1));
        model->take_i = take;
        position += take;
        if (model->end_o && take == count && (run->take_all || draw(2))) {
          model->flush_i = 1;
          position = 0;
          skip_empty(++taken);
        }
      }
    } else if (count != 0 || model->end_o) {
      fail(4);
    }
    model->eval();
    if (model->start_valid_i && model->start_ready_o) ++started;
    if (asked < started && asked_lines == lines_of(asked)) {
      asked_lines = 0;
      skip_empty(++asked);
    }
    if (started == run->count && taken == run->count && model->idle_o) fail(0);
    model->clk_i = 1;
    model->eval();
    if (model.failed()) {
      run->status = 2;
      std::fflush(stdout);
    }
  }
  run->stream = taken;
}

extern "C" void parts_block(const std::uint8_t* block, std::int64_t size, std::int64_t elements, std::uint64_t* masks,
                            std::uint16_t* values, std::int64_t* length, std::int64_t* fill) {
  static Simulation<Vparts_bench> model;
  load(model->block_i, block, size);
  model->elements_i = elements;
  model->eval();
  masks[0] = model->mask_o;
  masks[1] = model->group_o;
  std::memcpy(values, bytes_of(model->values_o), 2 * elements);
  *length = model->length_o;
  *fill = model->fill_o;
}

// What a stream buffer says when of a stream of so many bytes so many lines are left: before a grant, some cycles
// later, and after it (four each: low, fetched, lines left, lines of the next chunk). Returns whether an assertion failed.
extern "C" int parts_left(std::uint32_t bytes, std::uint32_t left, std::int64_t* said) {
  static Simulation<Vparts_bench> model;
  const auto clock = [&] {
    model->clk_i = 0;
    model->eval();
    model->clk_i = 1;
    model->eval();
  };
  const auto tell = [&] {
    model->clk_i = 0;
    model->eval();
    *said++ = model->low_o;
    *said++ = model->fetched_o;
    *said++ = model->rootp->parts_bench__DOT__i_buffer__DOT__left_q;
    *said++ = model->fetch_beats_o;
  };
  model->grant_i = model->fill_valid_i = model->flush_i = model->take_i = 0;
  model->rst_ni = 0;
  clock();
  model->rst_ni = 1;
  model->start_valid_i = 1;
  model->start_line_i = 0;
  model->start_bytes_i = bytes;
  clock();
  model->start_valid_i = 0;
  model->rootp->parts_bench__DOT__i_buffer__DOT__left_q = left;
  tell();
  clock();
  clock();
  tell();
  model->grant_i = 1;
  model->grant_tag_i = 0;
  clock();
  model->grant_i = 0;
  tell();
  std::fflush(stdout);
  return model.failed();
}
