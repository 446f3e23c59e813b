// Drives a harness from a plain C++ loop: the fastest a replay can run, and what cocotb is measured against.
//
// The harness, of a core or of the chip, is built with --prefix Vharness.

#include <cstdio>
#include <memory>

#include "../simulation.hpp"
#include "Vharness.h"

namespace {
std::unique_ptr<Simulation<Vharness>> g_model;
bool g_assumptions = true;

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
bool tick() {
  Vharness& model = **g_model;
  model.clk_i = 0;
  model.eval();
  model.clk_i = 1;
  model.eval();
  return !g_model->failed();
}
}  // namespace

// Runs one launch. Returns 1 if an assertion failed: its text is on the standard output, and the next launch
// starts with a model that is as new.
extern "C" int bare_launch() {
  if (!g_model) {
    g_model = std::make_unique<Simulation<Vharness>>();
    set_assumptions();
  }
  bool good = true;
  for (const int start : {1, 0}) {
    (*g_model)->start_i = start;
    do good = tick();
    while (good && (*g_model)->done_o != start);
  }
  if (good) return 0;
  g_model.reset();
  std::fflush(stdout);
  return 1;
}

// Whether assumptions (`ASSUME in tb/checks.svh) are looked at from now on; assertions always are.
extern "C" void bare_assumptions(int on) {
  g_assumptions = on != 0;
  if (g_model) set_assumptions();
}
