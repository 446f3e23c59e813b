// A memory that answers in any order around a feeder, and a core that takes when it likes.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "../simulation.hpp"
#include "Vfeeder_bench.h"
#include "Vfeeder_bench___024root.h"

namespace {
constexpr int kStreams = 3;
constexpr int kTags = 32;
constexpr int kLineWords = 16;
constexpr int kLineBytes = 4 * kLineWords;
constexpr int kSettle = 20;  // cycles after the end in which nothing may come any more

std::unique_ptr<Simulation<Vfeeder_bench>> g_model;

struct Burst {
  int stream, tag, beats, sent;
  std::int64_t line, due;
};

// Rows of B that a command loads: those of Tile, taps for each channel (core_pkg::tile_cmd_t).
std::int64_t rows_of(const std::uint32_t* command) {
  if (command[3] >> 29 != 0) return 0;
  const std::uint64_t low = command[0] | std::uint64_t{command[1]} << 32;
  return static_cast<std::int64_t>((low >> 36 & 0x3FF) * (low >> 30 & 0x3F));
}

Vfeeder_bench& fresh_model() {
  if (!g_model || g_model->failed()) g_model = std::make_unique<Simulation<Vfeeder_bench>>();
  return **g_model;
}
}  // namespace

// One kind of output: its words, and how many have come. More than there is room for is counted only.
extern "C" struct Sink {
  std::uint32_t* words;
  std::int64_t capacity;
  std::int64_t count;
  std::int64_t last_cycle;
};

extern "C" struct FeederJob {
  const std::uint32_t* memory;  // lines of 16 words
  std::int64_t lines;
  const std::uint32_t* jobs;  // six words each
  std::int64_t job_count;
  std::int64_t fmt, bias;
  std::int64_t memory_stall, job_stall, take_stall[4];  // per mille; commands, A, B, costs
  std::int64_t latency;                                 // largest, in cycles
  std::int64_t counted;  // rows of B that the ledger has seen before, due and taken
  std::uint64_t seed;
  std::int64_t limit;
  Sink sinks[4];
  std::int64_t status;  // 0 ended, 1 hung, 2 an assertion failed, 3 read outside memory, 4 stirred after its end,
                        // 5 bindable at another time
  std::int64_t error, cause, cycles, reads, idle;
};

