// The memory behind axi_memory.sv: an array of the caller's, and when each burst is served.
//
// All policy is here. The module reports each handshake and asks once a cycle, while anything is under way,
// what comes next.

#include "axi_memory.h"

#include <bit>
#include <cstring>
#include <deque>

#include "../tick.hpp"
#include "svdpi.h"

namespace {

constexpr unsigned kBeatBytes = 64;
constexpr std::size_t kWriteQueue = 4;  // beats taken before their turn comes
constexpr std::uint8_t kPoison = 0xBD;  // what a read with an error brings
constexpr unsigned kOkay = 0, kDecodeError = 3;
constexpr unsigned kFullSize = 6, kIncrementing = 1;

struct Burst {
  unsigned id;
  std::uint64_t address;  // of the next beat, in the memory
  unsigned beats;         // left
  std::uint64_t due;
  bool legal;             // whole beats, incrementing: all that this memory does
  unsigned response;      // worst so far (writes)
};

struct WriteBeat {
  std::uint8_t data[kBeatBytes];
  std::uint64_t strobe;
  std::uint64_t tick;  // of its handshake
  bool last;
};

AxiMemory g_memory;
std::deque<Burst> g_reads, g_writes, g_answers;
std::deque<WriteBeat> g_data;
std::int64_t g_current;  // read burst whose beats are being sent, -1 if none
std::int64_t g_tokens;   // bytes that may be moved
std::uint64_t g_token_cycle, g_cycle;
bool g_write_turn;
std::uint64_t g_random;

std::uint64_t draw() {
  g_random ^= g_random << 13;
  g_random ^= g_random >> 7;
  g_random ^= g_random << 17;
  return g_random >> 16;
}

bool stalled() {
  return g_memory.stall_permille != 0 && static_cast<std::int64_t>(draw() % 1000) < g_memory.stall_permille;
}

std::uint64_t due() {
  const auto more = g_memory.latency_random > 0 ? draw() % (g_memory.latency_random + 1) : 0;
  return g_cycle + g_memory.latency + more;
}

Burst make_burst(unsigned id, std::uint64_t address, unsigned length, unsigned size, unsigned kind) {
  const bool legal = size == kFullSize && (kind == kIncrementing || length == 0);
  return {id, address / kBeatBytes * kBeatBytes - g_memory.first, length + 1, due(), legal, kOkay};
}

unsigned respond(const Burst& burst, bool hit) {
  const bool there = burst.address < g_memory.bytes && burst.address + kBeatBytes <= g_memory.bytes;
  if (!burst.legal || !there) return kDecodeError;
  const bool wrong = burst.address < g_memory.error_end && burst.address + kBeatBytes > g_memory.error_first;
  return hit && wrong ? static_cast<unsigned>(g_memory.error_response) : kOkay;
}

void earn() {
  const std::int64_t rate = g_memory.bytes_per_cycle;
  if (rate <= 0) {
    g_tokens = kBeatBytes;
    return;
  }
  // More than one cycle's bytes cannot be saved: an idle bus moves no faster later.
  g_tokens += rate * static_cast<std::int64_t>(g_cycle - g_token_cycle);
  if (g_tokens > rate) g_tokens = rate;
  g_token_cycle = g_cycle;
}

void spend(std::int64_t bytes) {
  if (g_memory.bytes_per_cycle > 0) g_tokens -= bytes;
}

// The read burst whose turn it is, -1 if none is due. Bursts of one identifier stay in order.
std::int64_t next_read() {
  if (g_reads.empty()) return -1;
  if (g_memory.order == 0) return g_reads[0].due <= g_cycle ? 0 : -1;
  std::int64_t chosen = -1, found = 0;
  std::uint64_t seen[4] = {};
  for (std::size_t i = 0; i < g_reads.size(); ++i) {
    const unsigned id = g_reads[i].id & 255;
    const bool older = seen[id / 64] >> (id % 64) & 1;
    seen[id / 64] |= 1ull << (id % 64);
    if (older || g_reads[i].due > g_cycle) continue;
    if (draw() % ++found == 0) chosen = static_cast<std::int64_t>(i);
  }
  return chosen;
}

bool serve_read(unsigned* id, svBitVecVal* data, unsigned* response, svBit* last) {
  if (g_current < 0) g_current = next_read();
  if (g_current < 0) return false;
  Burst& burst = g_reads[g_current];
  *id = burst.id;
  *response = respond(burst, g_memory.error_reads);
  if (*response == kOkay) std::memcpy(data, g_memory.data + burst.address, kBeatBytes);
  else std::memset(data, kPoison, kBeatBytes);
  burst.address += kBeatBytes;
  *last = --burst.beats == 0;
  if (*last) g_reads.erase(g_reads.begin() + g_current);
  if (*last || g_memory.order == 2) g_current = -1;
  spend(kBeatBytes);
  return true;
}

bool write_waits() { return !g_writes.empty() && !g_data.empty(); }

void serve_write() {
  Burst& burst = g_writes.front();
  const WriteBeat& beat = g_data.front();
  const unsigned response = respond(burst, g_memory.error_writes);
  if (response > burst.response) burst.response = response;
  if (response == kOkay) {
    std::uint8_t* to = g_memory.data + burst.address;
    if (beat.strobe == ~0ull) std::memcpy(to, beat.data, kBeatBytes);
    else
      for (unsigned i = 0; i < kBeatBytes; ++i)
        if (beat.strobe >> i & 1) to[i] = beat.data[i];
    if (g_memory.written) g_memory.written[burst.address / kBeatBytes] = beat.tick;
  }
  spend(std::popcount(beat.strobe));
  burst.address += kBeatBytes;
  --burst.beats;
  if (beat.last) {
    burst.due = due();
    g_answers.push_back(burst);
    g_writes.pop_front();
  }
  g_data.pop_front();
}

}  // namespace

