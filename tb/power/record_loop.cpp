// Drives the core's harness from a plain C++ loop and keeps what passes the core's ports, cycle by cycle.
//
// Registers begin as 0, as those of the gates do: so every output can be compared from the first cycle on.

#include <cstdint>
#include <memory>
#include <vector>

#include "../tick.hpp"
#include "Vharness.h"
#include "svdpi.h"
#include "verilated.h"

namespace {
std::uint64_t g_tick = 0;
std::vector<std::uint32_t> g_inputs, g_outputs;
}  // namespace

extern "C" {

// Called by the recorder at each clock edge with the ports' values before it.
void record_ports(const svBitVecVal* inputs, int input_words, const svBitVecVal* outputs, int output_words) {
  g_inputs.insert(g_inputs.end(), inputs, inputs + input_words);
  g_outputs.insert(g_outputs.end(), outputs, outputs + output_words);
}

// Runs one launch from reset. Returns 1 if the model reports an error.
int record_launch() {
  g_inputs.clear();
  g_outputs.clear();
  VerilatedContext context;
  context.fatalOnError(false);
  context.randReset(0);
  const auto model = std::make_unique<Vharness>(&context);
  for (const int powering : {1, 0}) {
    model->powering_i = powering;
    model->eval();
  }
  model->start_i = 1;
  g_tick = 0;
  do {
    ++g_tick;
    for (const int clock : {0, 1}) {
      model->clk_i = clock;
      model->eval();
    }
  } while (!context.gotError() && !model->done_o);
  model->final();
  return context.gotError();
}

const std::uint32_t* record_inputs(std::uint64_t* words) {
  *words = g_inputs.size();
  return g_inputs.data();
}

const std::uint32_t* record_outputs(std::uint64_t* words) {
  *words = g_outputs.size();
  return g_outputs.data();
}

// Ticks of this launch so far, or of the last one.
std::uint64_t bare_tick() { return g_tick; }

}  // extern "C"
