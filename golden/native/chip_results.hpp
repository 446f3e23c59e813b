// What becomes of a job's sums: post-processing, rounding, FGMP, the histogram and the threshold that follows
// from it (contract 2.7, 2.8; docs/chip.md).

#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "chip_descriptor.hpp"
#include "chip_formats.hpp"
#include "chip_memory.hpp"
#include "chip_tile.hpp"

namespace chip {

constexpr int kBins = 40;          // floor(log2|x|) of finite FP16 non-zeros ...
constexpr int kMinExponent = -24;  // ... from that of the smallest subnormal

struct Histogram {
  std::array<std::int64_t, kBins> bin{};
  std::int64_t zeros = 0;
  std::int64_t nonfinite = 0;

  void count(std::uint16_t half) {
    const unsigned magnitude = half & kMagnitude16;
    if (magnitude == 0) {
      ++zeros;
    } else if (magnitude >= kInfinity16) {
      ++nonfinite;
    } else {
      // Bins of subnormals go by their leading one; the first normal binade is bin 10.
      const unsigned field = magnitude >> 10;
      ++bin[field ? field + 9 : static_cast<unsigned>(std::bit_width(magnitude)) - 1];
    }
  }

  std::int64_t nonzeros() const {
    std::int64_t total = 0;
    for (const std::int64_t one : bin) total += one;
    return total;
  }

  // The smallest exponent for which the share of finite non-zeros in the binades from it up is allowed.
  int threshold(std::int64_t numerator, std::int64_t denominator) const {
    const std::int64_t total = nonzeros();
    if (total == 0) return kMaxThreshold;
    int threshold = kMaxThreshold;
    std::int64_t above = 0;
    while (threshold > kMinThreshold) {
      above += bin[static_cast<std::size_t>(threshold - 1 - kMinExponent)];
      if (above * denominator > numerator * total) break;
      --threshold;
    }
    return threshold;
  }
};

using Values = std::array<float, kMaxColumns>;

// Functions of their own, so that no compiler fuses a product with the sum that follows: each rounds.
[[gnu::noinline]] inline void multiply(Values& values, const Values& by) {
  for (std::size_t c = 0; c < kMaxColumns; ++c) values[c] *= by[c];
}

[[gnu::noinline]] inline void add(Values& values, const Values& to) {
  for (std::size_t c = 0; c < kMaxColumns; ++c) values[c] += to[c];
}

// What the chip records of a job.
struct JobResult {
  std::int64_t bytes = 0;
  std::int64_t rows = 0;
  std::array<std::int64_t, kMaxColumns> costs{};
};

class ResultPath {
 public:
  ResultPath(const Layer& layer, const Sizes& sizes) : layer_(layer), sizes_(sizes) {}

  const Histogram& histogram() const { return histogram_; }

  // Finishes a job and writes its output; an error leaves memory as it was.
  JobResult finish(Memory& memory, const Job& job, const std::vector<Row>& sums) {
    JobResult result;
    result.rows = job.rows;
    const std::size_t columns = static_cast<std::size_t>(sizes_.columns);
    const std::int64_t head = layer_.scale_bias ? 8 * sizes_.columns : 0;
    const std::int64_t mask_bytes = (sizes_.columns + 7) / 8;
    const std::int64_t record = (layer_.residual ? 2 * sizes_.columns : 0) + (layer_.mask ? mask_bytes : 0);
    require(job.streams[kD].bytes == head + job.rows * record, Cause::kStreamLength,
            "stream D is shorter or longer than what the descriptor asks for");
    const std::uint8_t* d = memory.read(job.streams[kD], kStreamNames[kD]);
    Values scale{}, bias{};
    for (std::size_t c = 0; layer_.scale_bias && c < columns; ++c) {
      std::memcpy(&scale[c], d + 8 * c, sizeof(float));
      std::memcpy(&bias[c], d + 8 * c + 4, sizeof(float));
    }
    d += head;

    std::vector<std::uint8_t> bytes;
    for (const Row& sum : sums) {
      Values y{};
      for (std::size_t c = 0; c < columns; ++c) y[c] = sum.v[c / kLanes][c % kLanes];
      if (layer_.mode == Mode::kFp32) {
        for (std::size_t c = 0; c < columns; ++c) append(bytes, canonical(y[c]));
      } else {
        if (layer_.scale_bias) {
          multiply(y, scale);
          add(y, bias);
        }
        store(post_process(y, d), bytes, result);
        d += record;
      }
      if (static_cast<std::int64_t>(bytes.size()) > job.out.bytes) {
        fail(Cause::kOverrun,
             "results need more than the " + std::to_string(job.out.bytes) + " bytes of the job's output");
      }
    }
    result.bytes = static_cast<std::int64_t>(bytes.size());
    memory.write(job.out.line, bytes.data(), result.bytes, "a job's output");
    return result;
  }

