// The input load balancer (contract 2.6): which PE line of a core gets which channel of a group.

#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "chip_memory.hpp"

namespace chip {

// The channels of a group: their PE lines, and their places among the channels of their lines, ascending.
struct Group {
  int depth = 0;  // channels that a PE line may hold
  std::vector<int> line;
  std::vector<int> rank;
  std::uint32_t line_mask = 0;
};

// Takes a group's channels in the order in which they come, which is that of descending costs: each goes to
// the least-loaded line that holds fewer than `depth`, ties to the lower line. Off: the n-th goes to line n
// modulo lines.
class Balancer {
 public:
  bool open() const { return open_; }

  void begin(int lines, int depth, bool enabled) {
    open_ = true;
    enabled_ = enabled;
    depth_ = depth;
    load_.assign(static_cast<std::size_t>(lines), 0);
    held_.assign(static_cast<std::size_t>(lines), 0);
    channels_.clear();
  }

  void add(int channel, std::uint32_t cost, int depth) {
    require_item(depth == depth_, "Cost has another depth than the first of its group");
    std::size_t chosen = channels_.size() % held_.size();
    if (enabled_) {
      chosen = held_.size();
      for (std::size_t line = 0; line < held_.size(); ++line) {
        if (held_[line] < depth_ && (chosen == held_.size() || load_[line] < load_[chosen])) chosen = line;
      }
    }
    require_item(chosen < held_.size() && held_[chosen] < depth_,
                 "Cost has more channels than its PE lines hold");
    load_[chosen] += cost;
    ++held_[chosen];
    channels_.push_back({channel, static_cast<int>(chosen)});
  }

  Group finish() {
    open_ = false;
    Group group;
    group.depth = depth_;
    std::sort(channels_.begin(), channels_.end(),
              [](const Placed& a, const Placed& b) { return a.channel < b.channel; });
    std::vector<int> count(held_.size(), 0);
    for (std::size_t i = 0; i < channels_.size(); ++i) {
      require_item(channels_[i].channel == static_cast<int>(i),
                   "Cost names a channel twice, or not all of its group");
      group.line.push_back(channels_[i].line);
      group.rank.push_back(count[static_cast<std::size_t>(channels_[i].line)]++);
      group.line_mask |= 1u << channels_[i].line;
    }
    return group;
  }

 private:
  struct Placed {
    int channel, line;
  };

  bool open_ = false;
  bool enabled_ = false;
  int depth_ = 0;
  std::vector<std::uint64_t> load_;
  std::vector<int> held_;
  std::vector<Placed> channels_;
};

}  // namespace chip
