// Queues against std::deque, the memory against an array, with streams that stall.

#include <array>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <memory>

#include "../simulation.hpp"
#include "Vmem_bench.h"

namespace {
constexpr int kQueues = 4;
constexpr std::array<std::size_t, kQueues> kDepths = {1, 2, 3, 8};
constexpr int kWords = 12;
}  // namespace

// What went wrong first, and in which cycle; all zero if nothing did.
extern "C" struct Report {
  std::int64_t cycle;
  std::int64_t queue;  // 0 to 3, or 4 for the memory
  std::int64_t what;   // 1 ready, 2 valid, 3 data, 4 an assertion
  std::int64_t most;   // elements that passed through the queue with the fewest
};

// Whether an assertion fails of a memory that in one cycle, the first one is 0, reads or writes beyond its end or
// reads what it writes.
extern "C" bool mem_misuse(int at, bool write, bool read, bool beyond) {
  Simulation<Vmem_bench> model;
  model->rst_ni = 0;
  model->read_addr_i = beyond ? kWords : 0;
  model->write_addr_i = beyond ? kWords : 0;
  for (int cycle = 0; cycle <= at + 1; ++cycle) {
    model->write_i = write && cycle == at;
    model->read_i = read && cycle == at;
    for (const int clock : {0, 1}) {
      model->clk_i = clock;
      model->eval();
    }
  }
  std::fflush(stdout);
  return model.failed();
}

extern "C" void mem_run(std::int64_t cycles, int push_permille, int pop_permille, std::uint64_t seed, Report* report) {
  Simulation<Vmem_bench> model;
  std::uint64_t random = seed | 1;
  const auto draw = [&] {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    return static_cast<std::uint32_t>(random >> 24);
  };
  std::array<std::deque<std::uint16_t>, kQueues> queues;
  std::array<std::int64_t, kQueues> passed{};
  std::array<std::uint16_t, kWords> memory{};
  std::array<bool, kWords> written{};
  bool check_read = false;
  std::uint16_t expected_read = 0;
  *report = {};
  const auto fail = [&](std::int64_t cycle, int queue, int what) {
    if (report->what == 0) *report = {cycle, queue, what, 0};
  };
  model->rst_ni = 0;
  model->clk_i = 0;
  model->eval();
  model->rst_ni = 1;
  for (std::int64_t cycle = 0; cycle < cycles && report->what == 0; ++cycle) {
    std::uint32_t valid = 0, ready = 0;
    std::uint64_t data = 0;
    for (int q = 0; q < kQueues; ++q) {
      valid |= (draw() % 1000 < static_cast<unsigned>(push_permille)) << q;
      ready |= (draw() % 1000 < static_cast<unsigned>(pop_permille)) << q;
      data |= static_cast<std::uint64_t>(draw() & 0xFFFF) << (16 * q);
    }
    model->valid_i = valid;
    model->ready_i = ready;
    model->data_i = data;
    const unsigned write_at = draw() % kWords, read_at = draw() % kWords;
    const bool write = draw() % 2, read = draw() % 2 && written[read_at] && !(write && write_at == read_at);
    const auto word = static_cast<std::uint16_t>(draw());
    model->write_i = write;
    model->write_addr_i = write_at;
    model->write_data_i = word;
    model->read_i = read;
    model->read_addr_i = read_at;
    model->clk_i = 0;
    model->eval();
    for (int q = 0; q < kQueues; ++q) {
      auto& queue = queues[q];
      const bool has_room = model->ready_o >> q & 1, has_head = model->valid_o >> q & 1;
      if (has_room != (queue.size() < kDepths[q])) fail(cycle, q, 1);
      if (has_head != !queue.empty()) fail(cycle, q, 2);
      if (has_head && !queue.empty() && (model->data_o >> (16 * q) & 0xFFFF) != queue.front()) fail(cycle, q, 3);
      if (has_head && (ready >> q & 1)) {
        if (!queue.empty()) queue.pop_front();
        ++passed[q];
      }
      if (has_room && (valid >> q & 1)) queue.push_back(static_cast<std::uint16_t>(data >> (16 * q)));
    }
    if (check_read && model->read_data_o != expected_read) fail(cycle, kQueues, 3);
    check_read = check_read || read;
    if (read) expected_read = memory[read_at];
    if (write) {
      memory[write_at] = word;
      written[write_at] = true;
    }
    model->clk_i = 1;
    model->eval();
    if (model.failed()) fail(cycle, 0, 4);
  }
  std::fflush(stdout);
  report->most = passed[0];
  for (const auto count : passed) report->most = count < report->most ? count : report->most;
}
