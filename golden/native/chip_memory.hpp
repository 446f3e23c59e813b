// External memory as the chip's golden model sees it, and the errors that end a run (docs/chip.md).

#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

namespace chip {

static_assert(std::endian::native == std::endian::little, "integers in memory are little endian");

constexpr std::int64_t kLineBytes = 64;
constexpr std::int64_t kLineWords = kLineBytes / 4;
constexpr std::int64_t kMemoryLines = std::int64_t{1} << 32;

enum class Cause : std::int32_t {
  kNone = 0,
  kReadResponse = 1,
  kWriteResponse = 2,
  kMagic = 3,
  kField = 4,
  kWindow = 5,
  kOverlap = 6,
  kJobRange = 7,
  kStreamLength = 8,
  kItem = 9,
  kOverrun = 10,
};

// The chip stops: `cause` is what it reports, `message` says more than it could.
struct Fault {
  Cause cause;
  std::string message;
};

[[noreturn]] inline void fail(Cause cause, std::string message) { throw Fault{cause, std::move(message)}; }

inline void require(bool good, Cause cause, const char* message) {
  if (!good) [[unlikely]]
    fail(cause, message);
}

// What an item of stream C must fulfil.
inline void require_item(bool good, const char* message) { require(good, Cause::kItem, message); }

// Lines that `bytes` bytes occupy.
constexpr std::int64_t lines_of(std::int64_t bytes) { return (bytes + kLineBytes - 1) / kLineBytes; }

// A stream or region: first line and bytes.
struct Extent {
  std::int64_t line = 0;
  std::int64_t bytes = 0;
};

// The image of external memory. Lines beyond it answer with an error, as a bus does.
class Memory {
 public:
  Memory(std::uint8_t* bytes, std::int64_t lines) : bytes_(bytes), lines_(lines) {}

  // The bytes of an extent, which is read in whole lines.
  const std::uint8_t* read(Extent extent, const char* what) const {
    if (extent.bytes != 0 && extent.line + lines_of(extent.bytes) > lines_) {
      fail(Cause::kReadResponse, std::string(what) + " lies beyond the memory image: line " +
                                     std::to_string(extent.line) + ", " + std::to_string(extent.bytes) +
                                     " bytes");
    }
    return extent.bytes == 0 ? bytes_ : bytes_ + extent.line * kLineBytes;
  }

  void write(std::int64_t line, const void* data, std::int64_t bytes, const char* what) {
    if (line + lines_of(bytes) > lines_) {
      fail(Cause::kWriteResponse, std::string(what) + " lies beyond the memory image: line " +
                                      std::to_string(line) + ", " + std::to_string(bytes) + " bytes");
    }
    std::memcpy(bytes_ + line * kLineBytes, data, static_cast<std::size_t>(bytes));
  }

 private:
  std::uint8_t* bytes_;
  std::int64_t lines_;
};

}  // namespace chip
