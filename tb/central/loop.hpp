// What the loops of the central core's benches share: random numbers, and a model with its clock.
#pragma once

#include <cstdint>
#include <cstdio>

#include "../simulation.hpp"

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15u | 1) {}

  std::uint32_t below(std::uint32_t count) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return static_cast<std::uint32_t>((state_ >> 32) % count);
  }
  // Whether something of so many in a thousand happens.
  bool chance(std::int64_t permille) { return below(1000) < static_cast<std::uint32_t>(permille); }

 private:
  std::uint64_t state_;
};

template <typename Model>
class Bench {
 public:
  Bench() { reset(); }
  Model& operator*() { return *model_; }
  Model* operator->() { return &*model_; }

  void reset() {
    model_.context().gotError(false);
    model_->clk_i = 0;
    model_->rst_ni = 0;
    model_->eval();
    model_->rst_ni = 1;
    model_->eval();
  }
  // Lets the inputs act; the outputs are those of this cycle then.
  void settle() {
    model_->clk_i = 0;
    model_->eval();
  }
  // Ends the cycle; false if an assertion failed.
  bool tick() {
    model_->clk_i = 1;
    model_->eval();
    if (model_.failed()) std::fflush(stdout);
    return !model_.failed();
  }

 private:
  Simulation<Model> model_;
};
