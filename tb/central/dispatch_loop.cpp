// Cores as dispatcher and shared fetches see them: each takes jobs, asks for the chunks of their streams and
// uses up what has come, at a pace of its own. What docs/chip.md promises of waves is looked at in each cycle.

#include <algorithm>
#include <array>
#include <deque>
#include <vector>

#include "Vdispatch_bench.h"
#include "loop.hpp"

namespace {
constexpr int kStreams = 4, kB = 1, kC = 2;
constexpr std::array<std::int64_t, kStreams> kChunk = {2, 2, 1, 1};
constexpr std::array<std::int64_t, kStreams> kRoom = {8, 8, 2, 2};
constexpr std::size_t kJobsOfCore = 3;
constexpr std::int64_t kLatePart = 4;  // of the patience

struct Extent {
  std::uint32_t line, lines;
};

struct Stream {
  Extent extent{}, pending{};
  std::int64_t left = 0, next = 0, used = 0, eaten = 0, started = 0;
  int wave = 0, pending_wave = 0;
  bool has_pending = false;
  std::deque<std::int64_t> arrivals;  // when the lines in the ring come, in order
  std::int64_t asked = 0, held = 0;   // cycles for which it has asked; those in which it could have got its chunk

  std::int64_t chunk(int stream) const { return std::min(left, kChunk[stream] - next % kChunk[stream]); }
  bool asks(int stream) const { return left != 0 && kRoom[stream] - used >= chunk(stream); }
  void begin(Extent what, int of_wave) {
    extent = what;
    wave = of_wave;
    left = what.lines;
    next = what.line;
  }
  void start(Extent what, int of_wave) {
    if (what.lines == 0) return;
    started += what.lines;
    if (left != 0) {
      has_pending = true;
      pending = what;
      pending_wave = of_wave;
    } else {
      begin(what, of_wave);
    }
  }
  void granted(int stream, std::int64_t when) {
    const auto count = chunk(stream);
    used += count;
    arrivals.insert(arrivals.end(), count, when);
    next += count;
    left -= count;
    asked = held = 0;
    if (left == 0 && has_pending) {
      has_pending = false;
      begin(pending, pending_wave);
    }
  }
};

// Whether one core must still read what another one asks for.
bool behind(const Stream& late, const Stream& early) {
  return (late.left != 0 && late.extent.line == early.extent.line && late.wave == early.wave &&
          late.next <= early.next) ||
         (late.has_pending && late.pending.line == early.extent.line && late.pending_wave == early.wave);
}

struct Core {
  std::array<Stream, kStreams> streams;
  std::deque<std::array<std::int64_t, kStreams>> jobs;  // lines used up of each stream when the job is done
  bool able = false;
  bool asleep = false;
  std::int64_t counted = 0;  // the same as far as anybody was blamed for it: of those who wait one is looked at a cycle
  std::int64_t late = 0;  // cycles in which it slept and others had nothing because of it, less the other ones

  bool can_take() const {
    return able && jobs.size() < kJobsOfCore &&
           std::none_of(streams.begin(), streams.end(), [](const Stream& s) { return s.has_pending; });
  }
  // Time for the next job: B and C are asked for whole, and half of A is.
  bool bindable() const {
    return can_take() && streams[kB].left == 0 && streams[kC].left == 0 &&
           2 * streams[0].left <= streams[0].extent.lines;
  }
};
}  // namespace

// What went wrong first; tb/central/dispatch.py has the words.
enum Status : std::int64_t {
  kDone, kHung, kAssertion, kWrongGive, kWrongWave, kDealing, kMembers, kTooEarly, kTooLate, kOneCore, kShared
};