extern "C" void feeder_run(FeederJob* job) {
  auto* const model = &fresh_model();
  std::uint64_t random = job->seed * 0x9E3779B97F4A7C15u | 1;
  const auto draw = [&](std::uint32_t below) {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    return static_cast<std::uint32_t>((random >> 32) % below);
  };
  const auto stalls = [&](std::int64_t permille) { return draw(1000) < static_cast<std::uint32_t>(permille); };

  std::vector<Burst> bursts;
  std::array<bool, kTags> tag_used{};
  std::int64_t next_job = 0, settled = 0;
  std::int64_t rows_due = 0;  // of B, by the K tiles that are open
  bool offered = false;
  // Of each stream: the job whose lines are asked for, and how many have been.
  std::array<std::int64_t, kStreams> asked{}, asked_lines{};
  const auto lines_of = [&](std::int64_t number, int stream) {
    return (std::int64_t{job->jobs[6 * number + 2 * stream + 1]} + kLineBytes - 1) / kLineBytes;
  };
  // The next job from `number` on that has been taken and has such a stream; their count if there is none.
  const auto with_stream = [&](std::int64_t number, int stream) {
    while (number < next_job && lines_of(number, stream) == 0) ++number;
    return number;
  };
  job->status = 1;
  job->error = job->cause = job->reads = 0;
  for (auto& sink : job->sinks) sink.count = sink.last_cycle = 0;

  model->clk_i = 0;
  model->rst_ni = 0;
  model->b_fmt_i = job->fmt;
  model->b_bias_i = job->bias;
  model->job_valid_i = 0;
  model->grant_i = 0;
  model->fill_valid_i = 0;
  model->eval();
  model->clk_i = 1;  // the checkers forget the run before
  model->eval();
  model->rst_ni = 1;
  // A job's rows begin with `counted` as soon as one is due; the next job's are taken when it is the oldest one.
  auto& ledger = *model->rootp;
  auto& due = ledger.feeder_bench__DOT__i_feeder__DOT__i_ledger__DOT__due_q;
  auto& next_due = ledger.feeder_bench__DOT__i_feeder__DOT__i_ledger__DOT__next_due_q;
  auto& rows_taken = ledger.feeder_bench__DOT__i_feeder__DOT__i_ledger__DOT__taken_q;
  const auto& closed = ledger.feeder_bench__DOT__i_feeder__DOT__i_ledger__DOT__closed_q;
  bool counted = false, next_counted = false, was_closed = false;

  std::int64_t cycle = 0;
  for (; cycle < job->limit; ++cycle) {
    // What the feeder asks for follows from its registers alone.
    model->clk_i = 0;
    model->eval();
    model->grant_i = 0;
    model->fill_valid_i = 0;
    // Time for the next job: B and C are all asked for, and half of A is.
    bool bindable = model->job_ready_o;
    for (int s = 0; s < kStreams; ++s) {
      const auto number = asked[s] = with_stream(asked[s], s);
      if (number == next_job) continue;
      const auto lines = lines_of(number, s);
      if (s != 0 || with_stream(number + 1, s) != next_job || 2 * (lines - asked_lines[s]) > lines) bindable = false;
    }
    if (model->bindable_o != bindable) {
      job->status = 5;
      break;
    }
    if (!job->error && !stalls(job->memory_stall)) {
      const int stream = draw(kStreams);
      const int tag = draw(kTags);
      if ((model->fetch_valid_o >> stream & 1) && !tag_used[tag]) {
        const int beats = model->fetch_beats_o >> (2 * stream) & 3;
        const std::int64_t line = model->fetch_next_o[stream];
        if (line + beats > job->lines) {
          job->status = 3;
          break;
        }
        tag_used[tag] = true;
        bursts.push_back({stream, tag, beats, 0, line, cycle + 1 + draw(static_cast<std::uint32_t>(job->latency))});
        model->grant_i = 1 << stream;
        model->grant_tag_i = tag;
        job->reads += beats;
        asked_lines[stream] += beats;
        if (asked[stream] < next_job && asked_lines[stream] == lines_of(asked[stream], stream)) {
          asked_lines[stream] = 0;
          ++asked[stream];
        }
      }
    }
    if (!bursts.empty() && !stalls(job->memory_stall)) {
      auto& burst = bursts[draw(static_cast<std::uint32_t>(bursts.size()))];
      if (burst.due <= cycle) {
        model->fill_valid_i = 1 << burst.stream;
        model->fill_tag_i = burst.tag;
        model->fill_index_i = burst.sent;
        const auto* line = job->memory + (burst.line + burst.sent) * kLineWords;
        for (int w = 0; w < kLineWords; ++w) model->fill_data_i[w] = line[w];
        if (++burst.sent == burst.beats) {
          tag_used[burst.tag] = false;
          burst = bursts.back();
          bursts.pop_back();
        }
      }
    }
    offered = next_job < job->job_count && (offered || !stalls(job->job_stall));
    model->job_valid_i = offered;
    if (offered)
      for (int w = 0; w < 6; ++w) model->job_i[w] = job->jobs[6 * next_job + w];
    model->cmd_ready_i = !stalls(job->take_stall[0]);
    model->a_ready_i = !stalls(job->take_stall[1]);
    model->b_ready_i = rows_due > 0 && !stalls(job->take_stall[2]);
    model->cost_ready_i = !stalls(job->take_stall[3]);
    model->eval();

    bool moved = false;
    const auto take = [&](Sink& sink, const std::uint32_t* words, int size) {
      if (sink.count < sink.capacity) std::memcpy(sink.words + sink.count * size, words, 4 * size);
      ++sink.count;
      sink.last_cycle = cycle;
      moved = true;
    };
    if (offered && model->job_ready_o) {
      ++next_job;
      offered = false;
      moved = true;
    }
    const bool row_taken = model->b_valid_o && model->b_ready_i;
    if (model->cmd_valid_o && model->cmd_ready_i) {
      take(job->sinks[0], &model->cmd_o[0], 4);
      rows_due += rows_of(&model->cmd_o[0]);
    }
    rows_due -= row_taken;
    if (model->a_valid_o && model->a_ready_i) take(job->sinks[1], &model->a_beat_o[0], 11);
    if (row_taken) take(job->sinks[2], &model->b_row_o[0], 8);
    if (model->cost_valid_o && model->cost_ready_i) take(job->sinks[3], &model->cost_o[0], 4);
    job->idle = model->idle_o;
    job->error = model->error_o;
    job->cause = model->cause_o;

    model->clk_i = 1;
    model->eval();
    if (job->counted) {
      if (was_closed && !closed) {
        if (next_counted) rows_taken += job->counted;
        counted = next_counted;
        next_counted = false;
      }
      if (!counted && due != 0) {
        due += job->counted;
        rows_taken += job->counted;
        counted = true;
      }
      if (!next_counted && next_due != 0) {
        next_due += job->counted;
        next_counted = true;
      }
      was_closed = closed;
    }
    if (g_model->failed()) {
      job->status = 2;
      break;
    }
    if (job->error) {
      if (bursts.empty() && ++settled > kSettle) {
        job->status = 0;
        break;
      }
    } else if (next_job == job->job_count && job->idle && !moved) {
      if (++settled > kSettle) {
        job->status = 0;
        break;
      }
    } else if (settled) {
      job->status = 4;
      break;
    }
  }
  job->cycles = cycle;
  std::fflush(stdout);
}
