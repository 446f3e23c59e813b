// What a core does around one of its lines: opens tiles, fills their segment tables, loads their B rows, hands
// out their runs, and takes rows, all with random stalls. Python (tb/line/bench.py) sets the pointers.

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>

#include "../simulation.hpp"
#include "Vline_bench.h"
#include "svdpi.h"

namespace {

constexpr int kBeatWords = 11;
constexpr int kTableWords = 5;  // index, then the entries

extern "C" struct Job {
  // Set by Python. Tiles' shares of tables, B rows and runs: [tiles + 1] bounds each.
  const std::uint32_t* beats;
  const std::uint32_t* tables;
  const std::uint32_t* b_rows;  // [., b_words]
  const std::uint64_t* runs;
  const std::int64_t* table_bounds;
  const std::int64_t* b_bounds;
  const std::int64_t* run_bounds;
  std::uint32_t* sums;          // [rows, columns]
  std::uint32_t* tags;          // [rows, 2]: tile, row
  std::int64_t beat_count, tile_count, row_count, b_words, columns, fmt, bias, stall_permille;
  std::uint64_t seed, limit;
  // Set by the bench
  std::int64_t rows_seen, tiles_ended, wrong_ends, narrow, wide, skipped, cycles;
};

Job g_job;
std::uint64_t g_random;
std::int64_t g_beat, g_opened, g_table, g_run, g_b, g_loading;
unsigned g_loaded;

std::unique_ptr<Simulation<Vline_bench>> g_model;

bool stalled() {
  if (g_job.stall_permille == 0) return false;
  g_random ^= g_random << 13;
  g_random ^= g_random >> 7;
  g_random ^= g_random << 17;
  return static_cast<std::int64_t>((g_random >> 24) % 1000) < g_job.stall_permille;
}

bool tick() {
  Vline_bench& model = **g_model;
  model.clk_i = 0;
  model.eval();
  model.clk_i = 1;
  model.eval();
  return !g_model->failed();
}

}  // namespace

extern "C" {

Job* line_job() { return &g_job; }

svBit line_setup(svBit* fmt, unsigned* bias) {
  *fmt = static_cast<svBit>(g_job.fmt);
  *bias = static_cast<unsigned>(g_job.bias);
  return 1;
}

svBit line_beat(svBitVecVal* beat) {
  if (g_beat == g_job.beat_count || g_opened == 0 || stalled()) return 0;
  std::memcpy(beat, g_job.beats + kBeatWords * g_beat++, kBeatWords * sizeof(svBitVecVal));
  return 1;
}

// A tile's table is written when the tile before last has ended; its runs follow.
svBit line_entries(unsigned* index, svBitVecVal* entries) {
  if (g_opened < g_job.tile_count && g_opened - g_job.tiles_ended < 2 && g_table == g_job.table_bounds[g_opened]) {
    g_loaded &= ~(1u << (g_opened & 1));
    ++g_opened;
  }
  if (g_opened == 0 || g_table == g_job.table_bounds[g_opened] || stalled()) return 0;
  const std::uint32_t* entry = g_job.tables + kTableWords * g_table++;
  *index = entry[0];
  std::memcpy(entries, entry + 1, (kTableWords - 1) * sizeof(svBitVecVal));
  return 1;
}

svBit line_run(svBitVecVal* run) {
  // Runs of the tile opened last wait for its whole table; by then those before it have been given out.
  if (g_opened == 0 || g_run == g_job.run_bounds[g_opened] || stalled()) return 0;
  if (g_run >= g_job.run_bounds[g_opened - 1] && g_table != g_job.table_bounds[g_opened]) return 0;
  std::memcpy(run, g_job.runs + g_run++, sizeof(std::uint64_t));
  return 1;
}

svBit line_b_row(unsigned* address, svBitVecVal* row) {
  if (g_loading == g_opened || stalled()) return 0;
  const unsigned half = g_loading & 1;
  *address = half << 6 | static_cast<unsigned>(g_b - g_job.b_bounds[g_loading]);
  std::memcpy(row, g_job.b_rows + g_job.b_words * g_b++, g_job.b_words * sizeof(svBitVecVal));
  return 1;
}

// Asked once a cycle, after the row above: a tile is loaded one cycle after its last row was written.
svBitVecVal line_loaded() {
  const unsigned before = g_loaded;
  if (g_loading < g_opened && g_b == g_job.b_bounds[g_loading + 1]) {
    g_loaded |= 1u << (g_loading & 1);
    ++g_loading;
  }
  return before & g_loaded;
}

svBit line_ready() { return !stalled(); }

void line_tile_end(unsigned parity) {
  g_job.wrong_ends += parity != static_cast<unsigned>(g_job.tiles_ended & 1);
  ++g_job.tiles_ended;
}

svBit line_row(unsigned tile, unsigned row, const svBitVecVal* sum) {
  Job& job = g_job;
  if (job.rows_seen < job.row_count) {
    job.tags[2 * job.rows_seen] = tile;
    job.tags[2 * job.rows_seen + 1] = row;
    std::memcpy(job.sums + job.rows_seen * job.columns, sum, job.columns * sizeof(std::uint32_t));
  }
  return ++job.rows_seen == job.row_count;
}

void line_count(svBit narrow, svBit wide, unsigned skipped) {
  g_job.narrow += narrow;
  g_job.wide += wide;
  g_job.skipped += skipped;
}

// Runs the job: 0 done, 1 hung, 2 an assertion failed (its text is on the standard output).
int line_go() {
  if (!g_model) g_model = std::make_unique<Simulation<Vline_bench>>();
  Vline_bench& model = **g_model;
  g_random = g_job.seed | 1;
  g_beat = g_opened = g_table = g_run = g_b = g_loading = 0;
  g_loaded = 0;
  g_job.rows_seen = g_job.tiles_ended = g_job.wrong_ends = 0;
  g_job.narrow = g_job.wide = g_job.skipped = g_job.cycles = 0;
  model.rst_ni = 0;
  bool good = tick() && tick();
  model.rst_ni = 1;
  while (good && (!model.done_o || g_job.tiles_ended < g_job.tile_count)) {
    if (static_cast<std::uint64_t>(++g_job.cycles) > g_job.limit) return 1;
    good = tick();
  }
  // Whatever comes too much comes now.
  for (int i = 0; good && i < 64; ++i) good = tick();
  if (good) return 0;
  g_model.reset();
  std::fflush(stdout);
  return 2;
}

}  // extern "C"
