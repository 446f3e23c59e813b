// Events cycle by cycle, counted from any values on: counters as wide as these never come to their upper bits in
// a simulation, unless they begin there.

#include <algorithm>

#include "Vcounters_bench.h"
#include "Vcounters_bench___024root.h"
#include "loop.hpp"

namespace {
constexpr int kCores = 2, kCounterBits = 48, kWordBits = 32;
}  // namespace

// As tb/central/counters.py lays them out.
struct CoreEvents {
  std::uint8_t clear, busy, issue, wide, phase, wait_a, wait_b, wait_queue, events;
  std::uint16_t skipped;
};

struct ChipEvents {
  std::uint8_t clear, busy, fill_valid, fill_stream, fill_other, read_burst, write, jobs_done, held, attached, begin;
  std::uint64_t write_strobe;
};

static Bench<Vcounters_bench>& bench() {
  static Bench<Vcounters_bench> only;
  return only;
}

// Sets a struct of counters, of which the first field is the highest.
template <typename Words>
static void put(Words& words, const std::uint64_t* values, int count) {
  for (int n = 0; n < count; ++n) {
    for (int bit = 0; bit < kCounterBits; ++bit) {
      const int at = (count - 1 - n) * kCounterBits + bit;
      const std::uint32_t mask = 1u << at % kWordBits;
      if (values[n] >> bit & 1) {
        words[at / kWordBits] |= mask;
      } else {
        words[at / kWordBits] &= ~mask;
      }
    }
  }
}

// Resets, lets `first` be counted already, counts the events, then selects counters; `selected` are their values.
extern "C" int counters_run(std::int64_t cycles, std::int64_t columns, const CoreEvents* cores, const ChipEvents* chip,
                            const std::uint64_t* first_of_cores, std::int64_t core_counters,
                            const std::uint64_t* first_of_chip, std::int64_t chip_counters, std::int64_t count,
                            const std::uint8_t* selects, std::uint64_t* selected) {
  auto& m = bench();
  m.reset();
  auto* const root = m->rootp;
  if (first_of_cores != nullptr) {
    put(root->counters_bench__DOT__gen_cores__BRA__0__KET____DOT__i_counters__DOT__counters_o, first_of_cores,
        static_cast<int>(core_counters));
    put(root->counters_bench__DOT__gen_cores__BRA__1__KET____DOT__i_counters__DOT__counters_o,
        first_of_cores + core_counters, static_cast<int>(core_counters));
    put(root->counters_bench__DOT__i_chip__DOT__chip_q, first_of_chip, static_cast<int>(chip_counters));
  }
  m->columns_i = static_cast<std::uint8_t>(columns);
  for (std::int64_t t = 0; t < cycles; ++t) {
    m->core_clear_i = m->core_busy_i = 0;
    for (int c = 0; c < kCores; ++c) {
      const auto& now = cores[kCores * t + c];
      m->core_clear_i |= now.clear << c;
      m->core_busy_i |= now.busy << c;
      m->issue_i[c] = now.issue;
      m->wide_i[c] = now.wide;
      m->phase_i[c] = now.phase;
      m->wait_a_i[c] = now.wait_a;
      m->wait_b_i[c] = now.wait_b;
      m->wait_queue_i[c] = now.wait_queue;
      m->core_events_i[c] = now.events;
      m->skipped_i[c] = now.skipped;
    }
    m->clear_i = chip[t].clear;
    m->busy_i = chip[t].busy;
    m->fill_valid_i = chip[t].fill_valid;
    m->fill_stream_i = chip[t].fill_stream;
    m->fill_other_i = chip[t].fill_other;
    m->read_burst_i = chip[t].read_burst;
    m->write_i = chip[t].write;
    m->write_strobe_i = chip[t].write_strobe;
    m->jobs_done_i = chip[t].jobs_done;
    m->held_i = chip[t].held;
    m->attached_i = chip[t].attached;
    m->begin_i = chip[t].begin;
    m.settle();
    if (!m.tick()) return 0;
  }
  for (std::int64_t n = 0; n < count; ++n) {
    m->core_i = selects[2 * n];
    m->index_i = selects[2 * n + 1];
    m.settle();
    selected[n] = m->counter_o;
  }
  return 1;
}
