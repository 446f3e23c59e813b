`include "tb/checks.svh"

// Checks of the packer: no byte leaves its job's output, FGMP rows come in order, records come last.
module line_packer_checks #(
    parameter int unsigned Cores = 1,
    parameter int unsigned Pes = 2,
    // States
    parameter logic [1:0] Pack = '0,
    parameter logic [1:0] Rest = '0,
    parameter logic [1:0] Record = '0,
    parameter logic [1:0] Idle = '0,
    localparam int unsigned CoreBits = Cores > 1 ? $clog2(Cores) : 1,
    localparam int unsigned Columns = core_pkg::PeColumns * Pes,
    localparam int unsigned RowBytes = Columns * fp_pkg::Fp32Bits / core_pkg::ByteBits,
    localparam int unsigned CountBits = $clog2(RowBytes + 1),
    localparam int unsigned PlaceBits = core_pkg::RowsBits + CountBits,
    localparam int unsigned WindowBits = chip_pkg::LineBits + RowBytes * core_pkg::ByteBits,
    localparam int unsigned CostBits = core_pkg::RowsBits + 1
) (
    input logic                                                               clk_i,
    input logic                                                               rst_ni,
    input chip_pkg::line_t                                                    records_i,
    input logic             [              Cores-1:0][ chip_pkg::JobBits-1:0] head_index_i,
    input logic             [              Cores-1:0][core_pkg::RowsBits-1:0] head_rows_i,
    input chip_pkg::line_t  [              Cores-1:0]                         head_line_i,
    input chip_pkg::bytes_t [              Cores-1:0]                         head_bytes_i,
    input logic             [              Cores-1:0]                         head_pop_o,
    input logic                                                               valid_i,
    input logic                                                               ready_o,
    input logic             [           CoreBits-1:0]                         core_i,
    input logic             [ core_pkg::RowsBits-1:0]                         row_i,
    input logic                                                               last_i,
    input logic             [          CountBits-1:0]                         bytes_i,
    input logic                                                               write_valid_o,
    input logic                                                               write_ready_i,
    input chip_pkg::write_t                                                   write_o,
    input logic                                                               write_last_o,
    input logic                                                               overrun_o,
    input logic             [                    1:0]                         state_q,
    input logic             [              Cores-1:0][         PlaceBits-1:0] written_q,
    input logic             [          PlaceBits-1:0]                         end_at,
    input logic                                                               is_fgmp,
    input logic                                                               crosses,
    input logic                                                               has_rest,
    input logic             [chip_pkg::LineShift-1:0]                         offset,
    input logic             [          PlaceBits-1:0]                         begin_at,
    input logic             [         WindowBits-1:0]                         window,
    input chip_pkg::data_t                                                    scattered,
    input chip_pkg::data_t                                                    line,
    input logic             [            Columns-1:0][          CostBits-1:0] cost
);

  logic [Cores-1:0][core_pkg::RowsBits-1:0] rows_q;  // of each core's job, so far
  logic wrote, fills;
  assign fills = chip_pkg::BytesBits'(end_at) == head_bytes_i[core_i];
  assign wrote = write_valid_o && write_ready_i;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) rows_q <= '0;
    else if (valid_i && ready_o) rows_q[core_i] <= last_i ? '0 : rows_q[core_i] + 1'b1;
  end

  logic [CoreBits-1:0] last_core_q;
  always_ff @(posedge clk_i) begin
    if (valid_i && ready_o) last_core_q <= core_i;
  end

  // Every byte that is written lies between the first and the last one that the job may write.
  function automatic logic stays_inside();
    logic [63:0] first, past, at;
    stays_inside = 1'b1;
    first = 64'(head_line_i[core_i]) << chip_pkg::LineShift;
    past = first + 64'(head_bytes_i[core_i]);
    at = 64'(write_o.line) << chip_pkg::LineShift;
    for (int unsigned b = 0; b < chip_pkg::LineBytes; b++) begin
      if (write_o.strobe[b] && (at + 64'(b) < first || at + 64'(b) >= past)) stays_inside = 1'b0;
    end
  endfunction

  `CHECK(quiet_without_a_row, !valid_i, {begin_at, window, scattered, line, cost, write_o} == '0)
  `CHECK(fgmp_is_not_scattered, is_fgmp, scattered == '0)
  `CHECK(only_fgmp_is_packed, !is_fgmp, window == '0)
  `CHECK(output_stays_inside, write_valid_o && state_q != Record, stays_inside())
  `CHECK(something_is_written, write_valid_o, write_o.strobe != '0)
  `CHECK(
      record_in_its_line, write_valid_o && state_q == Record,
      records_i != '0 && write_o.line == records_i + head_index_i[core_i] && write_o.strobe == '1)
  `CHECK(overrun_writes_nothing, overrun_o, !write_valid_o && !ready_o)
  `ASSUME(fgmp_rows_in_order, valid_i && is_fgmp, row_i == rows_q[core_i])
  `CHECK(row_is_not_empty, valid_i, bytes_i != '0)
  `CHECK(last_row_is_last, valid_i && state_q == Pack,
         last_i == (rows_q[core_i] + 1'b1 == head_rows_i[core_i]))
  `CHECK(last_write_ends_the_job, wrote && write_last_o, head_pop_o[core_i])
  `CHECK(job_ends_with_a_write, head_pop_o != '0, wrote && write_last_o)
  `CHECK(rest_is_part_of_a_line, state_q == Rest, written_q[core_i][chip_pkg::LineShift-1:0] != '0)
  // A row may only be taken away by an error.
  `CHECK_NEXT(row_held, valid_i && !ready_o && !overrun_o, !valid_i || ($stable(row_i) && $stable
              (core_i) && $stable(bytes_i)))

  `COVER(line_exactly_full, wrote && is_fgmp && state_q == Pack && crosses && !has_rest)
  `COVER(last_row_crosses, wrote && is_fgmp && state_q == Pack && last_i && has_rest)
  `COVER(row_between_rows, wrote && !is_fgmp && offset != '0)
  `COVER(held_up, write_valid_o && !write_ready_i)
  `COVER(record_held_up, write_valid_o && !write_ready_i && state_q == Record)
  `COVER(no_record, head_pop_o != '0 && records_i == '0)
  `COVER(rest_held_up, write_valid_o && !write_ready_i && state_q == Rest)
  `COVER(overrun, overrun_o)
  `COVER(output_is_full, wrote && is_fgmp && state_q == Pack && last_i && fills)
  `COVER(job_of_one_row, wrote && last_i && head_rows_i[core_i] == 1)
  `COVER(row_ends_its_line, wrote && !is_fgmp && write_o.strobe[chip_pkg::LineBytes-1])
  `COVER(row_in_the_middle,
         wrote && !is_fgmp && !write_o.strobe[0] && !write_o.strobe[chip_pkg::LineBytes-1])
  `COVER(row_without_a_write, valid_i && ready_o && !write_valid_o)
  `COVER(cores_in_turn, valid_i && ready_o && core_i != last_core_q)

  `FSM_ARCS(state_q, Pack)
  `ARC(Pack, Rest)
  `ARC(Pack, Record)
  `ARC(Rest, Pack)
  `ARC(Rest, Record)
  `ARC(Record, Pack)
  `FSM_END

  `COVER_STATE(state_q, Pack)
  `COVER_STATE(state_q, Rest)
  `COVER_STATE(state_q, Record)
  // The register never says so: it is how the machine reads itself when no row is here.
  `COVER_STATE(valid_i ? state_q : Idle, Idle)

endmodule

bind line_packer line_packer_checks #(
    .Cores(Cores),
    .Pes(Pes),
    .Pack(Pack),
    .Rest(Rest),
    .Record(Record),
    .Idle(Idle)
) i_checks (.*);
