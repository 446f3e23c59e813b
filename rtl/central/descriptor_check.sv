// Takes a descriptor apart and says what is wrong with it, before anything of it is used.
module descriptor_check #(
    parameter int unsigned Columns = 4
) (
    input  chip_pkg::line_t                                  line_i,   // where it lies
    input  chip_pkg::data_t  [chip_pkg::DescriptorLines-1:0] lines_i,
    output chip_pkg::layer_t                                 layer_o,
    output chip_pkg::cause_e                                 cause_o   // CauseNone: it is right
);

  localparam int unsigned WordBits = 32;
  localparam int unsigned Words = chip_pkg::DescriptorLines * chip_pkg::LineBits / WordBits;

  // Words, and the bits of word 1 (docs/chip.md).
  localparam int unsigned MagicWord = 0, FlagsWord = 1, BiasWord = 2, ShareWord = 3, TableWord = 4;
  localparam int unsigned JobsWord = 5, RecordsWord = 6, CompletionWord = 7, WindowsWord = 8;
  localparam int unsigned OutWord = 16, NextWord = 18, ThresholdWord = 19, NamedWords = 20;
  localparam int unsigned IntraBit = 0, BalanceBit = 1, AFmtBit = 2, BFmtBit = 3, OutFmtBit = 4;
  localparam int unsigned ModeBit = 5, FromRecordBit = 7, ScaleBit = 8, ResidualBit = 9;
  localparam int unsigned ReluBit = 10;
  localparam int unsigned MaskBit = 11, ColumnsBit = 12, LastBit = 31;
  localparam int unsigned ColumnsWidth = 5, ModeWidth = 2, BiasWidth = 6, ByteWidth = 8;
  localparam logic [WordBits-1:0] NamedFlags = 32'h8001_FFFF;
  localparam logic [WordBits-1:0] NamedBias = 32'h003F_3F3F;
  localparam logic [WordBits-1:0] NamedShare = 32'h0000_FFFF;
  localparam logic [ModeWidth-1:0] NoMode = 2'd3;

  logic [Words-1:0][WordBits-1:0] word;
  logic [WordBits-1:0] flags, bias;
  chip_pkg::layer_t layer;
  assign word  = lines_i;
  assign flags = word[FlagsWord];
  assign bias  = word[BiasWord];

  always_comb begin
    layer = '{
        intra: flags[IntraBit],
        balance: flags[BalanceBit],
        a_fmt: flags[AFmtBit],
        b_fmt: flags[BFmtBit],
        a_bias: bias[0+:BiasWidth],
        b_bias: bias[ByteWidth+:BiasWidth],
        post: '{
            mode: chip_pkg::out_mode_e'(flags[ModeBit+:ModeWidth]),
            fmt: flags[OutFmtBit],
            bias: bias[2*ByteWidth+:BiasWidth],
            scale_bias: flags[ScaleBit],
            residual: flags[ResidualBit],
            relu: flags[ReluBit],
            mask: flags[MaskBit],
            columns: flags[ColumnsBit+:ColumnsWidth]
        },
        from_record: flags[FromRecordBit],
        numerator: word[ShareWord][0+:ByteWidth],
        denominator: word[ShareWord][ByteWidth+:ByteWidth],
        table_line: word[TableWord],
        jobs: word[JobsWord],
        records: word[RecordsWord],
        completion: word[CompletionWord],
        threshold: word[ThresholdWord],
        next: word[NextWord],
        last: flags[LastBit],
        out_window: '{first: word[OutWord], past: word[OutWord+1]},
        windows: '0
    };
    for (int unsigned s = 0; s < chip_pkg::Streams; s++) begin
      layer.windows[s] = '{first: word[WindowsWord+2*s], past: word[WindowsWord+2*s+1]};
    end
  end
  assign layer_o = layer;

  // ---------------------------------------------------------------------------------------------
  // What is read, and what is written: lines from `first` to before `past`, which may be 2^32
  // ---------------------------------------------------------------------------------------------
  localparam int unsigned EndBits = chip_pkg::LineAddrBits + 1;
  localparam int unsigned Reads = chip_pkg::Streams + 4;
  localparam int unsigned Writes = 3;
  typedef struct packed {
    logic [EndBits-1:0] first;
    logic [EndBits-1:0] past;
  } span_t;
  span_t [ Reads-1:0] reads;
  span_t [Writes-1:0] writes;

  function automatic span_t span(input chip_pkg::line_t first, input logic [EndBits-1:0] count);
    return '{first: EndBits'(first), past: EndBits'(first) + count};
  endfunction

  function automatic logic overlap(input span_t a, input span_t b);
    return a.first < b.past && b.first < a.past && a.first != a.past && b.first != b.past;
  endfunction

  always_comb begin
    for (int unsigned s = 0; s < chip_pkg::Streams; s++) begin
      reads[s] = '{
          first: EndBits'(layer.windows[s].first),
          past: EndBits'(layer.windows[s].past)
      };
    end
    reads[chip_pkg::Streams] = span(layer.table_line, EndBits'(layer.jobs));
    reads[chip_pkg::Streams+1] = span(line_i, EndBits'(chip_pkg::DescriptorLines));
    reads[chip_pkg::Streams+2] =
        span(layer.threshold, layer.from_record ? EndBits'(chip_pkg::CompletionLines) : '0);
    reads[chip_pkg::Streams+3] =
        span(layer.next, layer.last ? '0 : EndBits'(chip_pkg::DescriptorLines));
    writes[0] = '{first: EndBits'(layer.out_window.first), past: EndBits'(layer.out_window.past)};
    writes[1] = span(layer.records, layer.records == '0 ? '0 : EndBits'(layer.jobs));
    writes[2] = span(layer.completion, EndBits'(chip_pkg::CompletionLines));
  end

  logic fields, windows, overlaps, no_post;
  localparam logic [EndBits-1:0] MemoryEnd = {1'b1, {chip_pkg::LineAddrBits{1'b0}}};

  assign no_post = !layer.post.scale_bias && !layer.post.residual && !layer.post.relu &&
      !layer.post.mask;

  always_comb begin
    fields = (flags & ~NamedFlags) == '0 && (bias & ~NamedBias) == '0 &&
             (word[ShareWord] & ~NamedShare) == '0 &&
             word[Words-1:NamedWords] == '0 &&
             flags[ModeBit+:ModeWidth] != NoMode && layer.post.columns != '0 &&
             32'(layer.post.columns) <= Columns && layer.denominator != '0 && layer.jobs != '0;
    // FP32 sums leave as they are; rows of WG come in any order.
    if (layer.post.mode == chip_pkg::OutFp32 && !no_post) fields = 1'b0;
    if (layer.intra &&
        (layer.post.mode == chip_pkg::OutFgmp || layer.post.residual || layer.post.mask)) begin
      fields = 1'b0;
    end
  end

  always_comb begin
    windows = layer.out_window.first < layer.out_window.past;
    for (int unsigned s = 0; s < chip_pkg::Streams; s++) begin
      if (layer.windows[s].first > layer.windows[s].past) windows = 1'b0;
    end
    for (int unsigned r = 0; r < Reads; r++) if (reads[r].past > MemoryEnd) windows = 1'b0;
    for (int unsigned w = 0; w < Writes; w++) if (writes[w].past > MemoryEnd) windows = 1'b0;
  end

  always_comb begin
    overlaps = 1'b0;
    for (int unsigned w = 0; w < Writes; w++) begin
      for (int unsigned r = 0; r < Reads; r++) if (overlap(writes[w], reads[r])) overlaps = 1'b1;
      for (int unsigned v = 0; v < w; v++) if (overlap(writes[w], writes[v])) overlaps = 1'b1;
    end
  end

  always_comb begin
    cause_o = chip_pkg::CauseNone;
    if (word[MagicWord] != chip_pkg::DescriptorMagic) cause_o = chip_pkg::CauseMagic;
    else if (!fields) cause_o = chip_pkg::CauseField;
    else if (!windows) cause_o = chip_pkg::CauseWindow;
    else if (overlaps) cause_o = chip_pkg::CauseOverlap;
  end

endmodule
