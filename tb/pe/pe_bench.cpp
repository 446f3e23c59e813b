// Feeds arrays through pe_bench, one model a process.

#include <cstdint>
#include <cstdio>
#include <memory>

#include "../simulation.hpp"
#include "Vpe_bench.h"

namespace {
std::unique_ptr<Simulation<Vpe_bench>> g_model;

Vpe_bench& model() {
  if (!g_model) {
    g_model = std::make_unique<Simulation<Vpe_bench>>();
    Vpe_bench& fresh = **g_model;
    fresh.rst_ni = 0;
    fresh.clk_i = 0;
    fresh.eval();
    fresh.rst_ni = 1;
    fresh.eval();
  }
  return **g_model;
}
}  // namespace

extern "C" {

// Adds elements up; a gap before an element is a cycle in which nothing is valid. Returns the number of sums
// taken, or -1 if an assertion failed (its text is on the standard output).
std::int64_t pe_run(std::int64_t count, const std::uint16_t* data, const std::uint8_t* wide, const std::uint8_t* first,
                    const std::uint8_t* gap, const std::uint32_t* b, int fmt, int bias, std::uint32_t* sums,
                    std::uint32_t* modules) {
  Vpe_bench& m = model();
  std::int64_t taken = 0;
  const auto cycle = [&] {
    m.clk_i = 1;
    m.eval();
    m.clk_i = 0;
    m.eval();
    if (m.valid_o && taken < count) {
      sums[2 * taken] = m.sum0_o;
      sums[2 * taken + 1] = m.sum1_o;
      modules[2 * taken] = m.modules0_o;
      modules[2 * taken + 1] = m.modules1_o;
      ++taken;
    }
  };
  m.fmt_i = fmt;
  m.bias_i = bias;
  for (std::int64_t i = 0; i < count && !g_model->failed(); ++i) {
    if (gap[i]) {
      m.valid_i = 0;
      cycle();
    }
    m.valid_i = 1;
    m.data_i = data[i];
    m.wide_i = wide[i];
    m.first_i = first[i];
    m.b_i = b[i];
    m.phase_i = 0;
    cycle();
    if (wide[i]) {
      m.phase_i = 1;
      cycle();
    }
  }
  m.valid_i = 0;
  m.phase_i = 0;
  for (int i = 0; i < 4; ++i) cycle();
  if (!g_model->failed()) return taken;
  g_model.reset();
  std::fflush(stdout);
  return -1;
}

void multiplier_run(std::int64_t count, int wide, int column, const std::uint16_t* a, const std::uint16_t* b0,
                    const std::uint16_t* b1, std::uint32_t* product0, std::uint32_t* product1) {
  Vpe_bench& m = model();
  m.mul_wide_i = wide;
  m.mul_column_i = column;
  for (std::int64_t i = 0; i < count; ++i) {
    m.mul_a_i = a[i];
    m.mul_b0_i = b0[i];
    m.mul_b1_i = b1[i];
    m.eval();
    product0[i] = m.mul_product0_o;
    product1[i] = m.mul_product1_o;
  }
}
}
