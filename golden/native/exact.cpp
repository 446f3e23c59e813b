// Exact products in the contract's order of additions (DESIGN 2.6): one kernel for FP, BP, WG and FC.
//
//   C[out_row[m], :] += tree over lines( sum over the line's list( A[row_address[m] + address[j]] * B[b_row[j], :] ) )
//
// tile after tile. Rows are independent of each other, so they are computed in blocks that keep their
// accumulators in registers, and B is packed in list order once a tile. Only the order of additions *within* a row and
// column is fixed, and no loop below touches it.
//
// Products are exact in binary32, so a compiler that fuses the multiply and the add changes no bit.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <vector>

namespace {

// One native vector, and rows such that a block's accumulators, its vectors of B and one broadcast fit the vector
// registers: 16 + 2 + 1 of 32 with AVX-512, 12 + 2 + 1 of 16 or more elsewhere.
#if defined(__AVX512F__)
constexpr int kLanes = 16;
constexpr int kRows = 8;
#elif defined(__AVX__)
constexpr int kLanes = 8;
constexpr int kRows = 6;
#else  // SSE, NEON
constexpr int kLanes = 4;
constexpr int kRows = 6;
#endif
constexpr int kMaxVectors = 2;

typedef float Vector __attribute__((vector_size(kLanes * sizeof(float))));
// The same, where NumPy's memory is only aligned to its elements.
typedef float Unaligned __attribute__((vector_size(kLanes * sizeof(float)), aligned(alignof(float))));

template <int kVectors>
struct Block {
  Vector row[kRows][kVectors];
};

// Sums one list from +0 for every row of a block.
//
// A zero element of A contributes nothing. With finite B that needs no branch: its product is a zero of either
// sign, and x + (+-0) = x for every x that a sum from +0 can reach (never -0, as +0 + -0 = +0 and x - x = +0). With an
// infinity or NaN in B the product would be NaN, so kSkipZeros leaves it out.
//
// A function of its own so that the kRows addresses, the list and B fit the general registers: inlined, GCC spills
// them and the loop takes twice as long.
template <int kVectors, bool kSkipZeros>
[[gnu::noinline]] void sum_list(const float* const rows[kRows], const int64_t* address,
                                const float* b, int64_t length, Block<kVectors>& sum) {
  const float* base[kRows];
  Vector acc[kRows][kVectors];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    base[r] = rows[r];
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) acc[r][v] = Vector{};
  }
  for (int64_t j = 0; j < length; ++j) {
    const int64_t offset = address[j];
    Vector operand[kVectors];
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) {
      operand[v] = *reinterpret_cast<const Unaligned*>(b + v * kLanes);
    }
    b += kVectors * kLanes;
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const float element = base[r][offset];
      if constexpr (kSkipZeros) {
        if (element == 0.0f) continue;
      }
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) acc[r][v] += element * operand[v];
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) sum.row[r][v] = acc[r][v];
  }
}

// Adds the line sums pairwise, ((0+1)+(2+3))+((4+5)+(6+7)), and leaves the result in sums[0].
template <int kVectors>
inline void reduce(Block<kVectors>* sums, int64_t lines) {
  for (int64_t width = lines; width > 1; width /= 2) {
    for (int64_t i = 0; i < width / 2; ++i) {
      for (int r = 0; r < kRows; ++r) {
        for (int v = 0; v < kVectors; ++v) {
          sums[i].row[r][v] = sums[2 * i].row[r][v] + sums[2 * i + 1].row[r][v];
        }
      }
    }
  }
}

struct Product {
  const float* a;
  const int64_t* row_address;
  const int64_t* out_row;
  int64_t rows;
  int64_t lines;
  const int64_t* address;
  const int64_t* b_row;
  const float* b;
  float* c;
  int64_t pitch;  // columns of B and C, a multiple of 16
};

// One tile of `kVectors` vectors of columns from `column`. `start[l]` to `start[l + 1]` is line l's list.
template <int kVectors, bool kSkipZeros>
void add_tile(const Product& p, const int64_t* start, int64_t column, std::vector<float>& packed) {
  constexpr int64_t kColumns = kVectors * kLanes;
  const int64_t first = start[0];
  packed.resize(static_cast<size_t>((start[p.lines] - first) * kColumns));
  for (int64_t j = first; j < start[p.lines]; ++j) {
    std::memcpy(packed.data() + (j - first) * kColumns, p.b + p.b_row[j] * p.pitch + column,
                kColumns * sizeof(float));
  }
  std::vector<Block<kVectors>> sums(static_cast<size_t>(p.lines));
  for (int64_t m = 0; m < p.rows; m += kRows) {
    const float* base[kRows];
    // The last block repeats its last row rather than reading past the end.
    for (int r = 0; r < kRows; ++r) base[r] = p.a + p.row_address[std::min(m + r, p.rows - 1)];
    for (int64_t line = 0; line < p.lines; ++line) {
      sum_list<kVectors, kSkipZeros>(base, p.address + start[line],
                                     packed.data() + (start[line] - first) * kColumns,
                                     start[line + 1] - start[line], sums[line]);
    }
    reduce<kVectors>(sums.data(), p.lines);
    const int live = static_cast<int>(std::min<int64_t>(kRows, p.rows - m));
    for (int r = 0; r < live; ++r) {
      float* out = p.c + p.out_row[m + r] * p.pitch + column;
      for (int v = 0; v < kVectors; ++v) {
        *reinterpret_cast<Unaligned*>(out + v * kLanes) += sums[0].row[r][v];
      }
    }
  }
}

template <bool kSkipZeros>
void add_tiles(const Product& p, int64_t tiles, const int64_t* start) {
  std::vector<float> packed;
  for (int64_t tile = 0; tile < tiles; ++tile, start += p.lines) {
    // A tile whose taps the phase never meets adds +0, which changes no sum.
    if (start[0] == start[p.lines]) continue;
    int64_t column = 0;
    for (; column + kMaxVectors * kLanes <= p.pitch; column += kMaxVectors * kLanes) {
      add_tile<kMaxVectors, kSkipZeros>(p, start, column, packed);
    }
    for (; column < p.pitch; column += kLanes) add_tile<1, kSkipZeros>(p, start, column, packed);
  }
}

}  // namespace

// Adds a product to `c` [.., pitch]; see the head of this file.
//
// `start` [tiles * lines + 1] bounds each line's list in `address` and `b_row`, lines inside tiles; `lines` is a power
// of two. `b` [K, pitch] and `c` are dense; `pitch` is a multiple of 16. `skip_zeros` must be set if B holds an
// infinity or a NaN. Returns 0, or 1 when memory ran out.
extern "C" int32_t accumulate(const float* a, const int64_t* row_address, const int64_t* out_row,
                              int64_t rows, int64_t tiles, int64_t lines, const int64_t* start,
                              const int64_t* address, const int64_t* b_row, const float* b,
                              float* c, int64_t pitch, int32_t skip_zeros) {
  const Product product{a, row_address, out_row, rows, lines, address, b_row, b, c, pitch};
  try {
    if (skip_zeros) {
      add_tiles<true>(product, tiles, start);
    } else {
      add_tiles<false>(product, tiles, start);
    }
  } catch (const std::bad_alloc&) {
    return 1;
  }
  return 0;
}
