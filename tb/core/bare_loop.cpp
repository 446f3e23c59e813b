// Drives a harness from a plain C++ loop: the fastest a replay can run, and what cocotb is measured against.
//
// The harness, of a core or of the chip, is built with --prefix Vharness. A build with --trace-vcd writes waves,
// of a window of ticks (rising edges of the clock since the launch began, counted from 1) and nothing else.

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "../simulation.hpp"
#include "../tick.hpp"
#include "Vharness.h"
#if VM_TRACE
#include "verilated_vcd_c.h"
#endif

namespace {
std::unique_ptr<Simulation<Vharness>> g_model;
bool g_assumptions = true;
std::uint64_t g_tick = 0;  // of this launch
#if VM_TRACE
constexpr std::uint64_t kHalfPeriod = 2500;  // in ps, as in core_sim.sv

// Waves of one launch, from the first tick of the window to its last.
struct Window {
  std::string path;
  std::uint64_t first = 1, last = 0;
  std::unique_ptr<VerilatedVcdC> file;

  bool in(std::uint64_t tick) const { return tick >= first && tick <= last; }
  void open(Vharness& model) {
    file = std::make_unique<VerilatedVcdC>();
    model.trace(file.get(), 99);
    file->open(path.c_str());
  }
  void close() {
    if (file) file->close();
    file.reset();
    last = 0;
  }
};
Window g_window;
#endif

void set_assumptions() {
  constexpr VerilatedAssertType_t types = 0xFF;
  constexpr auto directive =
      static_cast<VerilatedAssertDirectiveType_t>(VerilatedAssertDirectiveType::DIRECTIVE_TYPE_ASSUME);
  if (g_assumptions)
    g_model->context().assertOnSet(types, directive);
  else
    g_model->context().assertOnClear(types, directive);
}

// Whether the model goes on: a failed assertion is reported by Verilator and ends the launch.
bool step() {
  Vharness& model = **g_model;
  ++g_tick;
#if VM_TRACE
  if (g_window.in(g_tick) && !g_window.file) g_window.open(model);
#endif
  for (const int clock : {0, 1}) {
    model.clk_i = clock;
    model.eval();
#if VM_TRACE
    // The edge of tick t comes at 2 t half periods; what it finds is written one half period before it.
    if (g_window.file) g_window.file->dump((2 * g_tick - 1 + clock) * kHalfPeriod);
#endif
  }
#if VM_TRACE
  if (g_window.file && g_tick >= g_window.last) g_window.close();
#endif
  return !g_model->failed();
}

void end_launch() {
#if VM_TRACE
  g_window.close();
#endif
}
}  // namespace

// Runs one launch. Returns 1 if an assertion failed: its text is on the standard output, and the next launch
// starts with a model that is as new.
extern "C" int bare_launch() {
  if (!g_model) {
    g_model = std::make_unique<Simulation<Vharness>>();
#if VM_TRACE
    g_model->context().traceEverOn(true);
#endif
    set_assumptions();
  }
  bool good = true;
  g_tick = 0;
  for (const int start : {1, 0}) {
    (*g_model)->start_i = start;
    do good = step();
    while (good && (*g_model)->done_o != start);
  }
  end_launch();
  if (good) return 0;
  g_model.reset();
  std::fflush(stdout);
  return 1;
}

// Ticks of this launch so far, or of the last one.
extern "C" std::uint64_t bare_tick() { return g_tick; }

#if VM_TRACE
// Writes waves of the next launch from tick `first` to tick `last` (both included).
extern "C" void bare_window(const char* path, std::uint64_t first, std::uint64_t last) {
  g_window.path = path;
  g_window.first = first;
  g_window.last = last;
}
#endif

// Whether assumptions (`ASSUME in tb/checks.svh) are looked at from now on; assertions always are.
extern "C" void bare_assumptions(int on) {
  g_assumptions = on != 0;
  if (g_model) set_assumptions();
}
