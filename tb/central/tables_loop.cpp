// Descriptors to be checked, one after the other; a memory that answers the job table's reads in any order, and
// somebody who takes the jobs when he likes.

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "Vtables_bench.h"
#include "Vtables_bench___024root.h"
#include "loop.hpp"

namespace {
constexpr int kWords = 32, kFields = 34, kLineWords = 16, kExtents = 5, kAhead = 16;
// Cycles for which the end of a table is watched.
constexpr int kAftermath = 50;

struct Read {
  std::int64_t job, due;
  int slot;
};
}  // namespace

enum Status : std::int64_t { kDone, kHung, kAssertion, kRead, kSlot, kWave, kStirred, kNotReset };

extern "C" struct TableRun {
  const std::uint32_t* table;    // [count, 16]
  const std::uint32_t* windows;  // [5, 2]
  std::int64_t count, first_line, read_stall, job_stall, latency;
  std::int64_t left_over, first_index;
  std::uint64_t seed;
  std::int64_t limit;
  std::uint32_t* seen;  // [count, 13]: lines, bytes, number, zero, rows
  // Set by the bench
  std::int64_t status, cycles, given, cause, error_job, most_ahead;
};

static Bench<Vtables_bench>& bench() {
  static Bench<Vtables_bench> only;
  return only;
}

// Returns whether all assertions held.
extern "C" int tables_check(std::int64_t count, const std::uint32_t* lines, const std::uint32_t* words,
                             std::uint32_t* causes, std::uint32_t* fields) {
  auto& m = bench();
  m->start_i = m->read_ready_i = m->fill_valid_i = m->ready_i = 0;  // the other half of the bench rests
  for (std::int64_t n = 0; n < count; ++n) {
    m->line_i = lines[n];
    for (int w = 0; w < kWords; ++w) m->words_i[w] = words[kWords * n + w];
    m.settle();
    causes[n] = m->cause_o;
    for (int f = 0; f < kFields; ++f) fields[kFields * n + f] = m->fields_o[f];
    if (!m.tick()) return 0;
  }
  return 1;
}

extern "C" void tables_jobs(TableRun* run) {
  auto& m = bench();
  Random random(run->seed);
  std::vector<Read> reads;
  std::array<bool, kAhead> used{};
  std::vector<int> slot_of_job(run->count + kAhead, -1);
  std::int64_t asked = 0;
  int aftermath = 0;

  // The next table follows one that was given out; after any other one comes a reset, as in the chip.
  static bool given_out = false;
  const bool resets = !given_out || random.chance(300);
  if (resets) m.reset();
  run->status = kHung;
  run->given = run->cause = run->error_job = run->most_ahead = 0;
  const auto fail = [&](Status status) {
    if (run->status == kHung) run->status = status;
  };
  if (m->read_valid_o || m->valid_o || m->more_o || m->error_o) fail(kNotReset);
  if (resets && (m->read_slot_o != 0 || m->index_o != 0)) fail(kNotReset);
  m->table_i = static_cast<std::uint32_t>(run->first_line);
  m->jobs_i = static_cast<std::uint32_t>(run->count + run->left_over);
  for (int e = 0; e < kExtents; ++e) {
    m->first_i[e] = run->windows[2 * e];
    m->past_i[e] = run->windows[2 * e + 1];
  }
  for (run->cycles = 0; run->cycles < run->limit && run->status == kHung; ++run->cycles) {
    m->start_i = run->cycles == 0;
    if (run->cycles == 1 && run->first_index != 0) m->rootp->tables_bench__DOT__i_jobs__DOT__index_q = static_cast<std::uint32_t>(run->first_index);
    m->wave_i = random.below(4);
    m->read_ready_i = !m->start_i && !random.chance(run->read_stall);
    const bool over = run->left_over != 0 && run->given == run->count;
    m->ready_i = !m->start_i && !over && !random.chance(run->job_stall);
    m->fill_valid_i = 0;
    m->fill_slot_i = random.below(kAhead);
    for (int w = 0; w < kLineWords; ++w) m->fill_data_i[w] = random.below(~0u);
    std::vector<std::size_t> due;
    for (std::size_t r = 0; r < reads.size(); ++r)
      if (reads[r].due <= run->cycles) due.push_back(r);
    if (!due.empty()) {
      const auto at = due[random.below(static_cast<std::uint32_t>(due.size()))];
      m->fill_valid_i = 1;
      m->fill_slot_i = reads[at].slot;
      for (int w = 0; w < kLineWords; ++w) m->fill_data_i[w] = run->table[kLineWords * (reads[at].job % run->count) + w];
      reads.erase(reads.begin() + static_cast<std::ptrdiff_t>(at));
    }
    m.settle();
    if (m->valid_o && m->error_o) fail(kStirred);
    if (!m->start_i && m->valid_o && m->ready_i) {
      if (run->given == run->count || run->cause != 0) {
        fail(kStirred);
        break;
      }
      auto* seen = run->seen + 13 * run->given;
      for (int e = 0; e < kExtents; ++e) {
        seen[e] = m->lines_o[e];
        seen[kExtents + e] = m->bytes_o[e];
        if ((m->waves_o >> (2 * e) & 3) != m->wave_i) fail(kWave);
      }
      seen[10] = m->index_o;
      seen[11] = m->zero_o;
      seen[12] = m->rows_o;
      if (slot_of_job[run->given] < 0) {
        fail(kRead);
        break;
      }
      used[slot_of_job[run->given]] = false;
      ++run->given;
    }
    if (!m->start_i && m->read_valid_o && m->read_ready_i) {
      const int slot = m->read_slot_o;
      if (asked == run->count + std::min<std::int64_t>(run->left_over, kAhead) || m->read_line_o != static_cast<std::uint32_t>(run->first_line + asked)) {
        fail(kRead);
        break;
      }
      if (used[slot]) fail(kSlot);
      used[slot] = true;
      slot_of_job[asked] = slot;
      reads.push_back({asked, run->cycles + 1 + random.below(static_cast<std::uint32_t>(run->latency + 1)), slot});
      ++asked;
      run->most_ahead = std::max(run->most_ahead, asked - run->given);
    }
    if (!m->start_i && run->cycles > 1 && run->cause == 0 && m->error_o) {
      run->cause = m->job_cause_o;
      run->error_job = m->error_job_o;
    } else if (run->cause != 0 && (!m->error_o || m->job_cause_o != run->cause || m->error_job_o != run->error_job)) {
      fail(kStirred);
    }
    const bool left = m->more_o;
    if (!m.tick()) fail(kAssertion);
    if (over && !left) fail(kStirred);
    if (run->cause != 0 || over || (run->cycles > 1 && !left)) {
      if (!left && run->given != run->count) fail(kStirred);
      if (++aftermath == kAftermath) fail(kDone);
    }
  }
  given_out = run->status == kDone && run->cause == 0 && run->left_over == 0;
}