extern "C" struct DispatchRun {
  const Extent* jobs;              // [count, 4]
  const std::int64_t* take_stall;  // [cores] of 1000; 1000: the core stands still for ever
  std::int64_t job_count, cores, patience, job_stall, able_stall, memory_stall, latency;
  std::uint64_t seed;
  std::int64_t limit;
  std::int64_t stop;          // after so many cycles, whatever is under way; 0: not at all
  std::int64_t* core_of_job;  // [count]
  // Set by the bench
  std::int64_t status, cycles, given, core, stream, waves, attached, first_detached;
  std::int64_t lines[kStreams], bursts[kStreams];
  std::uint64_t trace;  // of all outputs in all cycles
};

static Bench<Vdispatch_bench>& bench() {
  static Bench<Vdispatch_bench> only;
  return only;
}
extern "C" void dispatch_reset() { bench().reset(); }

extern "C" void dispatch_run(DispatchRun* run) {
  auto& m = bench();
  Random random(run->seed);
  const int cores = static_cast<int>(run->cores);
  const std::uint64_t all = (std::uint64_t{1} << cores) - 1;
  const std::int64_t slack = 16 * cores + 32;
  std::vector<Core> core(cores);
  std::uint64_t wave_cores = 0, wave_given = 0, could = 0, attached_before = all;
  std::int64_t wave_wait = 0;
  std::uint64_t overdue = 0;  // must be left behind: a wave has waited for as long as the patience, or it was late so often
  std::uint64_t overdue_wave = 0;
  bool dealing_before = false;
  int wave_before = 0;

  *run = DispatchRun{run->jobs, run->take_stall, run->job_count, run->cores, run->patience, run->job_stall,
                     run->able_stall, run->memory_stall, run->latency, run->seed, run->limit, run->stop, run->core_of_job};
  run->status = kHung;
  run->first_detached = -1;
  const auto fail = [&](Status status, int which, int stream) {
    if (run->status != kHung) return;
    run->status = status;
    run->core = which;
    run->stream = stream;
  };
  const auto bit = [](std::uint64_t set, int index) { return (set >> index & 1) != 0; };
  const auto finished = [&] {
    if (run->given != run->job_count) return false;
    for (int c = 0; c < cores; ++c)
      if (!core[c].jobs.empty() && run->take_stall[c] != 1000) return false;
    return true;
  };

  m->patience_i = run->patience;
  m->enable_i = 1;
  const auto trace = [&](std::uint64_t value) { run->trace = (run->trace ^ value) * 0x100000001B3u; };
  for (run->cycles = 0; run->cycles < run->limit && run->status == kHung; ++run->cycles) {
    if (run->stop != 0 && run->cycles == run->stop) {
      fail(kDone, 0, 0);
      break;
    }
    const auto now = run->cycles;
    const bool starts = now == 0;
    // What the design sees.
    std::uint64_t bindable = 0, idle = 0, can_take = 0, valid = 0, empty = 0, active = 0, pending = 0, asleep = 0;
    for (int c = 0; c < cores; ++c) {
      auto& one = core[c];
      one.able = one.able || !random.chance(run->able_stall);
      one.asleep = random.chance(run->take_stall[c]);
      asleep |= std::uint64_t{one.asleep} << c;
      bindable |= std::uint64_t{one.bindable()} << c;
      can_take |= std::uint64_t{one.can_take()} << c;
      idle |= std::uint64_t{one.jobs.empty()} << c;
      for (int s = 0; s < kStreams; ++s) {
        const auto& stream = one.streams[s];
        const int at = s * cores + c;
        valid |= std::uint64_t{stream.asks(s)} << at;
        empty |= std::uint64_t{stream.used == 0} << at;
        active |= std::uint64_t{stream.left != 0} << at;
        pending |= std::uint64_t{stream.has_pending} << at;
        m->fetch_beats_i[at] = stream.chunk(s);
        m->fetch_wave_i[at] = stream.wave;
        m->fetch_pending_wave_i[at] = stream.pending_wave;
        m->fetch_base_i[at] = stream.extent.line;
        m->fetch_next_i[at] = stream.next;
        m->fetch_pending_base_i[at] = stream.pending.line;
      }
    }
    m->start_i = starts;
    m->bindable_i = bindable;
    m->idle_i = idle;
    m->can_take_i = can_take;
    m->asleep_i = asleep;
    m->fetch_valid_i = valid;
    m->fetch_empty_i = empty;
    m->fetch_active_i = active;
    m->fetch_pending_i = pending;
    m->more_i = !starts && run->given < run->job_count;
    m->job_valid_i = m->more_i && !random.chance(run->job_stall);
    m->ready_i = !random.chance(run->memory_stall);
    m.settle();

    // Who is left behind: somebody waits for it, and has done so for as long as the patience.
    const std::uint64_t attached = m->attached_o;
    if (!starts) {
      for (int c = 0; c < cores; ++c) {
        if (!bit(attached_before & ~attached, c)) continue;
        if (run->first_detached < 0) run->first_detached = now;
        bool reason = core[c].late >= run->patience / kLatePart || bit(overdue_wave, c);
        for (int other = 0; other < cores && !reason; ++other) {
          for (int s = 0; s < kStreams && !reason; ++s) {
            const auto& early = core[other].streams[s];
            reason = other != c && early.asked >= run->patience && behind(core[c].streams[s], early);
          }
        }
        if (!reason) fail(kTooEarly, c, 0);
      }
      if ((attached & ~attached_before) != 0) fail(kTooEarly, 0, 0);
      if ((attached & overdue) != 0) fail(kTooLate, __builtin_ctzll(attached & overdue), 0);
      attached_before = attached;
    }

    // Waves.
    const bool dealing = m->dealing_o;
    const std::uint64_t give = m->give_o;
    if (dealing && !dealing_before) {
      wave_cores = attached;
      wave_given = 0;
      ++run->waves;
      if ((attached & ~could) != 0 || m->wave_o != (wave_before + 1) % 4) fail(kWrongWave, 0, 0);
    }
    if (!dealing && dealing_before && (wave_cores & attached & ~wave_given) != 0 && run->given < run->job_count)
      fail(kWrongWave, 0, 0);
    if (give != 0) {
      const int to = __builtin_ctzll(give);
      const std::uint64_t allowed = dealing ? wave_cores & attached & ~wave_given : ~attached & idle;
      if ((give & (give - 1)) != 0 || !m->job_valid_i || !m->job_ready_o || (give & can_take) == 0)
        fail(kWrongGive, to, 0);
      if ((give & allowed) == 0) fail(kWrongWave, to, 0);
      wave_given |= give;
    } else if (m->job_ready_o) {
      fail(kWrongGive, 0, 0);
    }
    const std::uint64_t able = attached & bindable & can_take;
    wave_wait = dealing || m->more_i == 0 || able == 0 || able == attached ? 0 : wave_wait + 1;
    could = bindable & can_take;
    overdue_wave = wave_wait > run->patience ? attached & ~could : 0;
    if (overdue_wave != 0) wave_wait = 0;
    overdue = overdue_wave;
    for (int c = 0; c < cores; ++c) {
      bool blamed = m->more_i && (able & idle) != 0 && bit(attached & ~could, c);
      for (int other = 0; other < cores && !blamed; ++other) {
        for (int s = 0; s < kStreams && !blamed && bit(attached, other); ++s) {
          const auto& early = core[other].streams[s];
          blamed = other != c && bit(attached, c) && bit(valid & empty, s * cores + other) &&
                   behind(core[c].streams[s], early);
        }
      }
      const bool counts = bit(m->blamed_o, c) && core[c].asleep;
      if (counts && core[c].counted >= run->patience / kLatePart) overdue |= std::uint64_t{1} << c;
      core[c].counted = std::max<std::int64_t>(0, core[c].counted + (counts ? 1 : -1));
      core[c].late = std::max<std::int64_t>(0, core[c].late + (blamed && core[c].asleep ? 1 : -1));
    }

    // Chunks.
    const std::uint64_t grants = m->grant_o;
    const bool chunk = m->valid_o && m->ready_i;
    if (chunk) {
      const int s = m->stream_o;
      const std::uint64_t members = m->members_o;
      if (members == 0 || grants != members << (s * cores)) fail(kMembers, 0, s);
      // One of them asks, and all others that may have the same chunk from the same burst get it.
      bool explained = false;
      for (int one = 0; one < cores && !explained; ++one) {
        std::uint64_t sharers = 0;
        for (int c = 0; c < cores && bit(members, one); ++c) {
          const auto &own = core[c].streams[s], &asker = core[one].streams[s];
          const bool same = own.asks(s) && own.next == asker.next && own.chunk(s) == asker.chunk(s);
          const bool apart = own.wave != asker.wave && bit(attached, c) && bit(attached, one);
          sharers |= std::uint64_t{same && !apart} << c;
        }
        explained = bit(members, one) && sharers == members;
      }
      if (!explained) fail(kShared, 0, s);
      run->lines[s] += m->beats_o;
      ++run->bursts[s];
      const auto when = now + run->latency + random.below(static_cast<std::uint32_t>(run->latency + 1));
      for (int c = 0; c < cores; ++c) {
        if (!bit(members, c)) continue;
        auto& stream = core[c].streams[s];
        if (!stream.asks(s) || m->line_o != static_cast<std::uint32_t>(stream.next) || m->beats_o != stream.chunk(s)) {
          fail(kMembers, c, s);
          continue;
        }
        if (dealing && (members & ~attached) == 0 && stream.next == stream.extent.line) fail(kDealing, c, s);
        stream.granted(s, when);
      }
    } else if (grants != 0) {
      fail(kMembers, 0, 0);
    }
    if (cores == 1 && m->held_o) fail(kOneCore, 0, 0);
    for (int c = 0; c < cores; ++c) {
      for (int s = 0; s < kStreams; ++s) {
        auto& stream = core[c].streams[s];
        if (!bit(valid, s * cores + c) || bit(grants, s * cores + c)) continue;
        const bool first = stream.next == stream.extent.line;
        ++stream.asked;
        if (m->ready_i && !(dealing && first)) ++stream.held;
        if (stream.held > run->patience + slack) fail(kTooLate, c, s);
      }
    }

    // Jobs and their ends.
    if (give != 0 && run->status == kHung) {
      const int to = __builtin_ctzll(give);
      auto& one = core[to];
      one.able = false;
      run->core_of_job[run->given] = to;
      std::array<std::int64_t, kStreams> ends{};
      for (int s = 0; s < kStreams; ++s) {
        one.streams[s].start(run->jobs[kStreams * run->given + s], m->wave_o);
        ends[s] = one.streams[s].started;
      }
      one.jobs.push_back(ends);
      ++run->given;
    }
    for (int c = 0; c < cores; ++c) {
      auto& one = core[c];
      for (auto& stream : one.streams) {
        if (stream.arrivals.empty() || stream.arrivals.front() > now || one.asleep) continue;
        stream.arrivals.pop_front();
        --stream.used;
        ++stream.eaten;
      }
      if (one.jobs.empty() || one.asleep) continue;
      bool ends = true;
      for (int s = 0; s < kStreams; ++s) ends = ends && one.streams[s].eaten >= one.jobs.front()[s];
      if (ends) one.jobs.pop_front();
    }
    for (const std::uint64_t value : {attached, give, grants, std::uint64_t{m->wave_o}, std::uint64_t{dealing}}) trace(value);
    dealing_before = dealing;
    wave_before = m->wave_o;
    run->attached = attached;
    if (!m.tick()) fail(kAssertion, 0, 0);
    if (finished() && !m->dealing_o) fail(kDone, 0, 0);
  }
}
