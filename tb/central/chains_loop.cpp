// Memory, cores, histogram and threshold policy around the walk along descriptors, all at a random pace. What the walk
// does is written down event by event; tb/central/chains.py says what it should be.

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "Vchains_bench.h"
#include "Vchains_bench___024root.h"
#include "loop.hpp"

namespace {
constexpr int kLineWords = 16, kFields = 34, kKinds = 42, kEventWords = 36;
// Cycles after the end in which nothing more may happen.
constexpr int kAftermath = 5;

struct Read {
  std::uint32_t line;
  int slot;
  std::int64_t due;
};
}  // namespace

enum Status : std::int64_t { kDone, kHung, kAssertion, kEarly, kNoRoom };
enum Event : std::uint32_t { kClearEvent, kReadEvent, kBeginEvent, kThresholdEvent, kWriteEvent, kDoneEvent, kErrorEvent };
enum Act : std::int64_t { kNothing, kAbort, kFault, kBoth, kSilence };

extern "C" struct ChainRun {
  const std::uint32_t* lines;       // [count]: lines of memory that hold something
  const std::uint32_t* data;        // [count, 16]
  const std::uint32_t* jobs;        // [descriptors]
  const std::uint32_t* histograms;  // [descriptors, 42]
  const std::int32_t* thresholds;   // [descriptors, 2]: exponent and bias that the policy gives
  const std::uint32_t* counted;     // jobs and descriptors done when the first one begins, quiet cycles when silence does
  std::int64_t count, first_line, watchdog, stall, latency;
  std::int64_t act, act_at, act_cycles, act_cause, act_job;
  std::uint64_t seed;
  std::int64_t limit, stop;
  std::uint32_t* events;  // [room, 36]: kind and what belongs to it
  std::int64_t room;
  // Set by the bench
  std::int64_t status, cycles, event_count, given, quiet, since_act, act_busy, act_clear, descriptors;
};

static Bench<Vchains_bench>& bench() {
  static Bench<Vchains_bench> only;
  return only;
}

// Returns whether it is at rest, and nothing is told of what was before.
extern "C" int chains_reset() {
  auto& m = bench();
  m->start_i = m->abort_i = m->read_ready_i = m->fill_valid_i = m->write_ready_i = m->jobs_done_i = 0;
  m->work_busy_i = m->axi_busy_i = m->moved_i = m->fault_i = m->threshold_done_i = 0;
  m.reset();
  const bool rests = !m->busy_o && !m->done_o && !m->error_o && !m->clear_o;
  return rests && m->cause_o == 0 && m->error_job_o == 0 && m->descriptors_o == 0;
}

