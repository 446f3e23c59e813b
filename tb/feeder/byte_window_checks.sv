`include "tb/checks.svh"

// Checks of a window: nobody takes what is not there, and two streams never mix.
module byte_window_checks #(
    parameter int unsigned Bytes = 18,
    localparam int unsigned Spanned = (Bytes + 2 * chip_pkg::LineBytes - 2) / chip_pkg::LineBytes,
    localparam int unsigned Lines = Spanned < 3 ? 3 : Spanned,
    localparam int unsigned CountBits = $clog2(Bytes + 1),
    localparam int unsigned HeldBits = $clog2(Lines + 1),
    localparam int unsigned SumBits = $clog2(Lines * chip_pkg::LineBytes + 1)
) (
    input logic                           clk_i,
    input logic                           rst_ni,
    input logic                           valid_i,
    input logic                           ready_o,
    input logic [                    6:0] bytes_i,
    input logic                           last_i,
    input logic [          CountBits-1:0] count_o,
    input logic                           end_o,
    input logic [          CountBits-1:0] take_i,
    input logic                           flush_i,
    input logic [           HeldBits-1:0] held_q,
    input logic [           HeldBits-1:0] dropped,
    input logic [            SumBits-1:0] count_q,
    input logic                           end_q,
    input logic [chip_pkg::LineShift-1:0] offset_q,
    input logic                           show_i,
    input logic [            8*Bytes-1:0] bytes_o
);

  logic accept;
  assign accept = valid_i && ready_o;

  `CHECK(quiet_while_nobody_looks, !show_i, bytes_o == '0)
  `CHECK(takes_what_is_there, take_i != '0, take_i <= count_o)
  `CHECK(drops_what_is_there, dropped != '0, dropped <= held_q)
  `CHECK(streams_apart, accept && end_q, flush_i)
  `CHECK(lines_have_room, accept && !flush_i, 32'(held_q) < Lines)
  `CHECK(bytes_lie_in_lines, held_q != '0,
         32'(count_q) + 32'(offset_q) <= 32'(held_q) * chip_pkg::LineBytes)
  `CHECK(only_a_last_line_is_short, accept && bytes_i != 7'd64, last_i)

  `COVER(all_taken, take_i != '0 && 32'(take_i) == 32'(count_q))
  `COVER(next_stream_at_once, flush_i && accept)
  `COVER(flush_alone, flush_i && !accept)
  `COVER(two_lines_dropped, dropped == HeldBits'(2))
  `COVER(full, 32'(held_q) == Lines)
  `COVER(in_and_out, accept && dropped != '0)
  `COVER(end_in_sight, end_o && count_o != '0)
  `COVER(end_beyond, end_q && !end_o)

endmodule

bind byte_window byte_window_checks #(.Bytes(Bytes)) i_checks (.*);
