// Packs the streams A and B of the chip as FGMP blocks, and unpacks blocks (docs/chip.md, golden/chip/packing.py).

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace {

constexpr std::int64_t kWordLen = 4;
constexpr std::int64_t kLineBytes = 64;
constexpr int kMaxElements = 256;

enum Class : std::uint8_t { kPadding = 0, kZero = 1, kFp8 = 2, kFp16 = 3 };

struct Element {
  std::uint8_t cls = kPadding;
  std::uint16_t value = 0;
};

// Streams one after another, each from the start of a line; gaps are zero.
class Writer {
 public:
  // `count` elements, at most kMaxElements: one block.
  void block(const Element* elements, int count) {
    std::uint8_t group[kMaxElements / 8] = {};
    std::uint8_t narrow[kMaxElements];
    std::uint8_t wide[2 * kMaxElements];
    int nonzeros = 0, narrows = 0, wides = 0;
    const std::size_t mask = bytes_.size();
    bytes_.resize(mask + (count + 7) / 8);
    for (int i = 0; i < count; ++i) {
      const Element& e = elements[i];
      real_ += e.cls != kPadding;
      if (e.cls < kFp8) continue;
      bytes_[mask + i / 8] |= static_cast<std::uint8_t>(1u << (i % 8));
      if (e.cls == kFp16) {
        group[nonzeros / 8] |= static_cast<std::uint8_t>(1u << (nonzeros % 8));
        wide[wides++] = static_cast<std::uint8_t>(e.value);
        wide[wides++] = static_cast<std::uint8_t>(e.value >> 8);
      } else {
        narrow[narrows++] = static_cast<std::uint8_t>(e.value);
      }
      ++nonzeros;
    }
    bytes_.insert(bytes_.end(), group, group + (nonzeros + 7) / 8);
    bytes_.insert(bytes_.end(), narrow, narrow + narrows);
    bytes_.insert(bytes_.end(), wide, wide + wides);
  }

  // Elements in blocks of `limit`, the last one shorter.
  void blocks(const std::vector<Element>& elements, std::int64_t limit) {
    const std::int64_t count = static_cast<std::int64_t>(elements.size());
    for (std::int64_t at = 0; at < count; at += limit) {
      block(&elements[at], static_cast<int>(std::min(limit, count - at)));
    }
  }

  void begin() {
    bytes_.resize((bytes_.size() + kLineBytes - 1) / kLineBytes * kLineBytes);
    start_ = static_cast<std::int64_t>(bytes_.size());
    real_ = 0;
  }

  // What a stream was: first byte, bytes, real (not padded) elements.
  void end(std::int64_t* out) {
    out[0] = start_;
    out[1] = static_cast<std::int64_t>(bytes_.size()) - start_;
    out[2] = real_;
  }

  std::int64_t size() const { return static_cast<std::int64_t>(bytes_.size()); }

  void clear() {
    bytes_.clear();
    start_ = real_ = 0;
  }

  void take(std::uint8_t* out) {
    std::copy(bytes_.begin(), bytes_.end(), out);
    std::vector<std::uint8_t>().swap(bytes_);
  }

 private:
  std::vector<std::uint8_t> bytes_;
  std::int64_t start_ = 0;
  std::int64_t real_ = 0;
};

thread_local Writer g_writer;

}  // namespace