extern "C" {

AxiMemory* axi_memory_state() { return &g_memory; }

// Forgets what is under way; the contents and the counts stay.
void axi_memory_reset() {
  g_reads.clear();
  g_writes.clear();
  g_answers.clear();
  g_data.clear();
  g_current = -1;
  g_tokens = 0;
  g_token_cycle = g_cycle = 0;
  g_write_turn = false;
  g_random = g_memory.seed * 2 + 1;
}

void axi_memory_read(unsigned long long cycle, unsigned id, unsigned long long address, unsigned length,
                     unsigned size, unsigned kind) {
  g_cycle = cycle;
  g_reads.push_back(make_burst(id, address, length, size, kind));
  ++g_memory.read_bursts;
  g_memory.progress = tick();
}

void axi_memory_write(unsigned long long cycle, unsigned id, unsigned long long address, unsigned length,
                      unsigned size, unsigned kind) {
  g_cycle = cycle;
  g_writes.push_back(make_burst(id, address, length, size, kind));
  ++g_memory.write_bursts;
  g_memory.progress = tick();
}

void axi_memory_write_beat(const svBitVecVal* data, unsigned long long strobe, svBit last) {
  WriteBeat beat;
  std::memcpy(beat.data, data, kBeatBytes);
  beat.strobe = strobe;
  beat.tick = g_memory.progress = tick();
  beat.last = last;
  g_data.push_back(beat);
  ++g_memory.write_beats;
  g_memory.write_bytes += std::popcount(static_cast<std::uint64_t>(strobe));
}

// What the next cycle brings; returns whether anything is under way.
svBit axi_memory_step(unsigned long long cycle, svBit r_taken, svBit r_free, svBit b_free, svBit* r_valid,
                      unsigned* r_id, svBitVecVal* r_data, unsigned* r_response, svBit* r_last, svBit* b_valid,
                      unsigned* b_id, unsigned* b_response, svBit* ar_ready, svBit* aw_ready, svBit* w_ready) {
  g_cycle = cycle;
  g_memory.read_beats += r_taken;
  if (r_taken) g_memory.progress = tick();
  *r_valid = *b_valid = 0;
  earn();
  const auto write = [] {
    if (write_waits() && g_tokens > 0) serve_write();
  };
  // Who came second the last time goes first.
  if (g_write_turn) write();
  if (r_free && g_tokens > 0 && !stalled() && serve_read(r_id, r_data, r_response, r_last)) *r_valid = 1;
  if (!g_write_turn) write();
  g_write_turn = !g_write_turn;
  if (b_free && !g_answers.empty() && g_answers.front().due <= g_cycle && !stalled()) {
    *b_valid = 1;
    *b_id = g_answers.front().id;
    *b_response = g_answers.front().response;
    g_answers.pop_front();
  }
  *ar_ready = !stalled();
  *aw_ready = !stalled();
  *w_ready = g_data.size() < kWriteQueue && !stalled();
  return *r_valid || *b_valid || !r_free || !b_free || !*w_ready || !g_reads.empty() || !g_writes.empty() || !g_answers.empty() ||
         !g_data.empty();
}

}  // extern "C"
