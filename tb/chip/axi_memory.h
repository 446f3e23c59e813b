// What Python sets and reads of the memory model; tb/chip/memory.py mirrors the layout.
#pragma once

#include <cstdint>

extern "C" struct AxiMemory {
  // Set by Python
  std::uint8_t* data;
  std::uint64_t first, bytes;     // its address and size; what lies elsewhere is answered with DECERR
  std::int64_t latency;           // cycles from a burst's request to its first beat or its answer
  std::int64_t latency_random;    // up to so many more, drawn for each burst
  std::int64_t bytes_per_cycle;   // reads and writes together; 0: one beat of each a cycle
  std::int64_t order;             // of read bursts: 0 as asked for, 1 any, 2 any and beats interleaved
  std::int64_t stall_permille;    // chance that a channel stalls in a cycle
  std::uint64_t error_first;      // bytes of it that are answered with an error: first, one past the last
  std::uint64_t error_end;
  std::int64_t error_response;    // 2 SLVERR, 3 DECERR
  std::int64_t error_reads, error_writes;  // whom it hits
  std::uint64_t seed;
  // Counted at the pins
  std::uint64_t read_beats, write_beats;
  std::uint64_t write_bytes;      // strobes that were set
  std::uint64_t read_bursts, write_bursts;
  std::uint64_t* written;         // set by Python, or null: the tick at which each beat's place was last written
  std::uint64_t progress;         // tick of the last handshake on one of its channels
};

extern "C" AxiMemory* axi_memory_state();
