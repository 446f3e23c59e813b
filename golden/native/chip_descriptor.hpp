// Descriptors and job tables of the chip, decoded and checked as docs/chip.md says.

#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>

#include "chip_formats.hpp"
#include "chip_memory.hpp"

namespace chip {

constexpr std::uint32_t kDescriptorMagic = 0x4C4E5031;
constexpr std::uint32_t kRecordMagic = 0x4C4E5231;
constexpr std::int64_t kDescriptorLines = 2;
constexpr std::int64_t kCompletionLines = 4;
constexpr std::int64_t kExponentWord = 4;  // of a completion record: the threshold exponent
constexpr int kMinThreshold = -24;
constexpr int kMaxThreshold = 16;

// What a preset fixes.
struct Sizes {
  int lines;      // PE lines of a core
  int columns;    // output columns of a core
  int rows;       // B rows that a PE line holds (R)
  int psum_rows;  // rows of a job at most
};

struct Window {
  std::int64_t first = 0;
  std::int64_t past = 0;

  bool holds(Extent extent) const {
    return extent.line >= first && extent.line + lines_of(extent.bytes) <= past;
  }
  bool overlaps(Window other) const {
    return first < past && other.first < other.past && first < other.past && other.first < past;
  }
};

enum class Mode : int { kFp32 = 0, kFp16 = 1, kFgmp = 2 };
enum Stream : int { kA = 0, kB = 1, kC = 2, kD = 3, kStreams = 4 };
constexpr std::array<const char*, kStreams> kStreamNames{"stream A", "stream B", "stream C", "stream D"};

struct Layer {
  bool wg, balancer, scale_bias, residual, relu, mask, from_record, last;
  Fp8 a, b, output;
  Mode mode;
  int columns;  // real ones
  std::uint32_t numerator, denominator;
  std::int64_t table, jobs, records, completion, next, threshold_record;
  std::array<Window, kStreams> windows;
  Window out;
};

struct Job {
  std::array<Extent, kStreams> streams;
  Extent out;
  int rows;
};

// FP8 bias of a threshold exponent (contract 2.8).
constexpr int bias_of(int format, int threshold) { return (format ? 31 : 16) - threshold; }

inline Layer read_descriptor(const Memory& memory, std::int64_t line, const Sizes& sizes) {
  std::array<std::uint32_t, kDescriptorLines * kLineWords> word;
  std::memcpy(word.data(), memory.read({line, kDescriptorLines * kLineBytes}, "descriptor"), sizeof(word));
  require(word[0] == kDescriptorMagic, Cause::kMagic, "word 0 of the descriptor is not 4C4E5031");

  const auto flag = [&](int bit) { return (word[1] >> bit & 1) != 0; };
  Layer layer{};
  layer.wg = flag(0);
  layer.balancer = flag(1);
  layer.a = {flag(2), static_cast<int>(word[2] & 0x3F)};
  layer.b = {flag(3), static_cast<int>(word[2] >> 8 & 0x3F)};
  layer.output = {flag(4), static_cast<int>(word[2] >> 16 & 0x3F)};
  layer.mode = static_cast<Mode>(word[1] >> 5 & 3);
  layer.from_record = flag(7);
  layer.scale_bias = flag(8);
  layer.residual = flag(9);
  layer.relu = flag(10);
  layer.mask = flag(11);
  layer.columns = static_cast<int>(word[1] >> 12 & 0x1F);
  layer.last = flag(31);
  layer.numerator = word[3] & 0xFF;
  layer.denominator = word[3] >> 8 & 0xFF;
  layer.table = word[4];
  layer.jobs = word[5];
  layer.records = word[6];
  layer.completion = word[7];
  for (std::size_t s = 0; s < kStreams; ++s) layer.windows[s] = {word[8 + 2 * s], word[9 + 2 * s]};
  layer.out = {word[16], word[17]};
  layer.next = word[18];
  layer.threshold_record = word[19];

  const auto field = [](bool good, const char* message) { require(good, Cause::kField, message); };
  std::uint32_t unnamed = (word[1] & 0x7FFE0000) | (word[2] & ~0x003F3F3Fu) | word[3] >> 16;
  for (std::size_t w = 20; w < word.size(); ++w) unnamed |= word[w];
  field(unnamed == 0, "the descriptor has a bit set that has no name");
  field(static_cast<int>(layer.mode) <= 2, "the descriptor's output is 3");
  field(layer.columns >= 1 && layer.columns <= sizes.columns,
        "the descriptor's columns are none, or more than a core has");
  field(layer.denominator != 0, "the threshold policy's denominator is 0");
  field(layer.jobs != 0, "the descriptor has no jobs");
  field(layer.mode != Mode::kFp32 || !(layer.scale_bias || layer.residual || layer.relu || layer.mask),
        "FP32 output takes no post-processing");
  field(!layer.wg || !(layer.mode == Mode::kFgmp || layer.residual || layer.mask),
        "WG takes no FGMP output, residual or mask");

  const auto span = [](std::int64_t first, std::int64_t lines) { return Window{first, first + lines}; };
  const std::array<Window, kStreams + 4> reads{
      layer.windows[kA],
      layer.windows[kB],
      layer.windows[kC],
      layer.windows[kD],
      span(layer.table, layer.jobs),
      span(line, kDescriptorLines),
      span(layer.threshold_record, layer.from_record ? kCompletionLines : 0),
      span(layer.next, layer.last ? 0 : kDescriptorLines)};
  const std::array<Window, 3> writes{layer.out, span(layer.records, layer.records ? layer.jobs : 0),
                                     span(layer.completion, kCompletionLines)};
  // Results need room: an output window without a line is one that ends too early.
  require(layer.out.first < layer.out.past, Cause::kWindow, "the output window has no line");
  for (const Window& window : reads) {
    require(window.first <= window.past, Cause::kWindow, "a window ends before it begins");
    require(window.past <= kMemoryLines, Cause::kWindow, "what is read lies outside the address range");
  }
  for (const Window& window : writes) {
    require(window.past <= kMemoryLines, Cause::kWindow, "what is written lies outside the address range");
  }
  for (std::size_t w = 0; w < writes.size(); ++w) {
    for (const Window& window : reads) {
      require(!writes[w].overlaps(window), Cause::kOverlap, "what is written overlaps what is read");
    }
    for (std::size_t v = 0; v < w; ++v) {
      require(!writes[w].overlaps(writes[v]), Cause::kOverlap, "two things that are written overlap");
    }
  }
  return layer;
}

// Takes the output bias from the completion record that the descriptor names.
inline void take_threshold(const Memory& memory, Layer& layer) {
  std::array<std::uint32_t, kLineWords> word;
  std::memcpy(word.data(), memory.read({layer.threshold_record, kLineBytes}, "threshold's completion record"),
              sizeof(word));
  require(word[0] == kRecordMagic, Cause::kField,
          "the line that gives the output bias holds no completion record");
  const std::int32_t exponent = std::bit_cast<std::int32_t>(word[kExponentWord]);
  require(exponent >= kMinThreshold && exponent <= kMaxThreshold, Cause::kField,
          "the threshold exponent that gives the output bias lies outside -24 to 16");
  layer.output.bias = bias_of(layer.output.format, exponent);
}

inline Job read_job(const Memory& memory, const Layer& layer, std::int64_t index, const Sizes& sizes) {
  std::array<std::uint32_t, kLineWords> word;
  std::memcpy(word.data(), memory.read({layer.table + index, kLineBytes}, "job table"), sizeof(word));
  Job job{};
  for (std::size_t s = 0; s < kStreams; ++s) job.streams[s] = {word[2 * s], word[2 * s + 1]};
  job.out = {word[8], word[9]};
  job.rows = static_cast<int>(word[10] & 0xFF);
  std::uint32_t unnamed = word[10] >> 8;
  for (std::size_t w = 11; w < word.size(); ++w) unnamed |= word[w];
  require(unnamed == 0, Cause::kField, "the job has a bit set that has no name");
  require(job.rows >= 1 && job.rows <= sizes.psum_rows, Cause::kField,
          "the job's rows are none, or more than a core holds");
  require(job.streams[kC].bytes != 0 || (job.streams[kA].bytes == 0 && job.streams[kB].bytes == 0),
          Cause::kField, "the job has no stream C, but A or B");
  for (std::size_t s = 0; s < kStreams; ++s) {
    // A stream of no bytes needs no place.
    if (job.streams[s].bytes != 0 && !layer.windows[s].holds(job.streams[s])) {
      fail(Cause::kJobRange, std::string(kStreamNames[s]) + " leaves its window");
    }
  }
  require(layer.out.holds(job.out), Cause::kJobRange, "the job's output leaves its window");
  return job;
}

}  // namespace chip
