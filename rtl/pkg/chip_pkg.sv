// Types and sizes that the central core, the feeders and the chip share; docs/chip.md describes them.
package chip_pkg;

  // Memory moves in lines of 64 bytes, one a beat of the AXI bus.
  localparam int unsigned LineBytes = 64;
  localparam int unsigned LineBits = LineBytes * core_pkg::ByteBits;
  localparam int unsigned LineShift = $clog2(LineBytes);
  localparam int unsigned LineAddrBits = 32;  // descriptors count lines
  localparam int unsigned AxiAddrBits = LineAddrBits + LineShift;
  localparam int unsigned BytesBits = 32;  // length of a stream
  localparam int unsigned LineCountBits = BytesBits - LineShift + 1;

  // Streams of a job, in the order of the job table.
  localparam int unsigned Streams = 4;
  localparam int unsigned StreamBits = $clog2(Streams);
  typedef enum logic [StreamBits-1:0] {
    StreamA = 2'd0,
    StreamB = 2'd1,
    StreamC = 2'd2,
    StreamD = 2'd3
  } stream_e;

  // A read burst under way; its AXI identifier is the tag, so that bursts may come back in any order.
  localparam int unsigned Tags = 32;
  localparam int unsigned TagBits = $clog2(Tags);
  localparam int unsigned MaxChunkBeats = 2;  // a power of two: aligned chunks do not cross 4 KB
  localparam int unsigned ChunkBits = $clog2(MaxChunkBeats + 1);
  localparam int unsigned ChunkIndexBits = $clog2(MaxChunkBeats);

  typedef logic [LineAddrBits-1:0] line_t;
  typedef logic [BytesBits-1:0] bytes_t;
  typedef logic [LineBits-1:0] data_t;
  typedef logic [TagBits-1:0] tag_t;

  // A stream as a job names it, and the wave (modulo 4) in which the job was dealt: the same stream may be
  // read again in the next wave.
  localparam int unsigned WaveBits = 2;
  typedef struct packed {
    logic [WaveBits-1:0] wave;
    line_t               line;
    bytes_t              bytes;
  } extent_t;

  // Lines of memory from `first` to before `past`.
  typedef struct packed {
    line_t first;
    line_t past;
  } window_t;

  // Lines that a stream spans: the last one may be used in part.
  function automatic logic [LineAddrBits:0] line_count(input bytes_t bytes);
    return ((LineAddrBits + 1)'(bytes) + (LineAddrBits + 1)'(LineBytes - 1)) >> LineShift;
  endfunction

  function automatic logic holds(input window_t window, input line_t first, input bytes_t bytes);
    return first >= window.first &&
        (LineAddrBits + 1)'(first) + line_count(bytes) <= (LineAddrBits + 1)'(window.past);
  endfunction

  // What a feeder is told of a job.
  localparam int unsigned JobBits = 32;
  typedef struct packed {
    extent_t a;
    extent_t b;
    extent_t c;
  } feed_job_t;

  // What the result path is told of a job.
  typedef struct packed {
    logic [JobBits-1:0]            index;
    logic                          zero;   // its rows meet no tap: no core works on it, they are +0
    logic [core_pkg::RowsBits-1:0] rows;
    extent_t                       d;
    extent_t                       out;
  } result_job_t;

  // A stream buffer's wishes and whereabouts, for whoever shares fetches between cores.
  typedef struct packed {
    logic                 valid;         // asks for the chunk at `next`
    logic [ChunkBits-1:0] beats;         // its lines, 1 to MaxChunkBeats
    logic                 empty;         // nothing of it is there or under way
    logic                 active;        // a stream is being fetched
    line_t                base;          // its first line
    logic [WaveBits-1:0]  wave;
    line_t                next;          // first line not asked for yet
    logic                 pending;       // another stream waits behind it
    line_t                pending_base;
    logic [WaveBits-1:0]  pending_wave;
  } fetch_state_t;

  // What comes back: one beat of a burst.
  typedef struct packed {
    tag_t                      tag;
    logic [ChunkIndexBits-1:0] index;  // beat of the burst
    data_t                     data;
  } fill_t;

  // A write of one line.
  typedef struct packed {
    line_t                line;
    logic [LineBytes-1:0] strobe;
    data_t                data;
  } write_t;

  // Items of stream C: operations 0 to 2 are core_pkg::op_e's.
  localparam int unsigned ItemBytes = core_pkg::CmdBits / core_pkg::ByteBits;
  typedef enum logic [core_pkg::OpBits-1:0] {
    ItemTile     = 3'd0,
    ItemSegment  = 3'd1,
    ItemRun      = 3'd2,
    ItemZero     = 3'd3,
    ItemCost     = 3'd4,
    ItemFeed     = 3'd5,
    ItemFeedRows = 3'd6,
    ItemBase     = 3'd7
  } item_e;

  localparam int unsigned ChannelBits = 16;
  localparam int unsigned CostBits = 32;
  typedef struct packed {
    logic                   last;      // the record ends its group
    logic                   two;       // both channels count
    logic [5:0]             depth;     // channels that a PE line may hold
    logic [CostBits-1:0]    cost1;
    logic [ChannelBits-1:0] channel1;
    logic [CostBits-1:0]    cost0;
    logic [ChannelBits-1:0] channel0;
  } cost_item_t;

  typedef struct packed {
    logic [core_pkg::MaxLines-1:0] line_mask;
    logic [5:0]                    words;      // of a PE line in a column
    logic [15:0]                   columns;
  } feed_item_t;

  localparam int unsigned UnitElements = 256;  // A's elements that the rows of a unit share
  localparam int unsigned ElementBits = $clog2(UnitElements);
  typedef struct packed {
    logic [ElementBits:0] last_elements;  // of a channel's last unit
    logic [5:0]           pixels;         // of the K tile: entries of a row
    logic [2:0]           channel_units;  // units of a channel
    logic [2:0]           last_ky;        // kernel rows of a channel's last unit
    logic [2:0]           ky;             // kernel rows of the others
    logic [2:0]           kx;             // kernel columns
    logic [ElementBits:0] pitch;          // elements from one kernel row to the next
    logic [ElementBits:0] elements;       // of a unit
    logic [9:0]           count;          // units of the K tile
  } feed_rows_item_t;

  localparam int unsigned BaseEntries = 12;
  typedef struct packed {
    logic [BaseEntries-1:0][ElementBits-1:0] base;
    logic [3:0]                              index;  // of the first entry, divided by BaseEntries
  } base_item_t;

  // Result formats.
  typedef enum logic [1:0] {
    OutFp32 = 2'd0,
    OutFp16 = 2'd1,
    OutFgmp = 2'd2
  } out_mode_e;

  // How the results of a descriptor leave.
  typedef struct packed {
    out_mode_e  mode;
    logic       fmt;         // FP8 format of FGMP: 0 E4M3, 1 E5M2
    logic [5:0] bias;
    logic       scale_bias;
    logic       residual;
    logic       relu;
    logic       mask;
    logic [4:0] columns;     // real ones: the others are not counted
  } post_config_t;

  // A descriptor, as the hardware uses it.
  localparam int unsigned DescriptorLines = 2;
  localparam int unsigned CompletionLines = 4;
  typedef struct packed {
    logic                  intra;        // WG
    logic                  balance;
    logic                  a_fmt;
    logic                  b_fmt;
    logic [5:0]            a_bias;
    logic [5:0]            b_bias;
    post_config_t          post;
    logic                  from_record;  // the output bias follows from `threshold`
    logic [7:0]            numerator;    // share of FP16 that the threshold policy allows
    logic [7:0]            denominator;
    line_t                 table_line;
    logic [JobBits-1:0]    jobs;
    line_t                 records;      // 0: none
    line_t                 completion;
    line_t                 threshold;
    line_t                 next;
    logic                  last;
    window_t               out_window;
    window_t [Streams-1:0] windows;
  } layer_t;

  // The histogram of floor(log2|x|) of finite FP16 non-zeros.
  localparam int MinExponent = -24;
  localparam int MaxExponent = 15;
  localparam int unsigned Bins = unsigned'(MaxExponent - MinExponent + 1);
  localparam int unsigned BinBits = 32;
  typedef struct packed {
    logic [Bins-1:0][BinBits-1:0] bin;        // [0]: MinExponent
    logic [BinBits-1:0]           nonfinite;
    logic [BinBits-1:0]           zeros;
  } histogram_t;

  localparam logic [31:0] DescriptorMagic = 32'h4C4E_5031;
  localparam logic [31:0] RecordMagic = 32'h4C4E_5231;

  typedef enum logic [3:0] {
    CauseNone          = 4'd0,
    CauseReadResponse  = 4'd1,
    CauseWriteResponse = 4'd2,
    CauseMagic         = 4'd3,
    CauseField         = 4'd4,
    CauseWindow        = 4'd5,
    CauseOverlap       = 4'd6,
    CauseJobRange      = 4'd7,
    CauseStreamLength  = 4'd8,
    CauseItem          = 4'd9,
    CauseOverrun       = 4'd10,
    CauseWatchdog      = 4'd11,
    CauseAborted       = 4'd12
  } cause_e;

endpackage
