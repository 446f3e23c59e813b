// Operands of post-processing from the cores' D streams: scale and bias once a job, then a record a
// row.
//
// Each core holds the scale and bias of its job and the record of its next row; one filler serves
// all cores, a line at a time. A row enters the pipeline only when its record is here, so that no
// core waits for the memory of another. Scale and bias never straddle lines; a record is in at most
// two, and then costs a core a cycle more.
module post_operands #(
    parameter int unsigned Cores = 1,
    parameter int unsigned Pes = 2,
    localparam int unsigned CoreBits = Cores > 1 ? $clog2(Cores) : 1
) (
    input logic clk_i,
    input logic rst_ni,
    input logic scale_bias_i,  // what is asked for
    input logic residual_i,
    input logic mask_i,
    // D streams: the line at the head of each
    input logic [Cores-1:0] line_valid_i,
    output logic [Cores-1:0] line_ready_o,
    input chip_pkg::data_t [Cores-1:0] line_i,
    // Rows
    input logic [Cores-1:0] more_i,  // the job has rows to come
    input logic [Cores-1:0] final_i,  // only one of them
    input logic [Cores-1:0] pop_i,  // the job ends
    output logic [Cores-1:0] ready_o,  // the next row's operands are here
    input logic take_i,  // half a row enters the pipeline
    input logic [CoreBits-1:0] core_i,
    input logic upper_i,
    // Its operands, one cycle later
    output logic [Pes-1:0][fp_pkg::Fp32Bits-1:0] scale_o,
    output logic [Pes-1:0][fp_pkg::Fp32Bits-1:0] bias_o,
    output logic [Pes-1:0][fp_pkg::Fp16Bits-1:0] residual_o,
    output logic [Pes-1:0] keep_o
);

  localparam int unsigned Columns = core_pkg::PeColumns * Pes;
  localparam int unsigned Halves = core_pkg::PeColumns;
  localparam int unsigned ByteBits = core_pkg::ByteBits;
  localparam int unsigned ByteShift = $clog2(ByteBits);
  localparam int unsigned PairBits = 2 * fp_pkg::Fp32Bits;
  localparam int unsigned WordBytes = Pes * PairBits / ByteBits;  // scale and bias of half a row
  localparam int unsigned ResidualBits = Columns * fp_pkg::Fp16Bits;
  localparam int unsigned ResidualBytes = ResidualBits / ByteBits;
  localparam int unsigned MaskBytes = (Columns + ByteBits - 1) / ByteBits;
  localparam int unsigned RecordBits = ResidualBits + Columns;  // without the mask's fill bits
  localparam int unsigned OffsetBits = chip_pkg::LineShift;
  localparam int unsigned ByteCountBits = OffsetBits + 1;

  typedef logic [ByteCountBits-1:0] byte_count_t;

  logic [Pes-1:0][PairBits-1:0] pairs_q[Cores][Halves];
  logic [RecordBits-1:0] record_q[Cores];
  logic [Cores-1:0][1:0] words_q;  // of scale and bias: 0 to Halves
  logic [Cores-1:0][OffsetBits-1:0] offset_q;  // bytes used of the line at the head
  logic [Cores-1:0][ByteCountBits-1:0] have_q;  // bytes of the record
  logic [Cores-1:0] scaled, whole, wants;
  byte_count_t record_bytes;

  assign record_bytes = (residual_i ? byte_count_t'(ResidualBytes) : '0) +
      (mask_i ? byte_count_t'(MaskBytes) : '0);

  for (genvar c = 0; c < Cores; c++) begin : gen_cores
    assign scaled[c]  = !scale_bias_i || words_q[c] == 2'(Halves);
    assign whole[c]   = have_q[c] == record_bytes;
    assign ready_o[c] = scaled[c] && whole[c];
    assign wants[c]   = line_valid_i[c] && more_i[c] && !ready_o[c];
  end

  // ---------------------------------------------------------------------------------------------
  // Filler
  // ---------------------------------------------------------------------------------------------
  logic [CoreBits-1:0] last_q, pick;
  logic fill, finishes, ends;
  byte_count_t want, room, count, next_offset;
  chip_pkg::data_t line;
  logic [Pes*PairBits-1:0] shifted;

  // The next one in turn.
  always_comb begin
    pick = last_q;
    fill = 1'b0;
    if (wants != '0) begin
      for (int unsigned c = 0; c < Cores; c++) begin
        if (!fill && wants[c] && CoreBits'(c) > last_q) begin
          pick = CoreBits'(c);
          fill = 1'b1;
        end
      end
      for (int unsigned c = 0; c < Cores; c++) begin
        if (!fill && wants[c]) begin
          pick = CoreBits'(c);
          fill = 1'b1;
        end
      end
    end
  end

  always_comb begin
    line = '0;
    shifted = '0;
    want = '0;
    room = '0;
    count = '0;
    next_offset = '0;
    finishes = 1'b0;
    ends = 1'b0;
    line_ready_o = '0;
    if (fill) begin
      line = line_i[pick];
      shifted = (Pes * PairBits)'(line >> {offset_q[pick], ByteShift'(0)});
      want = scaled[pick] ? record_bytes - have_q[pick] : byte_count_t'(WordBytes);
      room = byte_count_t'(chip_pkg::LineBytes) - byte_count_t'(offset_q[pick]);
      count = want < room ? want : room;
      next_offset = byte_count_t'(offset_q[pick]) + count;
      finishes = count == want;
      // What follows the job's last byte in its line belongs to nobody.
      ends = finishes && (scaled[pick] ? final_i[pick] :
                          record_bytes == '0 && words_q[pick] == 2'(Halves - 1));
      line_ready_o[pick] = ends || next_offset == byte_count_t'(chip_pkg::LineBytes);
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      last_q   <= '0;
      words_q  <= '0;
      offset_q <= '0;
      have_q   <= '0;
    end else begin
      if (fill) begin
        last_q <= pick;
        offset_q[pick] <= line_ready_o[pick] ? '0 : OffsetBits'(next_offset);
        if (scaled[pick]) have_q[pick] <= have_q[pick] + count;
        else words_q[pick] <= words_q[pick] + 1'b1;
      end
      if (take_i && !upper_i) have_q[core_i] <= '0;
      for (int unsigned c = 0; c < Cores; c++) begin
        if (pop_i[c]) words_q[c] <= '0;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (fill && !scaled[pick]) begin
      pairs_q[pick][words_q[pick][0]] <= shifted;
    end
    // A record's second part is at the start of a line, behind the first part.
    if (fill && scaled[pick]) begin
      record_q[pick] <= have_q[pick] == '0 ? shifted[RecordBits-1:0] :
          record_q[pick] | line[RecordBits-1:0] << {have_q[pick], ByteShift'(0)};
    end
  end

  // ---------------------------------------------------------------------------------------------
  // Operands of a half row
  // ---------------------------------------------------------------------------------------------
  logic [RecordBits-1:0] record;
  logic [Halves-1:0][Pes-1:0][fp_pkg::Fp16Bits-1:0] residual;
  logic [Halves-1:0][Pes-1:0] keep;
  logic [Pes-1:0][fp_pkg::Fp16Bits-1:0] upper_residual_q;
  logic [Pes-1:0] upper_keep_q;

  assign record   = record_q[core_i];
  assign residual = record[ResidualBits-1:0];
  assign keep     = residual_i ? record[ResidualBits+:Columns] : record[Columns-1:0];

  always_ff @(posedge clk_i) begin
    if (take_i && scale_bias_i) begin
      for (int unsigned p = 0; p < Pes; p++) begin
        {bias_o[p], scale_o[p]} <= pairs_q[core_i][upper_i][p];
      end
    end
    if (take_i && residual_i) begin
      residual_o <= upper_i ? upper_residual_q : residual[0];
      if (!upper_i) upper_residual_q <= residual[1];
    end
    if (take_i && mask_i) begin
      keep_o <= upper_i ? upper_keep_q : keep[0];
      if (!upper_i) upper_keep_q <= keep[1];
    end
  end

endmodule