// Runs a chain on the walk as the one before has left it.
extern "C" void chains_go(ChainRun* run) {
  auto& m = bench();
  Random random(run->seed);
  std::unordered_map<std::uint32_t, const std::uint32_t*> memory;
  for (std::int64_t n = 0; n < run->count; ++n) memory[run->lines[n]] = run->data + kLineWords * n;
  std::vector<Read> reads;
  std::int64_t writes_due = 0, work_due = 0, threshold_due = -1, left = 0, last_moved = 0;
  std::int64_t begun = -1, cleared = 0, ended = 0;
  bool working = false, failed = false, silent = false, axi_was_busy = false;

  run->status = kHung;
  run->event_count = run->given = run->quiet = run->since_act = run->act_busy = run->act_clear = 0;
  const auto fail = [&](Status status) {
    if (run->status == kHung) run->status = status;
  };
  const auto tell = [&](Event kind) -> std::uint32_t* {
    if (run->event_count == run->room) {
      fail(kNoRoom);
      --run->event_count;
    }
    auto* const event = run->events + kEventWords * run->event_count++;
    event[0] = kind;
    return event + 1;
  };
  const auto scramble = [&] {
    for (int k = 0; k < kKinds; ++k) m->histogram_i[k] = random.below(~0u);
  };
  m->descriptor_i = static_cast<std::uint32_t>(run->first_line);
  m->watchdog_i = static_cast<std::uint32_t>(run->watchdog);
  auto* const root = m->rootp;

  for (run->cycles = 0; run->cycles < run->limit && run->status == kHung; ++run->cycles) {
    const auto now = run->cycles;
    if (run->stop != 0 && now == run->stop) {
      fail(kDone);
      break;
    }
    const bool acts = run->act != kNothing && now == run->act_at;
    silent = run->act == kSilence && !failed && now >= run->act_at && now < run->act_at + run->act_cycles;
    if (acts && run->act == kSilence && run->counted) {
      root->chains_bench__DOT__i_control__DOT__quiet_q = run->counted[2];
    }
    m->start_i = now == 0;
    const bool held = now >= run->act_at && now < run->act_at + std::max<std::int64_t>(run->act_cycles, 1);
    m->abort_i = held && (run->act == kAbort || run->act == kBoth);
    m->fault_i = acts && (run->act == kFault || run->act == kBoth);
    m->fault_cause_i = static_cast<std::uint8_t>(run->act_cause);
    m->fault_job_i = static_cast<std::uint32_t>(run->act_job);
    m->read_ready_i = !silent && !random.chance(run->stall);
    m->write_ready_i = !silent && !random.chance(run->stall);
    // Data come in any order.
    m->fill_valid_i = 0;
    if (!reads.empty() && !silent && !random.chance(run->stall)) {
      const auto at = random.below(static_cast<std::uint32_t>(reads.size()));
      if (reads[at].due <= now) {
        const auto found = memory.find(reads[at].line);
        m->fill_valid_i = 1;
        m->fill_slot_i = reads[at].slot;
        for (int w = 0; w < kLineWords; ++w) m->fill_data_i[w] = found == memory.end() ? 0 : found->second[w];
        reads.erase(reads.begin() + at);
      }
    }
    // Cores work on the jobs, and go on for a while behind the last; results are under way longer still.
    m->jobs_done_i = 0;
    if (!m->run_o && !m->begin_o) working = false;  // stopped: nothing more leaves
    if (working && left > 0 && !silent && !random.chance(run->stall)) {
      m->jobs_done_i = std::min<std::int64_t>(random.below(4), left);
      left -= m->jobs_done_i;
      if (left == 0) work_due = now + random.below(12);
    }
    if (working && left == 0 && now >= work_due) {
      working = false;
      writes_due = now + random.below(12);
      for (int k = 0; k < kKinds; ++k) m->histogram_i[k] = run->histograms[kKinds * begun + k];
    }
    m->work_busy_i = working;
    m->threshold_done_i = 0;
    if (threshold_due >= 0 && now >= threshold_due && !silent) {
      threshold_due = -1;
      m->threshold_done_i = 1;
      m->exponent_i = run->thresholds[2 * begun];
      m->bias_i = run->thresholds[2 * begun + 1];
    }
    m->axi_busy_i = !reads.empty() || m->fill_valid_i || now < writes_due;
    m.settle();
    const bool wrote = m->write_valid_o && m->write_ready_i;
    m->moved_i = m->fill_valid_i || wrote || (working && !silent && random.chance(300));
    m.settle();

    // What happens in this cycle.
    run->given += m->jobs_done_i;
    if (m->moved_i || !m->busy_o) last_moved = now;
    if (acts) {
      run->act_busy = m->busy_o;
      run->act_clear = m->clear_o;
    }
    if (m->clear_o) {
      ++cleared;
      working = false;
      left = 0;
      threshold_due = -1;
    } else if (cleared != 0) {
      *tell(kClearEvent) = static_cast<std::uint32_t>(cleared);
      cleared = 0;
    }
    if (m->error_o) {
      auto* const words = tell(kErrorEvent);
      words[0] = m->cause_o;
      words[1] = m->error_job_o;
      words[2] = m->error_descriptor_o;
      words[3] = m->descriptors_o;
      run->quiet = now - last_moved;
      run->since_act = now - run->act_at;
      failed = true;
    }
    if (m->done_o) {
      if (axi_was_busy) fail(kEarly);
      *tell(kDoneEvent) = m->descriptors_o;
    }
    if (m->read_valid_o && m->read_ready_i) {
      auto* const words = tell(kReadEvent);
      words[0] = m->read_line_o;
      words[1] = m->read_slot_o;
      reads.push_back({m->read_line_o, static_cast<int>(m->read_slot_o), now + 1 + random.below(static_cast<std::uint32_t>(run->latency + 1))});
    }
    if (m->begin_o) {
      auto* const words = tell(kBeginEvent);
      for (int f = 0; f < kFields; ++f) words[f] = m->fields_o[f];
      ++begun;
      left = run->jobs[begun];
      run->given = 0;
      if (begun == 0 && run->counted) {
        root->chains_bench__DOT__i_control__DOT__done_q = run->counted[0];
        root->chains_bench__DOT__i_control__DOT__descriptors_q = run->counted[1];
        run->given = run->counted[0];
        left -= run->counted[0];
      }
      working = true;
      work_due = now + 4;
      scramble();
    }
    if (m->threshold_start_o) {
      if (m->axi_busy_i || working) fail(kEarly);
      tell(kThresholdEvent);
      threshold_due = now + 1 + random.below(20);
      m->exponent_i = random.below(64);
      m->bias_i = random.below(64);
    }
    if (wrote) {
      auto* const words = tell(kWriteEvent);
      words[0] = m->write_line_o;
      words[1] = static_cast<std::uint32_t>(m->write_strobe_o);
      words[2] = static_cast<std::uint32_t>(m->write_strobe_o >> 32);
      for (int w = 0; w < kLineWords; ++w) words[3 + w] = m->write_data_o[w];
      writes_due = now + 1 + random.below(12);
    }
    axi_was_busy = m->axi_busy_i;
    run->descriptors = m->descriptors_o;
    const bool rests = now > 1 && !m->busy_o;
    if (!m.tick()) fail(kAssertion);
    if (rests && ++ended == kAftermath) fail(kDone);
  }
}
