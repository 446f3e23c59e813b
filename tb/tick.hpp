// When something happened in a run: only the bare loop counts clock edges (core/bare_loop.cpp).
#pragma once

#include <cstdint>

extern "C" __attribute__((weak)) std::uint64_t bare_tick();

// Rising edges of the clock since the launch began, this one included; 0 under cocotb.
inline std::uint64_t tick() { return bare_tick ? bare_tick() : 0; }
