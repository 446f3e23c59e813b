// Drives a harness from a plain C++ loop: the fastest a replay can run, and what cocotb is measured against.
//
// The harness, of a core or of the chip, is built with --prefix Vharness.

#include <cstdio>
#include <memory>

#include "Vharness.h"
#include "verilated.h"
#ifdef REPLAY_COVERAGE
#include "verilated_cov.h"
#endif

namespace {
std::unique_ptr<VerilatedContext> g_context;
std::unique_ptr<Vharness> g_model;
bool g_assumptions = true;

void set_assumptions() {
  constexpr VerilatedAssertType_t types = 0xFF;
  constexpr auto directive =
      static_cast<VerilatedAssertDirectiveType_t>(VerilatedAssertDirectiveType::DIRECTIVE_TYPE_ASSUME);
  if (g_assumptions)
    g_context->assertOnSet(types, directive);
  else
    g_context->assertOnClear(types, directive);
}

// Whether the model goes on: a failed assertion is reported by Verilator and ends the launch.
bool tick() {
  g_model->clk_i = 0;
  g_model->eval();
  g_model->clk_i = 1;
  g_model->eval();
  return !g_context->gotError();
}
}  // namespace

// Runs one launch. Returns 1 if an assertion failed: its text is on the standard output, and the next launch
// starts with a model that is as new.
extern "C" int bare_launch() {
  if (!g_model) {
    g_context = std::make_unique<VerilatedContext>();
    g_context->fatalOnError(false);
    set_assumptions();
    g_model = std::make_unique<Vharness>(g_context.get());
  }
  bool good = true;
  for (const int start : {1, 0}) {
    g_model->start_i = start;
    do good = tick();
    while (good && g_model->done_o != start);
  }
  if (good) return 0;
  g_model.reset();
  g_context.reset();
  std::fflush(stdout);
  return 1;
}

// Whether assumptions (`ASSUME in tb/checks.svh) are looked at from now on; assertions always are.
extern "C" void bare_assumptions(int on) {
  g_assumptions = on != 0;
  if (g_context) set_assumptions();
}

#ifdef REPLAY_COVERAGE
extern "C" void bare_coverage(const char* path) { g_context->coveragep()->write(path); }
#endif
