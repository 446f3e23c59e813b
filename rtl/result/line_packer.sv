// Makes writes of rows: each to its own place, or, FGMP, one behind the other in the lines of its
// job; and after a job's last row what is left of its line, and its record.
//
// Every core has a job of its own under way, so a line and a place in it of its own.
module line_packer #(
    parameter int unsigned Cores = 1,
    parameter int unsigned Pes = 2,
    localparam int unsigned CoreBits = Cores > 1 ? $clog2(Cores) : 1,
    localparam int unsigned Columns = core_pkg::PeColumns * Pes,
    localparam int unsigned RowBytes = Columns * fp_pkg::Fp32Bits / core_pkg::ByteBits,
    localparam int unsigned CountBits = $clog2(RowBytes + 1)
) (
    input logic clk_i,
    input logic rst_ni,
    input chip_pkg::out_mode_e mode_i,
    input chip_pkg::line_t records_i,  // 0: none
    // The cores' jobs
    input logic [Cores-1:0][chip_pkg::JobBits-1:0] head_index_i,
    input logic [Cores-1:0][core_pkg::RowsBits-1:0] head_rows_i,
    input chip_pkg::line_t [Cores-1:0] head_line_i,
    input chip_pkg::bytes_t [Cores-1:0] head_bytes_i,
    output logic [Cores-1:0] head_pop_o,
    // Rows
    input logic valid_i,
    output logic ready_o,
    input logic [CoreBits-1:0] core_i,
    input logic [core_pkg::RowsBits-1:0] row_i,
    input logic last_i,
    input logic [RowBytes-1:0][core_pkg::ByteBits-1:0] data_i,
    input logic [CountBits-1:0] bytes_i,
    input logic [Columns-1:0] nonzero_i,
    input logic [Columns-1:0] wide_i,
    // Writes
    output logic write_valid_o,
    input logic write_ready_i,
    output chip_pkg::write_t write_o,
    output logic write_last_o,  // of its job
    output logic overrun_o  // and nothing more leaves
);

  localparam int unsigned ByteBits = core_pkg::ByteBits;
  localparam int unsigned ByteShift = $clog2(ByteBits);
  localparam int unsigned OffsetBits = chip_pkg::LineShift;
  localparam int unsigned RowBits = RowBytes * ByteBits;
  localparam int unsigned NarrowBits = RowBits / 2;  // a row of FP16
  // A place in a job's output: all its rows at their longest, and their end.
  localparam int unsigned PlaceBits = core_pkg::RowsBits + CountBits;
  localparam int unsigned WindowBits = chip_pkg::LineBits + RowBits;
  // Costs: 2 an element.
  localparam int unsigned CostBits = core_pkg::RowsBits + 1;
  // Words of a job record (docs/chip.md).
  localparam int unsigned RecordCostBits = 16;
  localparam int unsigned RecordCosts = 4 * 32;  // where they begin, in bits

  typedef enum logic [1:0] {
    Pack,
    Rest,
    Record,
    Idle  // no row is here
  } state_e;
  typedef logic [PlaceBits-1:0] place_t;

  state_e state_q;
  logic [Cores-1:0][PlaceBits-1:0] written_q;  // bytes of the job's output
  chip_pkg::data_t line_q[Cores];
  logic [Columns-1:0][CostBits-1:0] cost_q[Cores];

  // ---------------------------------------------------------------------------------------------
  // The row's place
  // ---------------------------------------------------------------------------------------------
  logic is_fgmp, crosses, leaves, finishes, packs;
  place_t begin_at, end_at;
  logic [OffsetBits-1:0] offset;
  logic [WindowBits-1:0] window;
  chip_pkg::data_t line, scattered;
  chip_pkg::line_t line_address;
  logic [Columns-1:0][CostBits-1:0] cost;

  assign is_fgmp = mode_i == chip_pkg::OutFgmp;

  always_comb begin
    begin_at  = '0;
    window    = '0;
    scattered = '0;
    line      = '0;
    cost      = '0;
    if (valid_i) begin
      // A first row finds what the job before has left.
      if (written_q[core_i] != '0) begin
        line = line_q[core_i];
        cost = cost_q[core_i];
      end
      begin_at = is_fgmp ? written_q[core_i] : place_t'(row_i) * place_t'(bytes_i);
      if (is_fgmp) begin
        window = WindowBits'(data_i) << {begin_at[OffsetBits-1:0], ByteShift'(0)};
        window[chip_pkg::LineBits-1:0] |= line;
        for (int unsigned c = 0; c < Columns; c++) begin
          cost[c] = cost[c] + CostBits'(nonzero_i[c]) + CostBits'(wide_i[c]);
        end
      end else begin
        scattered = mode_i == chip_pkg::OutFp16 ?
            {(chip_pkg::LineBits / NarrowBits) {data_i[RowBytes/2-1:0]}} :
            {(chip_pkg::LineBits / RowBits) {data_i}};
      end
    end
  end

  assign offset = begin_at[OffsetBits-1:0];
  assign end_at = begin_at + place_t'(bytes_i);
  assign line_address = head_line_i[core_i] + chip_pkg::LineAddrBits'(begin_at >> OffsetBits);
  // The line is full; what leaves is the line, full or for the last time.
  assign crosses = begin_at >> OffsetBits != end_at >> OffsetBits;
  assign leaves = !is_fgmp || crosses || last_i;

  assign overrun_o = valid_i && state_q == Pack &&
      chip_pkg::BytesBits'(end_at) > head_bytes_i[core_i];

  // ---------------------------------------------------------------------------------------------
  // Writes
  // ---------------------------------------------------------------------------------------------
  logic has_rest, has_record;
  state_e state_d;

  assign has_rest   = is_fgmp && crosses && end_at[OffsetBits-1:0] != '0;
  assign has_record = records_i != '0;

  // Bytes from `first` on, `count` of them.
  function automatic logic [chip_pkg::LineBytes-1:0] strobes(input logic [OffsetBits-1:0] first,
                                                             input logic [OffsetBits:0] count);
    return ~({chip_pkg::LineBytes{1'b1}} << count) << first;
  endfunction

  always_comb begin
    write_valid_o = 1'b0;
    write_o = '0;
    state_d = state_q;
    finishes = 1'b0;
    unique case (valid_i ? state_q : Idle)
      Pack: begin
        if (!overrun_o) begin
          write_valid_o = leaves;
          write_o.line  = line_address;
          if (!is_fgmp) begin
            write_o.data   = scattered;
            write_o.strobe = strobes(offset, (OffsetBits + 1)'(bytes_i));
          end else begin
            write_o.data   = window[chip_pkg::LineBits-1:0];
            write_o.strobe = crosses ? '1 : strobes('0, {1'b0, end_at[OffsetBits-1:0]});
          end
          if (last_i) state_d = has_rest ? Rest : has_record ? Record : Pack;
          finishes = !(last_i && (has_rest || has_record));
        end
      end
      Rest: begin
        write_valid_o = 1'b1;
        write_o.line = head_line_i[core_i] +
            chip_pkg::LineAddrBits'(written_q[core_i] >> OffsetBits);
        write_o.data = line_q[core_i];
        write_o.strobe = strobes('0, {1'b0, written_q[core_i][OffsetBits-1:0]});
        state_d = has_record ? Record : Pack;
        finishes = !has_record;
      end
      Record: begin
        write_valid_o = 1'b1;
        write_o.line = records_i + head_index_i[core_i];
        write_o.strobe = '1;
        write_o.data[31:0] = head_index_i[core_i];
        write_o.data[63:32] = 32'(written_q[core_i]);
        write_o.data[95:64] = 32'(head_rows_i[core_i]);
        for (int unsigned c = 0; c < Columns; c++) begin
          write_o.data[RecordCosts+c*RecordCostBits+:RecordCostBits] =
              RecordCostBits'(cost_q[core_i][c]);
        end
        state_d  = Pack;
        finishes = 1'b1;
      end
      default: state_d = state_q;
    endcase
  end

  logic moves;
  assign moves = !write_valid_o || write_ready_i;
  assign packs = state_q == Pack && valid_i && !overrun_o && moves;
  assign ready_o = finishes && moves;
  assign write_last_o = last_i && finishes;

  always_comb begin
    head_pop_o = '0;
    if (ready_o && last_i) head_pop_o[core_i] = 1'b1;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q   <= Pack;
      written_q <= '0;
    end else begin
      if (moves) state_q <= state_d;
      if (packs) written_q[core_i] <= written_q[core_i] + place_t'(bytes_i);
      for (int unsigned c = 0; c < Cores; c++) begin
        if (head_pop_o[c]) written_q[c] <= '0;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (packs) begin
      cost_q[core_i] <= cost;
      if (is_fgmp) begin
        line_q[core_i] <= crosses ? chip_pkg::LineBits'(window >> chip_pkg::LineBits) :
            window[chip_pkg::LineBits-1:0];
      end
    end
  end

endmodule
