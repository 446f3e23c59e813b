`include "tb/checks.svh"

// Checks across the blocks of a core: configuration, busy, lines in step.
module sparse_core_checks #(
    parameter int unsigned Lines = 2,
    parameter int unsigned Rows = 8,
    parameter int unsigned Columns = 4,
    localparam int unsigned BeatWords = Rows / core_pkg::WordLen,
    localparam int unsigned WordsBits = $clog2(BeatWords + 1),
    localparam int unsigned ZerosWidth = BeatWords * core_pkg::ZerosBits,
    localparam int unsigned ColumnBits = $clog2(Columns + 1)
) (
    input logic                                                   clk_i,
    input logic                                                   rst_ni,
    input logic                                                   a_fmt_i,
    input logic [                    5:0]                         a_bias_i,
    input logic [         ColumnBits-1:0]                         columns_i,
    input logic                                                   balance_i,
    input logic                                                   a_valid_i,
    input logic                                                   a_ready_o,
    input logic [          WordsBits-1:0]                         a_words_i,
    input logic [               Rows-1:0]                         a_mask_i,
    input logic [               Rows-1:0]                         a_group_i,
    input logic [         ZerosWidth-1:0]                         a_zeros_i,
    input logic                                                   busy_o,
    input logic                                                   result_valid_o,
    input logic                                                   result_ready_i,
    input logic [core_pkg::BlockBits-1:0]                         result_block_o,
    input logic                                                   intra,
    input logic [              Lines-1:0]                         issue,
    input logic [              Lines-1:0]                         tree_row_ready,
    input logic [              Lines-1:0][core_pkg::TileBits-1:0] row_tile,
    input logic [   core_pkg::TileBits:0]                         reduced,
    input logic [core_pkg::TileSlots-1:0]                         tile_valid,
    input logic                                                   cmd_valid_i,
    input logic                                                   cmd_ready_o,
    input logic                                                   b_valid_i,
    input logic                                                   b_ready_o,
    input logic                                                   cost_valid_i,
    input logic                                                   cost_ready_o,
    input logic                                                   open,
    input logic [              Lines-1:0]                         tile_end,
    input logic                                                   open_o
);

  logic a_accept;
  int unsigned a_bytes;
  logic [ColumnBits+7:0] configuration;
  assign a_accept = a_valid_i && a_ready_o;
  assign a_bytes = $countones(a_mask_i) + $countones(a_mask_i & a_group_i);
  assign configuration = {a_fmt_i, a_bias_i, columns_i, balance_i};

  // A word's non-zeros and real zeros are at most its entries.
  function automatic logic zeros_fit(input logic [Rows-1:0] mask,
                                     input logic [ZerosWidth-1:0] zeros);
    zeros_fit = 1'b1;
    for (int unsigned w = 0; w < BeatWords; w++) begin
      if ($countones(
              mask[w*core_pkg::WordLen+:core_pkg::WordLen]
          ) + 32'(zeros[w*core_pkg::ZerosBits+:core_pkg::ZerosBits]) > core_pkg::WordLen) begin
        zeros_fit = 1'b0;
      end
    end
  endfunction

  // The rows that the tree takes are all of its tile.
  function automatic logic in_step();
    in_step = 1'b1;
    for (int unsigned l = 0; l < Lines; l++) begin
      if (tree_row_ready[l] && row_tile[l] != reduced[core_pkg::TileBits-1:0]) in_step = 1'b0;
    end
  endfunction

  // The block of the result before, if it was of WG too.
  logic intra_result_q;
  logic [core_pkg::BlockBits-1:0] block_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      intra_result_q <= 1'b0;
      block_q        <= '0;
    end else if (result_valid_o && result_ready_i) begin
      intra_result_q <= intra;
      block_q        <= result_block_o;
    end
  end

  // The sender's side of the contract.
  `CHECK(beat_words, a_accept, a_words_i != '0 && 32'(a_words_i) <= BeatWords)
  `CHECK(beat_mask, a_accept, (a_mask_i >> (32'(a_words_i) * core_pkg::WordLen)) == '0)
  `CHECK(beat_bytes, a_accept, a_bytes <= core_pkg::ABeatBytes)
  `CHECK(beat_zeros, a_accept, zeros_fit(a_mask_i, a_zeros_i))

  `CHECK_NEXT(configuration_stands, busy_o, !busy_o || $stable(configuration))
  `CHECK(columns_in_range, busy_o, columns_i != '0 && 32'(columns_i) <= Columns)
  `ASSUME(busy_while_working, issue != '0, busy_o)
  `CHECK(busy_until_results_left, result_valid_o, busy_o)
  `ASSUME(lines_in_step, tree_row_ready != '0, in_step())

  // Tiles that a line has still to end, by line.
  logic [Lines-1:0][1:0] unended_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) unended_q <= '0;
    else begin
      for (int unsigned l = 0; l < Lines; l++) begin
        unended_q[l] <= unended_q[l] + 2'(open) - 2'(tile_end[l]);
      end
    end
  end
  `CHECK(open_until_all_lines_end, unended_q != '0, open_o)
  `CHECK(all_lines_have_ended, unended_q == '0, !open_o)

  // Rows of WG come in any order, but block by block.
  `CHECK(blocks_in_order, result_valid_o && intra && intra_result_q,
         result_block_o == block_q || result_block_o == block_q + 1'b1)

  // Each stream may be held back, and each may be what the core waits for.
  `COVER(commands_held_back, cmd_valid_i && !cmd_ready_o)
  `COVER_STREAM(a, a_valid_i, a_ready_o && busy_o)
  `COVER_STREAM(b, b_valid_i, b_ready_o && busy_o)
  `COVER_STREAM(costs, cost_valid_i, cost_ready_o && busy_o)
  `COVER_STREAM(results, result_valid_o, result_ready_i && busy_o)
  logic b_and_result;
  assign b_and_result = b_valid_i && b_ready_o && result_valid_o && result_ready_i;
  `COVER(all_streams_move, cmd_valid_i && cmd_ready_o && a_accept && b_and_result)
  `COVER(all_columns, busy_o && 32'(columns_i) == Columns)
  `COVER(one_column, busy_o && columns_i == 1)
  `COVER(e4m3, busy_o && !a_fmt_i && issue != '0)
  `COVER(e5m2, busy_o && a_fmt_i && issue != '0)
  `COVER(one_line_issues, $onehot(issue))
  `COVER(next_block, result_valid_o && intra && intra_result_q && result_block_o != block_q)
  `COVER(all_lines_issue, issue == '1)
  `COVER(two_tiles, $countones(tile_valid) > 1)
  `COVER(four_tiles, &tile_valid)

endmodule

bind sparse_core sparse_core_checks #(
    .Lines(Lines),
    .Rows(Rows),
    .Columns(Columns)
) i_checks (.*);