 private:
  using Halves = std::array<std::uint16_t, kMaxColumns>;

  // What follows scale and bias: the row's record of D at `d`, ReLU, rounding.
  Halves post_process(Values& y, const std::uint8_t* d) const {
    const std::size_t columns = static_cast<std::size_t>(sizes_.columns);
    if (layer_.residual) {
      Values residual{};
      for (std::size_t c = 0; c < columns; ++c, d += 2) {
        residual[c] = widen(static_cast<std::uint16_t>(d[0] | static_cast<unsigned>(d[1]) << 8));
      }
      add(y, residual);
    }
    Halves halves{};
    for (std::size_t c = 0; c < columns; ++c) {
      if (layer_.relu && y[c] <= 0.0f) y[c] = 0.0f;  // not a NaN
      halves[c] = narrow(std::bit_cast<std::uint32_t>(y[c]));
    }
    if (layer_.mask) {
      std::uint32_t keep = 0;
      std::memcpy(&keep, d, static_cast<std::size_t>((sizes_.columns + 7) / 8));
      for (std::size_t c = 0; c < columns; ++c) {
        if (!(keep >> c & 1)) halves[c] = 0;
      }
    }
    return halves;
  }

  void store(const Halves& halves, std::vector<std::uint8_t>& bytes, JobResult& result) {
    for (std::size_t c = 0; c < static_cast<std::size_t>(layer_.columns); ++c) histogram_.count(halves[c]);
    const std::size_t columns = static_cast<std::size_t>(sizes_.columns);
    if (layer_.mode == Mode::kFp16) {
      for (std::size_t c = 0; c < columns; ++c) append(bytes, halves[c]);
      return;
    }
    std::uint32_t mask = 0, groups = 0;
    unsigned nonzeros = 0;
    std::vector<std::uint8_t> narrow, wide;
    for (std::size_t c = 0; c < columns; ++c) {
      const Fp8::Encoded encoded = layer_.output.encode(halves[c]);
      if (encoded.wide) {
        append(wide, halves[c]);
        groups |= 1u << nonzeros;
      } else if (encoded.code) {
        narrow.push_back(encoded.code);
      } else {
        continue;
      }
      result.costs[c] += encoded.wide ? 2 : 1;
      mask |= 1u << c;
      ++nonzeros;
    }
    append_bits(bytes, mask, columns);
    append_bits(bytes, groups, nonzeros);
    bytes.insert(bytes.end(), narrow.begin(), narrow.end());
    bytes.insert(bytes.end(), wide.begin(), wide.end());
  }

  template <typename T>
  static void append(std::vector<std::uint8_t>& bytes, T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }

  static void append_bits(std::vector<std::uint8_t>& bytes, std::uint32_t bits, std::size_t count) {
    for (std::size_t i = 0; i < (count + 7) / 8; ++i)
      bytes.push_back(static_cast<std::uint8_t>(bits >> (8 * i)));
  }

  const Layer& layer_;
  const Sizes& sizes_;
  Histogram histogram_;
};

}  // namespace chip
