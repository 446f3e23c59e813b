// Those who read and write on one side, a memory with stalls, latency, errors and an order of its own on the
// other. What the masters must keep to (docs/chip.md, AXI4) is looked at in each cycle.

#include <algorithm>
#include <array>
#include <deque>
#include <vector>

#include "Vlinks_bench.h"
#include "loop.hpp"

namespace {
constexpr int kTags = 32, kWords = 16, kLineBytes = 64, kPageLines = 4096 / kLineBytes;
constexpr int kOkay = 0, kSlaveError = 2, kIncrementing = 1, kSizeOfLine = 6;

std::uint32_t word_of(std::uint32_t line, int word) { return (line * 16 + word) * 0x9E3779B1u; }
}  // namespace

// What went wrong first; tb/central/links.py has the words.
enum Status : std::int64_t {
  kDone, kHung, kAssertion, kAddress, kPage, kTag, kNotHeld, kFill, kError, kBusy, kData, kOutstanding, kReady
};

extern "C" struct LinkRun {
  const std::uint32_t* lines;    // [count]
  const std::uint32_t* beats;    // [count], of reads
  const std::uint64_t* strobes;  // [count], of writes
  std::int64_t count, ask_stall, address_stall, data_stall, latency, any_order, errors;
  std::uint64_t seed;
  std::int64_t limit;
  // Set by the bench
  std::int64_t status, cycles, moved, error_beats, most;
};

static Bench<Vlinks_bench>& bench() {
  static Bench<Vlinks_bench> only;
  return only;
}

static void begin(LinkRun* run) {
  auto& m = bench();
  m->read_valid_i = m->write_valid_i = m->arready_i = m->rvalid_i = m->awready_i = m->wready_i = m->bvalid_i = 0;
  m.reset();
  run->status = kHung;
  run->moved = run->error_beats = run->most = 0;
}

extern "C" void links_read(LinkRun* run) {
  struct Burst {
    std::int64_t number = -1, due = 0, sent = 0;
    bool asked = false, open = false;  // its address went out; it is under way
  };
  auto& m = bench();
  Random random(run->seed);
  std::array<Burst, kTags> bursts;
  std::deque<int> order;  // tags in the order of their addresses
  std::int64_t taken = 0, addressed = 0, last_tag = -1;
  std::deque<int> tag_of;  // of what is taken and has no address yet
  bool held = false, offers = false, filled = false, wrong = false;
  std::int64_t held_number = -1, filled_number = 0, filled_index = 0;

  begin(run);
  const auto fail = [&](Status status) {
    if (run->status == kHung) run->status = status;
  };
  for (run->cycles = 0; run->cycles < run->limit && run->status == kHung; ++run->cycles) {
    offers = offers || (taken < run->count && !random.chance(run->ask_stall));
    m->read_valid_i = offers;
    if (offers) {
      m->read_line_i = run->lines[taken];
      m->read_beats_i = run->beats[taken];
      m->read_owner_i = static_cast<std::uint16_t>(taken * 7 + 1);
    }
    m->arready_i = !random.chance(run->address_stall);
    // A beat of any burst that is due, of the oldest one, or of the one that came last until it ends.
    m->rvalid_i = 0;
    int tag = -1;
    if (!random.chance(run->data_stall)) {
      std::vector<int> due;
      for (const int one : order)
        if (bursts[one].due <= run->cycles) due.push_back(one);
      if (!run->any_order) {
        if (!order.empty() && bursts[order.front()].due <= run->cycles) tag = order.front();
      } else if (!due.empty()) {
        const bool again = run->any_order == 1 && last_tag >= 0 && bursts[last_tag].sent != 0;
        tag = again ? static_cast<int>(last_tag) : due[random.below(static_cast<std::uint32_t>(due.size()))];
      }
    }
    wrong = false;
    if (tag >= 0) {
      const auto& burst = bursts[tag];
      wrong = random.chance(run->errors);
      m->rvalid_i = 1;
      m->rid_i = tag;
      m->rresp_i = wrong ? kSlaveError + random.below(2) : kOkay;
      m->rlast_i = burst.sent + 1 == run->beats[burst.number];
      for (int w = 0; w < kWords; ++w)
        m->rdata_i[w] = word_of(run->lines[burst.number] + static_cast<std::uint32_t>(burst.sent), w);
    }
    m.settle();
    if (!m->rready_o) fail(kReady);
    // What came in the cycle before.
    if (m->fill_valid_o != filled) fail(kFill);
    if (filled) {
      const auto line = run->lines[filled_number] + static_cast<std::uint32_t>(filled_index);
      if (m->fill_index_o != filled_index || m->fill_owner_o != static_cast<std::uint16_t>(filled_number * 7 + 1))
        fail(kFill);
      for (int w = 0; w < kWords; ++w)
        if (m->fill_data_o[w] != word_of(line, w)) fail(kData);
    }
    const bool under_way = taken != run->moved || filled;
    if (m->read_busy_o != under_way) fail(kBusy);
    // Addresses, in the order of the requests, under the tags that were told.
    if (held && !m->arvalid_o) fail(kNotHeld);
    if (m->arvalid_o) {
      if (addressed == taken) {
        fail(kAddress);
        break;
      }
      const auto line = run->lines[addressed];
      if (m->araddr_o != std::uint64_t{line} * kLineBytes || m->arlen_o + 1u != run->beats[addressed] ||
          m->arsize_o != kSizeOfLine || m->arburst_o != kIncrementing)
        fail(held && held_number == addressed ? kNotHeld : kAddress);
      if (line % kPageLines + m->arlen_o >= kPageLines) fail(kPage);
      if (m->arid_o != tag_of.front()) fail(kTag);
      held_number = addressed;
    }
    held = m->arvalid_o && !m->arready_i;
    // The beat that is taken in this cycle.
    filled = tag >= 0;
    if (filled) {
      auto& burst = bursts[tag];
      filled_number = burst.number;
      filled_index = burst.sent++;
      last_tag = tag;
      run->error_beats += wrong;
      if (burst.sent == run->beats[burst.number]) {
        burst = {};
        last_tag = -1;
        order.erase(std::find(order.begin(), order.end(), tag));
        ++run->moved;
      }
    }
    if (m->arvalid_o && m->arready_i) {
      bursts[tag_of.front()].due = run->cycles + 1 + random.below(static_cast<std::uint32_t>(run->latency + 1));
      order.push_back(tag_of.front());
      tag_of.pop_front();
      ++addressed;
    }
    const bool takes = m->read_valid_i && m->read_ready_o;
    if (takes) {
      auto& burst = bursts[m->tag_o];
      if (burst.open) fail(kTag);
      burst = {};
      burst.open = true;
      burst.number = taken++;
      tag_of.push_back(m->tag_o);
      offers = false;
      run->most = std::max(run->most, taken - run->moved);
    }
    if (!m.tick()) fail(kAssertion);
    // An error is told with its beat.
    if (m->read_error_o != wrong) fail(kError);
    if (run->moved == run->count && !filled) fail(kDone);
  }
}

