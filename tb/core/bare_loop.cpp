// Drives the harness from a plain C++ loop: the fastest a replay can run, and what cocotb is measured against.

#include <memory>

#include "Vcore_harness.h"
#include "verilated.h"
#ifdef REPLAY_COVERAGE
#include "verilated_cov.h"
#endif

namespace {
std::unique_ptr<VerilatedContext> g_context;
std::unique_ptr<Vcore_harness> g_model;

void tick() {
  g_model->clk_i = 0;
  g_model->eval();
  g_model->clk_i = 1;
  g_model->eval();
}
}  // namespace

extern "C" void bare_launch() {
  if (!g_model) {
    g_context = std::make_unique<VerilatedContext>();
    g_model = std::make_unique<Vcore_harness>(g_context.get());
  }
  g_model->start_i = 1;
  do tick();
  while (!g_model->done_o);
  g_model->start_i = 0;
  do tick();
  while (g_model->done_o);
}

#ifdef REPLAY_COVERAGE
extern "C" void bare_coverage(const char* path) { g_context->coveragep()->write(path); }
#endif
