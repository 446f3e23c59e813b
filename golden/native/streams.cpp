// Packs A into the beats that a sparse core takes (see golden/streams.py for what a beat is).

#include <algorithm>
#include <cstdint>
#include <vector>

namespace {

constexpr int kWordLen = 4;
constexpr int kBeatBytes = 16;
// One beat as the testbench reads it: 32-bit words.
constexpr int kBeatWords = 11;
constexpr int kMask = 1, kGroup = 3, kZeros = 5, kData = 7;
constexpr int kZerosBits = 3;

enum Class : std::uint8_t { kPadding = 0, kZero = 1, kFp8 = 2, kFp16 = 3 };

struct Beat {
  std::uint32_t raw[kBeatWords] = {};
  int words = 0;
  int bytes = 0;

  void set(int field, int bit) { raw[field + bit / 32] |= 1u << (bit % 32); }

  void put_byte(std::uint8_t value) {
    raw[kData + bytes / 4] |= static_cast<std::uint32_t>(value) << (8 * (bytes % 4));
    ++bytes;
  }

  void finish(int line, bool first) {
    raw[0] = static_cast<std::uint32_t>(first) | static_cast<std::uint32_t>(line) << 8 |
             static_cast<std::uint32_t>(words) << 16;
  }
};

struct Element {
  std::uint8_t cls;
  std::uint16_t value;
};

int size_of(const Element* word) {
  int bytes = 0;
  for (int e = 0; e < kWordLen; ++e) bytes += word[e].cls >= kFp8 ? word[e].cls - kFp8 + 1 : 0;
  return bytes;
}

void append(Beat& beat, const Element* word) {
  unsigned zeros = 0;
  for (int e = 0; e < kWordLen; ++e) {
    const int bit = beat.words * kWordLen + e;
    if (word[e].cls == kZero) ++zeros;
    if (word[e].cls < kFp8) continue;
    beat.set(kMask, bit);
    beat.put_byte(static_cast<std::uint8_t>(word[e].value));
    if (word[e].cls == kFp16) {
      beat.set(kGroup, bit);
      beat.put_byte(static_cast<std::uint8_t>(word[e].value >> 8));
    }
  }
  const int bit = beat.words * kZerosBits;
  for (int b = 0; b < kZerosBits; ++b) {
    if (zeros >> b & 1) beat.set(kZeros, bit + b);
  }
  ++beat.words;
}

struct Sent {
  std::int64_t position;
  int line;
  Beat beat;
};

// Cuts a line's words into beats: as many whole words as 16 bytes of values and `limit` words allow.
void pack_line(const std::vector<Element>& words, int limit, int line, std::vector<Sent>& out) {
  const std::int64_t count = static_cast<std::int64_t>(words.size()) / kWordLen;
  for (std::int64_t at = 0; at < count;) {
    Sent sent{at, line, {}};
    while (at < count && sent.beat.words < limit &&
           sent.beat.bytes + size_of(&words[at * kWordLen]) <= kBeatBytes) {
      append(sent.beat, &words[at * kWordLen]);
      ++at;
    }
    out.push_back(sent);
  }
}

std::vector<std::uint32_t> g_beats;

void emit(const Beat& beat) { g_beats.insert(g_beats.end(), beat.raw, beat.raw + kBeatWords); }

}  // namespace

extern "C" {

// FP, BP, FC. A job is a tile in a block: its lines' channels and the columns of its runs.
//   cls, val            padded A: class, and FP8 code or FP16 bits
//   job[4*j ..]         first channel list, first column, columns, rows of a column
//   list_start          bounds of each line's channels in `channels`; `lines` lists a job's tile
//   column_address      address in padded A (channel 0) of each column's top word
// Returns the number of beats; fetch them with `take_beats`.
std::int64_t pack_inter(const std::uint8_t* cls, const std::uint16_t* val, std::int64_t channel_pitch,
                        std::int64_t row_pitch, std::int64_t lines, std::int64_t beat_limit,
                        std::int64_t jobs, const std::int64_t* job, const std::int64_t* list_start,
                        const std::int64_t* channels, const std::int64_t* column_address) {
  g_beats.clear();
  std::vector<Sent> sent;
  std::vector<Element> words;
  for (std::int64_t j = 0; j < jobs; ++j) {
    const std::int64_t list = job[4 * j], first = job[4 * j + 1], count = job[4 * j + 2],
                       height = job[4 * j + 3];
    sent.clear();
    for (int line = 0; line < lines; ++line) {
      const std::int64_t begin = list_start[list + line], end = list_start[list + line + 1];
      if (begin == end) continue;
      // All lines step alike through their rings: a line with a channel less sends an empty place.
      std::int64_t depth = 0;
      for (int other = 0; other < lines; ++other) {
        depth = std::max(depth, list_start[list + other + 1] - list_start[list + other]);
      }
      words.clear();
      for (std::int64_t c = first; c < first + count; ++c) {
        for (std::int64_t y = 0; y < height; ++y) {
          const std::int64_t at = column_address[c] + y * row_pitch;
          for (std::int64_t i = 0; i < (depth + kWordLen - 1) / kWordLen * kWordLen; ++i) {
            if (begin + i >= end) {
              words.push_back({kPadding, 0});
            } else {
              const std::int64_t address = at + channels[begin + i] * channel_pitch;
              words.push_back({cls[address], val[address]});
            }
          }
        }
      }
      pack_line(words, static_cast<int>(beat_limit), line, sent);
    }
    std::stable_sort(sent.begin(), sent.end(),
                     [](const Sent& a, const Sent& b) { return a.position < b.position; });
    for (Sent& one : sent) {
      one.beat.finish(one.line, false);
      emit(one.beat);
    }
  }
  return static_cast<std::int64_t>(g_beats.size()) / kBeatWords;
}

// WG. Rows of each block in turn, tile by tile: beats of a row, the first one marked.
//   block[2*b ..]       first row, rows
//   tile[2*t ..]        first pixel, pixels
std::int64_t pack_intra(const std::uint8_t* cls, const std::uint16_t* val, std::int64_t beat_limit,
                        std::int64_t blocks, const std::int64_t* block, std::int64_t tiles,
                        const std::int64_t* tile, const std::int64_t* row_address,
                        const std::int64_t* pixel_address) {
  g_beats.clear();
  std::vector<Sent> sent;
  std::vector<Element> words;
  for (std::int64_t b = 0; b < blocks; ++b) {
    for (std::int64_t t = 0; t < tiles; ++t) {
      for (std::int64_t r = block[2 * b]; r < block[2 * b] + block[2 * b + 1]; ++r) {
        words.clear();
        for (std::int64_t p = tile[2 * t]; p < tile[2 * t] + tile[2 * t + 1]; ++p) {
          const std::int64_t address = row_address[r] + pixel_address[p];
          words.push_back({cls[address], val[address]});
        }
        while (words.size() % kWordLen) words.push_back({kPadding, 0});
        sent.clear();
        pack_line(words, static_cast<int>(beat_limit), 0, sent);
        for (std::size_t i = 0; i < sent.size(); ++i) {
          sent[i].beat.finish(0, i == 0);
          emit(sent[i].beat);
        }
      }
    }
  }
  return static_cast<std::int64_t>(g_beats.size()) / kBeatWords;
}

void take_beats(std::uint32_t* out) {
  std::copy(g_beats.begin(), g_beats.end(), out);
  g_beats.clear();
  g_beats.shrink_to_fit();
}

}  // extern "C"
