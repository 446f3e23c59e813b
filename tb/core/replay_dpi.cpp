// The arrays of a launch, between Python (ctypes) and the harness (DPI).
//
// Python sets pointers to its own arrays; nothing is copied. Everything a launch reports lands in `Launch`,
// whose layout tb/core/device.py mirrors.

#include <cstdint>
#include <cstring>

#include "../tick.hpp"
#include "svdpi.h"

namespace {

constexpr int kCommandWords = 4;
constexpr int kBeatWords = 11;
constexpr int kCostWords = 4;
constexpr int kCounters = 16;

extern "C" struct Launch {
  // Set by Python
  const std::uint32_t* commands;
  const std::uint32_t* beats;
  const std::uint32_t* b_rows;
  const std::uint32_t* costs;
  const std::uint32_t* lines;
  const std::int64_t* block_start;  // first place of each block's rows
  std::uint32_t* results;           // [places, columns]
  std::uint8_t* seen;               // [places, 2]: halves of a row that have arrived
  std::uint64_t* arrivals;          // [places, 2]: at which tick each last did
  std::int64_t command_count, beat_count, b_count, cost_count, block_count, place_count;
  std::int64_t b_words;             // words of a row of B
  std::int64_t columns;             // of the core
  std::int64_t real_columns;        // that count
  std::int64_t fmt, bias, balance;
  std::int64_t stall_permille;      // chance that a stream stalls in a cycle
  std::int64_t stall_streams;       // which streams do, a bit each
  std::uint64_t seed;
  std::uint64_t limit;              // cycles
  std::int64_t resets;              // else the core goes on from the launch before
  // Set by the launch
  std::int64_t commands_taken, beats_taken, b_taken, costs_taken, lines_given, halves;
  std::int64_t block_errors, repeated, line_errors;
  std::int64_t first_line_error;    // index in `lines`, and the line that came
  std::int64_t first_line_answer;
  std::uint64_t cycles;
  std::int64_t timed_out;
  std::uint64_t progress;           // tick at which a word was last given or a result last taken
  std::uint64_t counters[kCounters];
};

Launch g_launch;
std::uint64_t g_random;
std::int64_t g_block;
std::int64_t g_tag;         // of the launch's first block
std::int64_t g_last_count;  // blocks of the launch before

// Streams, by their bit in `stall_streams`.
enum Stream : unsigned { kResults = 0, kCommand = 1, kA = 2, kB = 3, kCost = 4 };

bool stalled(Stream stream) {
  if (g_launch.stall_permille == 0 || !(g_launch.stall_streams >> stream & 1)) return false;
  g_random ^= g_random << 13;
  g_random ^= g_random >> 7;
  g_random ^= g_random << 17;
  return static_cast<std::int64_t>((g_random >> 24) % 1000) < g_launch.stall_permille;
}

template <typename Pointer>
bool give(Stream stream, const Pointer* base, std::int64_t words, std::int64_t count, std::int64_t& taken,
          svBitVecVal* out) {
  if (taken >= count || stalled(stream)) return false;
  std::memcpy(out, base + taken * words, words * sizeof(svBitVecVal));
  ++taken;
  g_launch.progress = tick();
  return true;
}

}  // namespace

extern "C" {

Launch* replay_launch() { return &g_launch; }

svBit replay_begin(svBit* resets, svBit* fmt, unsigned* bias, unsigned* columns, svBit* balance, svBit* stalls,
                   unsigned long long* limit) {
  Launch& l = g_launch;
  l.commands_taken = l.beats_taken = l.b_taken = l.costs_taken = l.lines_given = l.halves = 0;
  l.block_errors = l.repeated = l.line_errors = 0;
  l.first_line_error = l.first_line_answer = -1;
  l.cycles = 0;
  l.timed_out = 0;
  l.progress = 0;
  g_random = l.seed | 1;
  g_block = 0;
  g_tag = l.resets ? 1 : g_tag + g_last_count;
  g_last_count = l.block_count;
  *resets = l.resets != 0;
  *fmt = static_cast<svBit>(l.fmt);
  *bias = static_cast<unsigned>(l.bias);
  *columns = static_cast<unsigned>(l.real_columns);
  *balance = static_cast<svBit>(l.balance);
  *stalls = l.stall_permille != 0;
  *limit = l.limit;
  return 1;
}

svBit replay_command(svBitVecVal* word) {
  Launch& l = g_launch;
  return give(kCommand, l.commands, kCommandWords, l.command_count, l.commands_taken, word);
}

svBit replay_a(svBitVecVal* beat) {
  Launch& l = g_launch;
  return give(kA, l.beats, kBeatWords, l.beat_count, l.beats_taken, beat);
}

svBit replay_b(svBitVecVal* row) {
  Launch& l = g_launch;
  return give(kB, l.b_rows, l.b_words, l.b_count, l.b_taken, row);
}

svBit replay_cost(svBitVecVal* word) {
  Launch& l = g_launch;
  return give(kCost, l.costs, kCostWords, l.cost_count, l.costs_taken, word);
}

svBit replay_ready() { return !stalled(kResults); }

void replay_line(unsigned channel, unsigned line) {
  Launch& l = g_launch;
  const std::int64_t at = l.lines_given++;
  const bool right = at < l.cost_count && l.costs[at * kCostWords] == channel && l.lines[at] == line;
  if (!right && l.line_errors++ == 0) {
    l.first_line_error = at;
    l.first_line_answer = line;
  }
}

svBit replay_result(unsigned block, unsigned row, svBit upper, const svBitVecVal* data) {
  constexpr std::int64_t kBlocks = 16;  // the tag counts blocks from 1 after reset, modulo 16
  Launch& l = g_launch;
  l.progress = tick();
  // Results of neighbouring blocks may interleave: the block nearest to the last one is meant.
  const std::int64_t tag = (static_cast<std::int64_t>(block) + kBlocks - g_tag % kBlocks) % kBlocks;
  std::int64_t ahead = (tag - g_block % kBlocks + kBlocks) % kBlocks;
  if (ahead >= kBlocks / 2) ahead -= kBlocks;
  const std::int64_t index = g_block + ahead;
  const std::int64_t end = index + 1 < l.block_count ? l.block_start[index + 1] : l.place_count;
  if (index < 0 || index >= l.block_count || l.block_start[index] + row >= end) {
    ++l.block_errors;
    return ++l.halves == 2 * l.place_count;
  }
  if (index > g_block) g_block = index;
  const std::int64_t place = l.block_start[index] + row, half = l.columns / 2;
  l.repeated += l.seen[2 * place + upper]++ != 0;
  l.arrivals[2 * place + upper] = tick();
  std::memcpy(l.results + place * l.columns + upper * half, data, half * sizeof(std::uint32_t));
  return ++l.halves == 2 * l.place_count;
}

void replay_counter(unsigned index, unsigned long long value) {
  if (index < kCounters) g_launch.counters[index] = value;
}

void replay_end(unsigned long long cycles, svBit timed_out) {
  g_launch.cycles = cycles;
  g_launch.timed_out = timed_out;
}

}  // extern "C"
