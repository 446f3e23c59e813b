// A netlist of gates, clocked: every net has one value a cycle, toggles are counted, outputs are compared.
//
// Without delays: a net changes at most once a cycle, so glitches are not seen. The clock and its gated copies are
// no nets here; a gate's enable is sampled at the end of a cycle, as its latch does.

#include <cstdint>
#include <cstring>
#include <vector>

namespace {

constexpr int kInputs = 6;

struct Op {
  std::uint64_t table;  // output for each combination of the inputs, the first being the lowest bit
  std::int32_t in[kInputs];
  std::int32_t out;
};

struct Register {
  std::int32_t next, out, domain;
  std::int32_t inverted;  // the output is the inverse of what is held
};

struct Reset {
  std::int32_t net, active, out, value;  // while `net` is `active`, `out` is `value`
};

struct Domain {
  std::int32_t enable, parent;  // of its clock gate; -1: the clock itself
};

struct Memory {
  std::int32_t write, read, address_bits, width;
  std::int64_t nets;  // first of its nets in `memory_nets`: write address, write data, read address, read data
};

}  // namespace

extern "C" {

struct Netlist {
  const Op* ops;
  const Register* registers;
  const Reset* resets;
  const Domain* domains;  // parents first
  const Memory* memories;
  const std::int32_t* memory_nets;
  const std::int32_t* inputs;
  const std::int32_t* outputs;
  std::int64_t nets, op_count, register_count, reset_count, domain_count, memory_count, input_count, output_count;
};

static void reset(const Netlist& n, std::vector<std::uint8_t>& value) {
  for (std::int64_t i = 0; i < n.reset_count; ++i) {
    const Reset& r = n.resets[i];
    if (value[r.net] == r.active) value[r.out] = static_cast<std::uint8_t>(r.value);
  }
}

// Runs `cycles` cycles. Stimulus and expected outputs are a byte a net, row by row. `toggles` and `high` (cycles at
// 1) are of nets, `clocked` of clock domains: cycles in which it has an edge. Returns the first cycle of which an
// output is wrong (`wrong_output` says which), or -1.
std::int64_t gates_run(const Netlist* netlist, std::int64_t cycles, const std::uint8_t* stimulus,
                       const std::uint8_t* expected, std::int64_t* toggles, std::int64_t* high, std::int64_t* clocked,
                       std::int64_t* wrong_output) {
  const Netlist& n = *netlist;
  std::vector<std::uint8_t> value(n.nets, 0), before(n.nets, 0), active(n.domain_count, 0);
  std::vector<std::uint8_t> next(n.register_count, 0);
  std::vector<std::vector<std::uint8_t>> stored, read(n.memory_count);
  for (std::int64_t m = 0; m < n.memory_count; ++m) {
    stored.emplace_back(static_cast<std::size_t>(n.memories[m].width) << n.memories[m].address_bits, 0);
    read[m].assign(n.memories[m].width, 0);
  }
  value[1] = before[1] = 1;
  for (std::int64_t cycle = 0; cycle < cycles; ++cycle) {
    const std::uint8_t* row = stimulus + cycle * n.input_count;
    for (std::int64_t i = 0; i < n.input_count; ++i) value[n.inputs[i]] = row[i];
    reset(n, value);
    for (std::int64_t i = 0; i < n.op_count; ++i) {
      const Op& op = n.ops[i];
      unsigned place = 0;
      for (int k = 0; k < kInputs; ++k) place |= static_cast<unsigned>(value[op.in[k]]) << k;
      value[op.out] = op.table >> place & 1;
    }
    // The first cycle shows what nets begin as: it has no toggles.
    if (cycle)
      for (std::int64_t i = 0; i < n.nets; ++i) toggles[i] += value[i] ^ before[i];
    for (std::int64_t i = 0; i < n.nets; ++i) high[i] += value[i];
    std::memcpy(before.data(), value.data(), value.size());

    const std::uint8_t* wanted = expected + cycle * n.output_count;
    for (std::int64_t i = 0; i < n.output_count; ++i) {
      if (value[n.outputs[i]] != wanted[i]) {
        *wrong_output = i;
        return cycle;
      }
    }

    for (std::int64_t i = 0; i < n.domain_count; ++i) {
      const Domain& d = n.domains[i];
      active[i] = d.parent < 0 || (value[d.enable] && active[d.parent]);
      clocked[i] += active[i];
    }
    for (std::int64_t i = 0; i < n.register_count; ++i) next[i] = value[n.registers[i].next];
    for (std::int64_t i = 0; i < n.memory_count; ++i) {
      const Memory& m = n.memories[i];
      const std::int32_t* nets = n.memory_nets + m.nets;
      const std::int32_t *write_data = nets + m.address_bits, *read_address = write_data + m.width;
      const auto word = [&](const std::int32_t* address) {
        std::size_t at = 0;
        for (int k = 0; k < m.address_bits; ++k) at |= static_cast<std::size_t>(value[address[k]]) << k;
        return stored[i].data() + at * m.width;
      };
      if (value[m.read]) std::memcpy(read[i].data(), word(read_address), m.width);
      if (value[m.write]) {
        std::uint8_t* at = word(nets);
        for (int k = 0; k < m.width; ++k) at[k] = value[write_data[k]];
      }
    }
    for (std::int64_t i = 0; i < n.register_count; ++i) {
      const Register& r = n.registers[i];
      if (active[r.domain]) value[r.out] = next[i] ^ static_cast<std::uint8_t>(r.inverted);
    }
    reset(n, value);  // one that acts outlasts the edge
    for (std::int64_t i = 0; i < n.memory_count; ++i) {
      const Memory& m = n.memories[i];
      const std::int32_t* out = n.memory_nets + m.nets + 2 * m.address_bits + m.width;
      for (int k = 0; k < m.width; ++k) value[out[k]] = read[i][k];
    }
  }
  return -1;
}

// Puts operations in an order in which each follows what drives its inputs. Returns how many could be placed: less
// than all if some go round in a circle.
std::int64_t gates_order(const Op* ops, std::int64_t count, std::int64_t nets, std::int32_t* order) {
  std::vector<std::int32_t> driver(nets, -1), waits(count, 0);
  for (std::int64_t i = 0; i < count; ++i) driver[ops[i].out] = static_cast<std::int32_t>(i);
  std::vector<std::int32_t> first(count + 1, 0), readers;
  for (int pass = 0; pass < 2; ++pass) {
    std::vector<std::int32_t> at(first.begin(), first.end() - 1);
    for (std::int64_t i = 0; i < count; ++i) {
      for (const std::int32_t net : ops[i].in) {
        if (driver[net] < 0) continue;
        if (pass) {
          readers[at[driver[net]]++] = static_cast<std::int32_t>(i);
        } else {
          ++first[driver[net] + 1];
          ++waits[i];
        }
      }
    }
    if (pass) break;
    for (std::int64_t i = 0; i < count; ++i) first[i + 1] += first[i];
    readers.resize(first[count]);
  }
  std::int64_t placed = 0;
  for (std::int64_t i = 0; i < count; ++i)
    if (!waits[i]) order[placed++] = static_cast<std::int32_t>(i);
  for (std::int64_t at = 0; at < placed; ++at) {
    for (std::int32_t k = first[order[at]]; k < first[order[at] + 1]; ++k)
      if (!--waits[readers[k]]) order[placed++] = readers[k];
  }
  return placed;
}

}  // extern "C"