extern "C" void links_write(LinkRun* run) {
  auto& m = bench();
  Random random(run->seed);
  std::deque<std::int64_t> due;  // of the answers
  std::int64_t taken = 0, addressed = 0, given = 0, both = 0, answered = 0;
  bool offers = false, address_held = false, data_held = false;

  begin(run);
  const auto fail = [&](Status status) {
    if (run->status == kHung) run->status = status;
  };
  const auto word = [&](std::int64_t number, int w) { return word_of(static_cast<std::uint32_t>(number), w); };
  for (run->cycles = 0; run->cycles < run->limit && run->status == kHung; ++run->cycles) {
    offers = offers || (taken < run->count && !random.chance(run->ask_stall));
    m->write_valid_i = offers;
    if (offers) {
      m->write_line_i = run->lines[taken];
      m->write_strobe_i = run->strobes[taken];
      for (int w = 0; w < kWords; ++w) m->write_data_i[w] = word(taken, w);
    }
    m->awready_i = !random.chance(run->address_stall);
    m->wready_i = !random.chance(run->data_stall);
    const bool answers = !due.empty() && due.front() <= run->cycles;
    const bool wrong = answers && random.chance(run->errors);
    m->bvalid_i = answers;
    m->bresp_i = wrong ? kSlaveError + random.below(2) : kOkay;
    m.settle();
    if (!m->bready_o) fail(kReady);
    if (m->write_busy_o != (taken != answered)) fail(kBusy);
    if ((address_held && !m->awvalid_o) || (data_held && !m->wvalid_o)) fail(kNotHeld);
    if (m->awvalid_o) {
      if (addressed == taken) {
        fail(kAddress);
        break;
      }
      if (m->awaddr_o != std::uint64_t{run->lines[addressed]} * kLineBytes || m->awlen_o != 0 ||
          m->awsize_o != kSizeOfLine || m->awburst_o != kIncrementing)
        fail(address_held ? kNotHeld : kAddress);
      if (m->awid_o != 0) fail(kTag);
    }
    if (m->wvalid_o) {
      if (given == taken) {
        fail(kData);
        break;
      }
      bool same = m->wstrb_o == run->strobes[given] && m->wlast_o;
      for (int w = 0; w < kWords; ++w) same = same && m->wdata_o[w] == word(given, w);
      if (!same) fail(data_held ? kNotHeld : kData);
    }
    address_held = m->awvalid_o && !m->awready_i;
    data_held = m->wvalid_o && !m->wready_i;
    addressed += m->awvalid_o && m->awready_i;
    given += m->wvalid_o && m->wready_i;
    for (; both < std::min(addressed, given); ++both)
      due.push_back(run->cycles + 1 + random.below(static_cast<std::uint32_t>(run->latency + 1)));
    if (answers) {
      due.pop_front();
      ++answered;
      run->error_beats += wrong;
    }
    if (m->write_valid_i && m->write_ready_o) {
      ++taken;
      offers = false;
    }
    run->most = std::max(run->most, taken - answered);
    run->moved = answered;
    if (!m.tick()) fail(kAssertion);
    if (m->write_error_o != wrong) fail(kError);
    if (answered == run->count) fail(kDone);
  }
}