extern "C" {

// A of FP and BP. A part is one K tile of a block: for each column, for each line that holds channels, the
// line's words pixel by pixel downwards.
//   cls, val        padded A with the channels of a pixel side by side (NHWC)
//   stream[s]       first part of each stream, and the end
//   part[4*p ..]    first channel list of its tile, words of a pixel, first column, columns
//   height[p]       pixels of a column
//   list_start      bounds of each line's channels in `channel`
//   column          pixel of each column's top
//   out[3*s ..]     see Writer::end
// Returns the bytes of all streams; fetch them with `chip_take`.
std::int64_t chip_pack_columns(const std::uint8_t* cls, const std::uint16_t* val, std::int64_t channels,
                               std::int64_t row_pixels, std::int64_t lines, std::int64_t limit,
                               std::int64_t streams, const std::int64_t* stream, const std::int64_t* part,
                               const std::int64_t* height, const std::int64_t* list_start,
                               const std::int64_t* channel, const std::int64_t* column, std::int64_t* out) {
  Writer& writer = g_writer;
  writer.clear();
  std::vector<Element> elements;
  for (std::int64_t s = 0; s < streams; ++s) {
    writer.begin();
    for (std::int64_t p = stream[s]; p < stream[s + 1]; ++p) {
      const std::int64_t list = part[4 * p], entries = kWordLen * part[4 * p + 1];
      for (std::int64_t c = part[4 * p + 2]; c < part[4 * p + 2] + part[4 * p + 3]; ++c) {
        for (std::int64_t line = 0; line < lines; ++line) {
          const std::int64_t begin = list_start[list + line], end = list_start[list + line + 1];
          if (begin == end) continue;
          elements.assign(height[p] * entries, Element{});
          for (std::int64_t y = 0; y < height[p]; ++y) {
            const std::int64_t pixel = (column[c] + y * row_pixels) * channels;
            for (std::int64_t i = begin; i < end; ++i) {
              const std::int64_t at = pixel + channel[i];
              elements[y * entries + i - begin] = {cls[at], val[at]};
            }
          }
          writer.blocks(elements, limit);
        }
      }
    }
    writer.end(out + 3 * s);
  }
  return writer.size();
}

// A of WG. A stream is a block of rows: for each K tile, for each of its channels, for each unit of the
// channel, the unit's elements.
//   cls, val          padded A (NCHW)
//   stream[4*s ..]    first channel, channels, first layout of its K tiles, address of its first kernel row
//   channel           address in padded A of each stream's channels
//   layout[6*l ..]    of a K tile: first offset and elements of a unit, the same of a channel's last unit,
//                     units of a channel, address step from one unit to the next
//   origin[t]         what the K tile adds to the offsets
//   offset            address of each element; negative: nobody needs it
std::int64_t chip_pack_units(const std::uint8_t* cls, const std::uint16_t* val, std::int64_t limit,
                             std::int64_t streams, const std::int64_t* stream, const std::int64_t* channel,
                             std::int64_t tiles, const std::int64_t* layout, const std::int64_t* origin,
                             const std::int64_t* offset, std::int64_t* out) {
  Writer& writer = g_writer;
  writer.clear();
  std::vector<Element> elements;
  for (std::int64_t s = 0; s < streams; ++s) {
    writer.begin();
    for (std::int64_t t = 0; t < tiles; ++t) {
      const std::int64_t* l = layout + 6 * (stream[4 * s + 2] + t);
      for (std::int64_t c = stream[4 * s]; c < stream[4 * s] + stream[4 * s + 1]; ++c) {
        for (std::int64_t u = 0; u < l[4]; ++u) {
          const bool last = u == l[4] - 1;
          const std::int64_t first = last ? l[2] : l[0], count = last ? l[3] : l[1];
          const std::int64_t at = channel[c] + stream[4 * s + 3] + u * l[5] + origin[t];
          elements.assign(count, Element{});
          for (std::int64_t i = 0; i < count; ++i) {
            if (offset[first + i] >= 0) elements[i] = {cls[at + offset[first + i]], val[at + offset[first + i]]};
          }
          writer.blocks(elements, limit);
        }
      }
    }
    writer.end(out + 3 * s);
  }
  return writer.size();
}

// B: rows in a given order, one block of `width` columns each; a stream is a group of columns.
//   cls, val    [rows, columns]
//   order       row of each block
std::int64_t chip_pack_rows(const std::uint8_t* cls, const std::uint16_t* val, std::int64_t columns,
                            std::int64_t width, std::int64_t count, const std::int64_t* order,
                            std::int64_t streams, const std::int64_t* first, std::int64_t* out) {
  Writer& writer = g_writer;
  writer.clear();
  std::vector<Element> elements;
  for (std::int64_t s = 0; s < streams; ++s) {
    writer.begin();
    const std::int64_t real = std::min(width, columns - first[s]);
    for (std::int64_t r = 0; r < count; ++r) {
      elements.assign(width, Element{});
      for (std::int64_t c = 0; c < real; ++c) {
        const std::int64_t at = order[r] * columns + first[s] + c;
        elements[c] = {cls[at], val[at]};
      }
      writer.block(elements.data(), static_cast<int>(width));
    }
    writer.end(out + 3 * s);
  }
  return writer.size();
}

void chip_take(std::uint8_t* out) { g_writer.take(out); }

// Reads `blocks` blocks of size[b] elements each into cls and val, one after another. Returns the bytes that
// they take, or -1 - b if block b does not end within `bytes` or has a fill bit set.
std::int64_t chip_unpack(const std::uint8_t* data, std::int64_t bytes, std::int64_t blocks,
                         const std::int64_t* size, std::uint8_t* cls, std::uint16_t* val) {
  std::int64_t at = 0, element = 0;
  for (std::int64_t b = 0; b < blocks; ++b) {
    const std::int64_t mask = at, mask_bytes = (size[b] + 7) / 8;
    if (at + mask_bytes > bytes) return -1 - b;
    std::int64_t nonzeros = 0;
    for (std::int64_t i = 0; i < 8 * mask_bytes; ++i) {
      if (!(data[mask + i / 8] >> (i % 8) & 1)) continue;
      if (i >= size[b]) return -1 - b;
      ++nonzeros;
    }
    const std::int64_t group = mask + mask_bytes, group_bytes = (nonzeros + 7) / 8;
    if (group + group_bytes > bytes) return -1 - b;
    std::int64_t wides = 0;
    for (std::int64_t i = 0; i < 8 * group_bytes; ++i) {
      if (!(data[group + i / 8] >> (i % 8) & 1)) continue;
      if (i >= nonzeros) return -1 - b;
      ++wides;
    }
    std::int64_t narrow = group + group_bytes, wide = narrow + nonzeros - wides;
    at = wide + 2 * wides;
    if (at > bytes) return -1 - b;
    std::int64_t seen = 0;
    for (std::int64_t i = 0; i < size[b]; ++i, ++element) {
      cls[element] = kZero;
      val[element] = 0;
      if (!(data[mask + i / 8] >> (i % 8) & 1)) continue;
      if (data[group + seen / 8] >> (seen % 8) & 1) {
        cls[element] = kFp16;
        val[element] = static_cast<std::uint16_t>(data[wide] | data[wide + 1] << 8);
        wide += 2;
      } else {
        cls[element] = kFp8;
        val[element] = data[narrow++];
      }
      ++seen;
    }
  }
  return at;
}

}  // extern "C"
