`include "tb/checks.svh"

// Checks of the tables of lines: a table is filled, opened, loaded and freed, in this order.
module line_table_checks #(
    parameter int unsigned Lines = 2,
    parameter int unsigned Rows = 8,
    localparam int unsigned LineBits = $clog2(Lines),
    localparam int unsigned ChannelBits = $clog2(Lines * Rows)
) (
    input logic                   clk_i,
    input logic                   rst_ni,
    input logic                   valid_i,
    input logic                   ready_o,
    input logic                   last_i,
    input logic [ChannelBits-1:0] channel_i,
    input logic [   LineBits-1:0] line_i,
    input logic                   group_valid_o,
    input logic                   group_ready_i,
    input logic                   free_i,
    input logic                   busy_o,
    input logic                   fill_q,
    input logic                   open_q,
    input logic                   load_q,
    input logic [            1:0] full_q,
    input logic                   push
);

  // Tables whose group has opened its last tile.
  logic [1:0] opened_q;
  // Channels of the group being balanced.
  logic [Lines*Rows-1:0] seen_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      opened_q <= '0;
      seen_q   <= '0;
    end else begin
      if (group_ready_i) opened_q[open_q] <= 1'b1;
      if (free_i) opened_q[load_q] <= 1'b0;
      if (push) begin
        seen_q[channel_i] <= 1'b1;
        if (last_i) seen_q <= '0;
      end
    end
  end

  `CHECK_HELD(answer_held, valid_i, ready_o, {channel_i, line_i, last_i})
  `CHECK(channel_in_range, push, 32'(channel_i) < Lines * Rows)
  `ASSUME(channel_once, push, !seen_q[channel_i])
  `CHECK(opens_what_is_filled, group_ready_i, full_q[open_q] && !opened_q[open_q])
  `CHECK(frees_what_is_opened, free_i, full_q[load_q] && opened_q[load_q])
  `CHECK(busy_with_a_table, full_q != '0, busy_o)
  `CHECK(busy_with_a_group, full_q == '0, busy_o == (seen_q != '0))
  // While one table is in use, the other one is filled.
  `CHECK(waits_for_both_tables, valid_i && !ready_o, full_q == '1)

  `COVER(both_tables, full_q == '1)
  `COVER(waits_for_table, valid_i && !ready_o)
  `COVER(fills_beside_a_group, push && full_q[!fill_q])
  `COVER(opens_at_once, group_ready_i && !full_q[!open_q])
  `COVER(group_waits, group_valid_o && !group_ready_i)

endmodule

bind line_table line_table_checks #(
    .Lines(Lines),
    .Rows (Rows)
) i_checks (.*);
