`include "tb/checks.svh"

// Checks of the operands: lines are used up to the byte, and a job leaves nothing of its stream.
module post_operands_checks #(
    parameter int unsigned Cores = 1,
    parameter int unsigned Pes = 2,
    localparam int unsigned CoreBits = Cores > 1 ? $clog2(Cores) : 1,
    localparam int unsigned OffsetBits = chip_pkg::LineShift,
    localparam int unsigned ByteCountBits = OffsetBits + 1,
    localparam int unsigned WordBits = Pes * 2 * fp_pkg::Fp32Bits
) (
    input logic                                                   clk_i,
    input logic                                                   rst_ni,
    input logic                                                   scale_bias_i,
    input logic                                                   residual_i,
    input logic                                                   mask_i,
    input logic            [        Cores-1:0]                    line_valid_i,
    input logic            [        Cores-1:0]                    line_ready_o,
    input logic            [        Cores-1:0]                    final_i,
    input logic            [        Cores-1:0]                    pop_i,
    input logic            [        Cores-1:0]                    ready_o,
    input logic                                                   take_i,
    input logic            [     CoreBits-1:0]                    core_i,
    input logic                                                   upper_i,
    input logic            [        Cores-1:0][   OffsetBits-1:0] offset_q,
    input logic            [        Cores-1:0][ByteCountBits-1:0] have_q,
    input logic            [        Cores-1:0]                    scaled,
    input logic            [        Cores-1:0]                    wants,
    input logic                                                   fill,
    input logic            [     CoreBits-1:0]                    pick,
    input logic                                                   finishes,
    input logic                                                   ends,
    input logic            [ByteCountBits-1:0]                    room,
    input logic            [ByteCountBits-1:0]                    count,
    input logic            [ByteCountBits-1:0]                    record_bytes,
    input logic            [     CoreBits-1:0]                    last_q,
    input chip_pkg::data_t                                        line,
    input logic            [     WordBits-1:0]                    shifted,
    input logic            [ByteCountBits-1:0]                    want,
    input logic            [ByteCountBits-1:0]                    next_offset
);

  localparam int unsigned WordBytes = WordBits / core_pkg::ByteBits;

  function automatic logic streams_are_used_up();
    streams_are_used_up = 1'b1;
    for (int unsigned c = 0; c < Cores; c++) begin
      if (pop_i[c] && (offset_q[c] != '0 || have_q[c] != '0)) streams_are_used_up = 1'b0;
    end
  endfunction

  // The first that wants a line behind the last one, the last one itself at the end.
  function automatic logic [CoreBits-1:0] next_in_turn();
    next_in_turn = last_q;
    for (int unsigned i = Cores; i > 0; i--) begin
      if (wants[(32'(last_q)+i)%Cores]) next_in_turn = CoreBits'((32'(last_q) + i) % Cores);
    end
  endfunction

  logic asked;
  assign asked = scale_bias_i || residual_i || mask_i;

  `CHECK(quiet_without_a_line, !fill,
         {line, shifted, want, room, count, next_offset, finishes, ends, line_ready_o} == '0)
  `CHECK(somebody_is_served, wants != '0, fill)
  `CHECK(in_turn, fill, pick == next_in_turn())
  `CHECK(lines_when_asked_for, line_ready_o != '0, asked && (line_ready_o & ~line_valid_i) == '0)
  `CHECK(fills_what_is_missing, fill, wants[pick] && !ready_o[pick] && count != '0 && count <= room)
  `CHECK(scale_in_one_line, fill && !scaled[pick], count == ByteCountBits'(WordBytes))
  `CHECK(second_part_begins_a_line, fill && scaled[pick] && have_q[pick] != '0,
         offset_q[pick] == '0 && finishes)
  `CHECK(record_does_not_overflow, fill && scaled[pick], have_q[pick] + count <= record_bytes)
  `CHECK(row_has_its_record, take_i && !upper_i && asked, have_q[core_i] == record_bytes)
  `CHECK(streams_end_with_jobs, pop_i != '0, streams_are_used_up())

  `COVER(record_straddles, fill && scaled[pick] && !finishes)
  `COVER(line_left_in_part, ends && count != room)
  `COVER(scale_ends_the_stream, ends && !scaled[pick])
  `COVER(several_want, (wants & (wants - 1'b1)) != '0)
  `COVER(lines_missing, asked && (~ready_o) != '0 && line_valid_i == '0)
  `COVER(scale_alone, scale_bias_i && !residual_i && !mask_i && pop_i != '0)
  `COVER(residual_alone, !scale_bias_i && residual_i && !mask_i && pop_i != '0)
  `COVER(mask_alone, !scale_bias_i && !residual_i && mask_i && pop_i != '0)
  `COVER(residual_and_mask, !scale_bias_i && residual_i && mask_i && pop_i != '0)
  `COVER(all_three, scale_bias_i && residual_i && mask_i && pop_i != '0)
  `COVER(line_used_up, fill && count == room)
  `COVER(last_record, fill && scaled[pick] && finishes && final_i[pick])

endmodule

bind post_operands post_operands_checks #(
    .Cores(Cores),
    .Pes  (Pes)
) i_checks (.*);
