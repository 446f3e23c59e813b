// Types and sizes that the blocks of a sparse core share.
//
// Sizes that a preset chooses (lines, PEs, B rows ...) are module parameters; what is fixed by the
// formats or by the command encoding stands here.
package core_pkg;

  // A word is four consecutive entries of a line's list: the unit of the A ring.
  localparam int unsigned WordLen = 4;
  localparam int unsigned ElemBits = 16;  // an FP16 halfword, or an FP8 byte in its low half
  localparam int unsigned ByteBits = 8;
  localparam int unsigned SumBits = 32;  // binary32 accumulators and partial sums
  localparam int unsigned PeColumns = 2;

  // A is loaded at 16 bytes of values a cycle; masks and group bits travel on wires of their own.
  localparam int unsigned ABeatBytes = 16;
  localparam int unsigned ABeatBits = ABeatBytes * ByteBits;
  // Real (not padded) zeros of a word: 0 to 4.
  localparam int unsigned ZerosBits = $clog2(WordLen + 1);
  // What the ring keeps beside the values of a word, so that a whole part of a row is known in one cycle.
  typedef struct packed {
    logic [ZerosBits-1:0] zeros;
    logic [WordLen-1:0]   group;
    logic [WordLen-1:0]   mask;
  } word_meta_t;

  // Commands: one 128-bit word each.
  localparam int unsigned CmdBits = 128;
  localparam int unsigned OpBits = 3;
  localparam int unsigned PayloadBits = CmdBits - OpBits;
  typedef enum logic [OpBits-1:0] {
    OpTile    = 3'd0,  // opens a K tile: its B rows, its lines, its place in the sum
    OpSegment = 3'd1,  // writes one part of the open tile's segment table
    OpRun     = 3'd2,  // rows a constant step through the A ring apart
    OpZero    = 3'd3   // rows of a phase that meets no tap: +0
  } op_e;

  // Field widths of the commands hold the largest preset.
  localparam int unsigned RowsBits = 8;  // rows of a run or a tile: 1 to 128
  localparam int unsigned RingWords = 64;  // words of a line's A ring: a 7x7 kernel's window fits
  localparam int unsigned AddrBits = $clog2(RingWords);
  localparam int unsigned CountBits = AddrBits + 1;  // counts of ring words, 0 to 64
  localparam int unsigned KBits = 6;  // a B row of a line: 36 rows
  localparam int unsigned MaxLines = 16;
  localparam int unsigned ChannelBits = 10;  // channels of a group: 16 lines of 36
  localparam int unsigned PhaseBits = 2;  // stride 2 has four phases
  localparam int unsigned PartBits = 2;  // a row is read in at most four parts
  localparam int unsigned TableBits = PhaseBits + PartBits;
  localparam int unsigned TableDepth = 1 << TableBits;

  // Tiles in flight between the sequencer and the partial sums; lines see two of them at a time.
  localparam int unsigned TileSlots = 4;
  localparam int unsigned TileBits = $clog2(TileSlots);
  localparam int unsigned BlockBits = 4;  // blocks, modulo 16, to tell results apart

  // The B rows of a tile.
  typedef struct packed {
    logic                   group_end;  // last tile of its channel group
    logic [ChannelBits-1:0] channels;   // of the group; WG: 1
    logic [KBits-1:0]       taps;       // B rows of each channel; WG: pixels
    logic [KBits-1:0]       depth;      // channels that a line may hold; WG: 1
  } b_rows_t;

  typedef struct packed {
    logic                intra;      // WG: each line has rows of its own, B goes to every line
    logic                first;      // partial sums start at +0
    logic                last;       // partial sums leave as results
    b_rows_t             b;
    logic [RowsBits-1:0] rows;       // rows of the block
    logic [MaxLines-1:0] line_mask;  // lines that hold a channel of this tile
  } tile_cmd_t;

  typedef struct packed {
    logic [CountBits-1:0] advance;   // ring words from the last row to the next run's first
    logic [RowsBits-1:0]  rows;
    logic [CountBits-1:0] step;      // ring words from one row to the next
    logic [CountBits-1:0] window;    // ring words that one row spans
    logic [PhaseBits-1:0] phase;     // which segment table
    logic [PartBits:0]    parts;     // parts of a row; 0: the row is +0
    logic                 tile_end;  // last run of its tile
  } run_cmd_t;

  // Where a word lies from its row's base in the ring, and the B row of its first entry.
  typedef struct packed {
    logic [AddrBits-1:0] offset;
    logic [KBits-1:0]    k_base;
  } word_place_t;

  // One entry of a segment table; a part may have fewer words than the table has room for.
  typedef struct packed {
    logic        valid;
    word_place_t place;
  } seg_entry_t;

  // What a line is told to do: a run, or one row of WG, or only that a tile has ended (rows = 0).
  typedef struct packed {
    logic [CountBits-1:0] advance;
    logic [RowsBits-1:0]  rows;
    logic [CountBits-1:0] step;
    logic [CountBits-1:0] window;
    logic [PhaseBits-1:0] phase;
    logic [PartBits:0]    parts;
    logic                 tile_end;
    logic                 parity;    // half of the B memory and of the segment table
    logic [TileBits-1:0]  tile;
    logic [RowsBits-1:0]  row;       // partial-sum row of the first row (WG)
  } line_run_t;

  // An operand of the multiplier, normalised: value = sig * 2^(exp - 10 - ExpOffset).
  localparam int unsigned SigBits = 11;
  localparam int unsigned OperandExpBits = 6;
  typedef struct packed {
    logic                      sign;
    logic                      is_nan;
    logic                      is_inf;
    logic [OperandExpBits-1:0] exp;
    logic [SigBits-1:0]        sig;
  } operand_t;

endpackage
