// What stands around the result path: a dispatcher of jobs, cores with results, a memory that answers reads in
// any order and takes writes, all with random stalls. Python (tb/result/bench.py) sets the pointers.

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "../simulation.hpp"
#include "Vresult_bench.h"
#include "Vresult_bench___024root.h"

namespace {

constexpr int kLineBytes = 64;
constexpr int kLineWords = 16;
constexpr int kTags = 32;
constexpr int kKinds = 42;
constexpr int kBins = 40;
// Cycles that a broken job is watched for after its error.
constexpr int kAftermath = 300;

extern "C" struct JobWords {
  std::int64_t core, index, zero, rows, wave, d_line, d_bytes, out_line, out_bytes, first_row, rows_given;
};

extern "C" struct Run {
  // Set by Python
  const JobWords* jobs;           // in the order of dealing
  const std::uint8_t* row_index;  // [rows of all jobs]
  const std::uint32_t* results;   // [rows of all jobs, 2 * pes]
  std::uint8_t* memory;           // [lines * 64]
  std::uint8_t* touched;          // [lines * 64]: how often each byte was written
  const std::uint32_t* counted;   // [kKinds]: what the first path's histogram begins with; null: as it was cleared
  std::int64_t job_count, lines, cores, pes, first_line;  // the memory lies from this line on
  std::int64_t first_index;  // number that the first job of all has
  std::int64_t mode, fmt, bias, scale_bias, residual, relu, mask, columns, records;
  std::int64_t job_stall, result_stall, grant_stall, fill_stall, write_stall;  // of 1000
  std::uint64_t seed, limit;
  // Set by the bench
  std::int64_t status;  // 0 done, 1 hung, 2 an assertion failed, 3 a write outside the memory, 4 an error came
  std::int64_t cycles, done, cause, error_job, reads, writes, half_rows, first_half, last_half;
  std::int64_t order;  // of the rows that were taken and the lines that were written: differs if they do
  std::int64_t histogram[kKinds];
};

extern "C" struct Threshold {
  std::int64_t bins[kBins];
  std::int64_t numerator, denominator, fmt, held;  // held: cycles that the start is held for, 1 if all is well
  std::int64_t exponent, bias, cycles, failed;
};

Run g_run;
Threshold g_threshold;
std::uint64_t g_random;
std::unique_ptr<Simulation<Vresult_bench>> g_model;

std::uint32_t draw() {
  g_random ^= g_random << 13;
  g_random ^= g_random >> 7;
  g_random ^= g_random << 17;
  return static_cast<std::uint32_t>(g_random >> 24);
}

bool stalls(std::int64_t permille) { return permille != 0 && static_cast<std::int64_t>(draw() % 1000) < permille; }

void reset_model() {
  auto& m = **g_model;
  m.rst_ni = 0;
  m.clk_i = 0;
  m.eval();
  m.clk_i = 1;
  m.eval();
  m.rst_ni = 1;
}

// A core and the rows that it has to give.
struct Core {
  std::vector<int> jobs;
  std::size_t job = 0;
  std::int64_t row = 0;
  bool upper = false, offered = false;
};

struct Burst {
  bool used = false;
  std::uint64_t members = 0;
  std::int64_t line = 0;
};

}  // namespace

