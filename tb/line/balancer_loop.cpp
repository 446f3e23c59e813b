// Feeds channels to the load balancer and takes its answers, both with random stalls.

#include <cstdint>
#include <cstdio>
#include <memory>

#include "../simulation.hpp"
#include "Vload_balancer.h"

// Returns 0 if all answers came, 1 if not within the limit, 2 if an assertion failed.
extern "C" int balancer_run(std::int64_t count, const std::uint16_t* channel, const std::uint32_t* cost,
                            const std::uint8_t* last, const std::uint8_t* depth, int enable, int stall_permille,
                            std::uint64_t seed, std::uint16_t* answered, std::uint8_t* line) {
  Simulation<Vload_balancer> model;
  std::uint64_t random = seed | 1;
  const auto stalled = [&] {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    return static_cast<int>((random >> 24) % 1000) < stall_permille;
  };
  std::int64_t given = 0, taken = 0;
  bool offered = false;
  model->rst_ni = 0;
  model->enable_i = enable;
  model->valid_i = 0;
  model->clk_i = 0;
  model->eval();
  model->rst_ni = 1;
  for (std::int64_t cycle = 0; taken < count && cycle < 1000 + 2000 * count; ++cycle) {
    offered = offered || (given < count && !stalled());
    model->valid_i = offered;
    if (offered) {
      model->channel_i = channel[given];
      model->cost_i = cost[given];
      model->last_i = last[given];
      model->depth_i = depth[given];
    }
    model->ready_i = !stalled();
    model->clk_i = 0;
    model->eval();
    if (model->valid_o && model->ready_i) {
      answered[taken] = model->channel_o;
      line[taken++] = model->line_o;
    }
    if (model->valid_i && model->ready_o) {
      ++given;
      offered = false;
    }
    model->clk_i = 1;
    model->eval();
    if (model.failed()) {
      std::fflush(stdout);
      return 2;
    }
  }
  return taken == count ? 0 : 1;
}
