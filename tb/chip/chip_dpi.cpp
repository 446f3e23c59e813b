// A run of the chip's harness, between Python (ctypes) and the simulation (DPI).
//
// Python sets a script of register accesses; each step's answer lands in Python's arrays. tb/chip/device.py
// mirrors `ChipRun`.

#include <cstdint>
#include <string>
#include <vector>

#include "axi_memory.h"
#include "svdpi.h"

namespace {

constexpr int kSampleFields = 5;  // of a core
constexpr int kHeadFields = 3;    // of a row: cycle, beats read, bytes written

extern "C" struct ChipStep {
  std::uint64_t kind, address, value;
};

extern "C" struct ChipAnswer {
  std::uint64_t value, response, cycle;
};

extern "C" struct ChipRun {
  // Set by Python
  const ChipStep* steps;
  ChipAnswer* answers;
  std::int64_t step_count;
  std::int64_t resets;        // else the chip goes on from the run before
  std::uint64_t quiet_limit;  // cycles without a handshake on any link after which the run is given up
  std::int64_t slow_core;     // -1: none
  std::int64_t slow_factor;   // it gets one of so many clock edges
  std::int64_t stopped_core;  // gets no edge from cycle `stopped_from` of the script to before `stopped_to`; -1: none
  std::int64_t stopped_from, stopped_to;
  std::int64_t missed_permille;  // chance that a core misses an edge
  std::int64_t seed;
  std::int64_t sample_every;  // samples of the monitor that make one of ours; 0: none
  // Set by the run
  std::int64_t answered;
  std::int64_t outcome;       // 0 the script ended, 1 no interrupt in time, 2 quiet for too long
  std::uint64_t cycles;
};

ChipRun g_run;
std::string g_report;
std::vector<std::uint64_t> g_samples;
std::int64_t g_turn;  // samples of the monitor so far

bool wanted() { return g_run.sample_every > 0 && (g_turn + 1) % g_run.sample_every == 0; }

}  // namespace

extern "C" {

ChipRun* chip_run() { return &g_run; }

const char* chip_report_text() { return g_report.c_str(); }

const std::uint64_t* chip_samples() { return g_samples.data(); }

std::uint64_t chip_sample_words() { return g_samples.size(); }

void chip_begin(svBit* resets, unsigned long long* quiet_limit, int* slow_core, unsigned* slow_factor,
                int* stopped_core, unsigned long long* stopped_from, unsigned long long* stopped_to,
                unsigned* missed_permille, unsigned long long* seed) {
  g_run.answered = g_run.outcome = 0;
  g_run.cycles = 0;
  g_report.clear();
  g_samples.clear();
  g_turn = 0;
  *resets = g_run.resets != 0;
  *quiet_limit = g_run.quiet_limit;
  *slow_core = static_cast<int>(g_run.slow_core);
  *slow_factor = static_cast<unsigned>(g_run.slow_factor);
  *stopped_core = static_cast<int>(g_run.stopped_core);
  *stopped_from = static_cast<unsigned long long>(g_run.stopped_from);
  *stopped_to = static_cast<unsigned long long>(g_run.stopped_to);
  *missed_permille = static_cast<unsigned>(g_run.missed_permille);
  *seed = static_cast<unsigned long long>(g_run.seed);
}

// The step to be answered next; false when there is none.
svBit chip_step(unsigned* kind, unsigned* address, unsigned long long* value) {
  if (g_run.answered >= g_run.step_count) return 0;
  const ChipStep& step = g_run.steps[g_run.answered];
  *kind = static_cast<unsigned>(step.kind);
  *address = static_cast<unsigned>(step.address);
  *value = step.value;
  return 1;
}

void chip_answer(unsigned long long value, unsigned response, unsigned long long cycle) {
  if (g_run.answered < g_run.step_count) g_run.answers[g_run.answered++] = {value, response, cycle};
}

void chip_end(unsigned outcome, unsigned long long cycles) {
  g_run.outcome = outcome;
  g_run.cycles = cycles;
}

void chip_report(const char* place, const char* value) {
  g_report += place;
  g_report += ' ';
  g_report += value;
  g_report += '\n';
}

void chip_sample_row(unsigned long long cycle) {
  if (!wanted()) return;
  const AxiMemory& memory = *axi_memory_state();
  g_samples.insert(g_samples.end(), {cycle, memory.read_beats, memory.write_bytes});
  static_assert(kHeadFields == 3);
}

void chip_sample_core(unsigned long long line_busy, unsigned long long wait_a, unsigned long long wait_b,
                      unsigned long long wait_queue, unsigned long long idle) {
  if (!wanted()) return;
  g_samples.insert(g_samples.end(), {line_busy, wait_a, wait_b, wait_queue, idle});
  static_assert(kSampleFields == 5);
}

void chip_sample_end() { ++g_turn; }

}  // extern "C"