extern "C" {

Run* result_run() { return &g_run; }

Threshold* result_threshold() { return &g_threshold; }

// A new path, or (`again`) the same one, whatever it is at. Returns whether the histogram is not empty after it.
int result_reset(int again) {
  if (!again || !g_model) g_model = std::make_unique<Simulation<Vresult_bench>>();
  reset_model();
  auto& m = **g_model;
  m.eval();
  for (int k = 0; k < kKinds; ++k) {
    if (m.histogram_o[k] != 0) return 1;
  }
  return 0;
}

// Runs one descriptor's jobs on the model as the one before has left it.
void result_go() {
  auto& m = **g_model;
  auto& run = g_run;
  const int cores = static_cast<int>(run.cores), pes = static_cast<int>(run.pes);
  g_random = run.seed | 1;
  std::vector<Core> core(cores);
  for (int j = 0; j < run.job_count; ++j) {
    if (!run.jobs[j].zero) core[run.jobs[j].core].jobs.push_back(j);
  }
  std::array<Burst, kTags> bursts{};
  std::int64_t next_job = 0;
  bool job_offered = false;
  int aftermath = kAftermath;
  run.status = 1;
  run.cycles = run.done = run.cause = run.error_job = run.reads = run.writes = run.half_rows = 0;
  run.first_half = run.last_half = -1;
  std::uint64_t order = 0;
  const auto happens = [&](std::uint64_t what) { order = (order ^ what) * 0x100000001B3u; };

  m.mode_i = run.mode;
  m.fmt_i = run.fmt;
  m.bias_i = run.bias;
  m.scale_bias_i = run.scale_bias;
  m.residual_i = run.residual;
  m.relu_i = run.relu;
  m.mask_i = run.mask;
  m.columns_i = run.columns;
  m.records_i = run.records == 0 ? 0 : run.records + run.first_line - run.first_index;
  m.start_i = 0;
  m.job_valid_i = 0;
  m.result_valid_i = 0;
  m.grant_i = 0;
  m.fill_valid_i = 0;
  m.write_ready_i = 0;
  m.clear_i = 1;
  m.clk_i = 0;
  m.eval();
  m.clk_i = 1;
  m.eval();
  m.clear_i = 0;
  if (run.counted != nullptr) {
    // A cycle later: that the clear clears is checked.
    m.clk_i = 0;
    m.eval();
    m.clk_i = 1;
    m.eval();
    auto& counts = m.rootp->result_bench__DOT__i_paths__DOT__gen_paths__BRA__0__KET____DOT__i_path__DOT__i_histogram__DOT__count_q;
    for (int k = 0; k < kKinds; ++k) counts[k] = run.counted[k];
  }

  for (std::uint64_t cycle = 0; cycle < run.limit; ++cycle, ++run.cycles) {
    // Offers: a valid one stays until it is taken.
    if (!job_offered && next_job < run.job_count) job_offered = !stalls(run.job_stall);
    m.job_valid_i = 0;
    if (job_offered) {
      const auto& job = run.jobs[next_job];
      m.job_valid_i = 1u << job.core;
      m.job_index_i = job.index + run.first_index;
      m.job_zero_i = job.zero;
      m.job_rows_i = job.rows;
      m.job_wave_i = job.wave;
      m.job_d_line_i = job.d_line + run.first_line;
      m.job_d_bytes_i = job.d_bytes;
      m.job_out_line_i = job.out_line + run.first_line;
      m.job_out_bytes_i = job.out_bytes;
    }
    std::uint32_t valid = 0, upper = 0;
    for (int c = 0; c < cores; ++c) {
      auto& one = core[c];
      if (one.job == one.jobs.size()) continue;
      if (!one.offered) one.offered = !stalls(run.result_stall);
      if (!one.offered) continue;
      const auto row = run.jobs[one.jobs[one.job]].first_row + one.row;
      valid |= 1u << c;
      upper |= static_cast<std::uint32_t>(one.upper) << c;
      m.result_row_i[c] = run.row_index[row];
      for (int p = 0; p < pes; ++p) m.result_i[c][p] = run.results[row * 2 * pes + (one.upper ? pes : 0) + p];
    }
    m.result_valid_i = valid;
    m.result_upper_i = upper;
    m.write_ready_i = !stalls(run.write_stall);
    m.grant_i = 0;
    m.fill_valid_i = 0;
    m.clk_i = 0;
    m.eval();

    // One fetch for all cores that ask for the same line; one line back, of any burst.
    if (m.fetch_valid_o != 0 && !stalls(run.grant_stall)) {
      const unsigned tag = draw() % kTags;
      if (!bursts[tag].used) {
        int asker = draw() % cores;
        while (!(m.fetch_valid_o >> asker & 1)) asker = (asker + 1) % cores;
        bursts[tag] = {true, 0, m.fetch_next_o[asker] - run.first_line};
        for (int c = 0; c < cores; ++c) {
          if ((m.fetch_valid_o >> c & 1) && m.fetch_next_o[c] - run.first_line == bursts[tag].line) bursts[tag].members |= 1ull << c;
        }
        m.grant_i = static_cast<std::uint32_t>(bursts[tag].members);
        m.grant_tag_i = tag;
        ++run.reads;
        if (bursts[tag].line < 0 || bursts[tag].line >= run.lines) {
          run.status = 3;
          return;
        }
      }
    }
    if (!stalls(run.fill_stall)) {
      const unsigned first = draw() % kTags;
      for (unsigned i = 0; i < kTags; ++i) {
        const unsigned tag = (first + i) % kTags;
        if (!bursts[tag].used || (m.grant_i != 0 && m.grant_tag_i == tag)) continue;
        m.fill_valid_i = static_cast<std::uint32_t>(bursts[tag].members);
        m.fill_tag_i = tag;
        for (int w = 0; w < kLineWords; ++w) {
          std::memcpy(&m.fill_data_i[w], run.memory + bursts[tag].line * kLineBytes + 4 * w, 4);
        }
        bursts[tag].used = false;
        break;
      }
    }
    m.eval();

    // What is taken in this cycle.
    if (m.job_valid_i & m.job_ready_o) {
      job_offered = false;
      ++next_job;
    }
    for (int c = 0; c < cores; ++c) {
      auto& one = core[c];
      if (!(valid & m.result_ready_o) || !((valid & m.result_ready_o) >> c & 1)) continue;
      one.offered = false;
      one.upper = !one.upper;
      ++run.half_rows;
      happens(c);
      if (run.first_half < 0) run.first_half = run.cycles;
      run.last_half = run.cycles;
      if (!one.upper && ++one.row == run.jobs[one.jobs[one.job]].rows_given) {
        one.row = 0;
        ++one.job;
      }
    }
    if (m.write_valid_o && m.write_ready_i) {
      ++run.writes;
      happens(m.write_line_o);
      const std::int64_t line = m.write_line_o - run.first_line;
      if (line < 0 || line >= run.lines) {
        run.status = 3;
        return;
      }
      for (int b = 0; b < kLineBytes; ++b) {
        if (!(m.write_strobe_o >> b & 1)) continue;
        const std::int64_t at = line * kLineBytes + b;
        run.memory[at] = static_cast<std::uint8_t>(m.write_data_o[b / 4] >> (8 * (b % 4)));
        ++run.touched[at];
      }
    }
    run.done += m.done_o;
    if (m.error_o) {
      run.cause = m.cause_o;
      run.error_job = m.error_job_o;
      run.status = 4;
    }
    m.clk_i = 1;
    m.eval();
    if (g_model->failed()) {
      run.status = 2;
      break;
    }
    if (run.status == 4 && --aftermath == 0) break;
    if (run.status != 4 && run.done == run.job_count) {
      m.job_valid_i = 0;
      m.result_valid_i = 0;
      m.clk_i = 0;
      m.eval();
      if (!m.busy_o) {
        run.status = 0;
        break;
      }
    }
  }
  run.order = static_cast<std::int64_t>(order);
  for (int k = 0; k < kKinds; ++k) run.histogram[k] = m.histogram_o[k];
  std::fflush(stdout);
}

// Lets the threshold policy choose.
void result_choose() {
  auto& m = **g_model;
  auto& one = g_threshold;
  for (int b = 0; b < kBins; ++b) m.bins_i[b] = static_cast<std::uint32_t>(one.bins[b]);
  m.numerator_i = one.numerator;
  m.denominator_i = one.denominator;
  m.threshold_fmt_i = one.fmt;
  for (one.cycles = 0; one.cycles < 1000 && !g_model->failed(); ++one.cycles) {
    m.start_i = one.cycles < one.held;
    m.clk_i = 0;
    m.eval();
    if (m.threshold_done_o) break;
    m.clk_i = 1;
    m.eval();
  }
  m.start_i = 0;
  // What it gave stays after the pulse.
  m.clk_i = 1;
  m.eval();
  m.clk_i = 0;
  m.eval();
  one.exponent = static_cast<std::int8_t>(m.exponent_o << 2) >> 2;
  one.bias = m.threshold_bias_o;
  if (m.threshold_done_o) one.cycles = 1000;
  one.failed = g_model->failed();
  std::fflush(stdout);
}

}  // extern "C"
