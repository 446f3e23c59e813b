// Commands and beats as the core reads them; golden/program.py and golden/streams.py say what they hold.

#pragma once

#include <bit>
#include <cstdint>

namespace schedule {

constexpr int kWordLen = 4;
constexpr int kMaxBeatWords = 16;
constexpr int kCommandWords = 4;
constexpr int kBeatRaw = 11;
constexpr int kRowBits = 8;
constexpr int kPhases = 4, kMaxParts = 4;

enum class Op { kTile, kSegment, kRun, kZero };

inline std::uint64_t bits(const std::uint32_t* words, int at, int width) {
  std::uint64_t value = words[at / 32] >> (at % 32);
  if (at % 32 + width > 32) value |= static_cast<std::uint64_t>(words[at / 32 + 1]) << (32 - at % 32);
  return value & ((std::uint64_t{1} << width) - 1);
}

inline int field(const std::uint32_t* words, int at, int width) {
  return static_cast<int>(bits(words, at, width));
}

inline Op op_of(const std::uint32_t* raw) { return static_cast<Op>(field(raw, 125, 3)); }

struct TileCommand {
  unsigned mask;  // lines with a channel
  int rows, taps, channels;
  bool group_end, last, first, intra;

  explicit TileCommand(const std::uint32_t* raw)
      : mask(static_cast<unsigned>(field(raw, 0, 16))), rows(field(raw, 16, kRowBits)),
        taps(field(raw, 30, 6)), channels(field(raw, 36, 10)), group_end(field(raw, 46, 1)),
        last(field(raw, 47, 1)), first(field(raw, 48, 1)), intra(field(raw, 49, 1)) {}
};

struct RunCommand {
  bool tile_end;
  int parts, phase, window, step, rows, advance;

  explicit RunCommand(const std::uint32_t* raw)
      : tile_end(field(raw, 0, 1)), parts(field(raw, 1, 3)), phase(field(raw, 4, 2)),
        window(field(raw, 6, 7)), step(field(raw, 13, 7)), rows(field(raw, 20, kRowBits)),
        advance(field(raw, 28, 7)) {}
};

struct SegmentEntry {
  bool valid = false;
  int offset = 0;
};

// One part of a row's segment table, of `words` entries.
struct SegmentCommand {
  static constexpr int kEntryBits = 13, kOffsetAt = 6, kValidAt = 12;
  const std::uint32_t* raw;
  int part, phase;

  SegmentCommand(const std::uint32_t* words_of_command, int words)
      : raw(words_of_command), part(field(raw, kEntryBits * words, 2)),
        phase(field(raw, kEntryBits * words + 2, 2)) {}

  SegmentEntry entry(int word) const {
    const int at = kEntryBits * word;
    return {field(raw, at + kValidAt, 1) != 0, field(raw, at + kOffsetAt, 6)};
  }
};

// A beat of A: for each ring word the cycles that its elements take to issue.
struct Beat {
  std::int64_t visible = 0;
  bool first = false;
  int line = 0, words = 0;
  std::uint8_t issue[kMaxBeatWords] = {};

  Beat() = default;
  explicit Beat(const std::uint32_t* raw)
      : first(raw[0] & 1), line(raw[0] >> 8 & 0xFF), words(static_cast<int>(raw[0] >> 16)) {
    constexpr int kMask = 1, kGroup = 3;
    for (int w = 0; w < words; ++w) {
      const auto mask = static_cast<unsigned>(bits(raw + kMask, w * kWordLen, kWordLen));
      const auto group = static_cast<unsigned>(bits(raw + kGroup, w * kWordLen, kWordLen));
      issue[w] = static_cast<std::uint8_t>(std::popcount(mask) + std::popcount(mask & group));
    }
  }

  int work() const {
    int sum = 0;
    for (int w = 0; w < words; ++w) sum += issue[w];
    return sum;
  }
};

}  // namespace schedule
