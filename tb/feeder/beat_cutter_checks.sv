`include "tb/checks.svh"

// Checks of beats: what the core's side of the contract says, and that they are cut greedily.
module beat_cutter_checks #(
    parameter int unsigned Lines = 2,
    parameter int unsigned Rows = 8,
    localparam int unsigned LineBits = $clog2(Lines),
    localparam int unsigned BeatWords = Rows / core_pkg::WordLen,
    localparam int unsigned WordsBits = $clog2(BeatWords + 1)
) (
    input logic                           clk_i,
    input logic                           rst_ni,
    input logic                           valid_i,
    input logic                           ready_o,
    input logic [          WordsBits-1:0] words_i,
    input logic                           valid_o,
    input logic                           ready_i,
    input logic                           first_o,
    input logic [           LineBits-1:0] line_o,
    input logic [          WordsBits-1:0] words_o,
    input logic [               Rows-1:0] mask_o,
    input logic [               Rows-1:0] group_o,
    input logic [core_pkg::ABeatBits-1:0] data_o,
    input logic                           cut,
    input logic [          WordsBits-1:0] left_q,
    input logic [          WordsBits-1:0] taken,
    input logic [               Rows-1:0] mask_q,
    input logic [               Rows-1:0] group_q,
    input logic [               Rows-1:0] mask,
    input logic [               Rows-1:0] group,
    input logic [core_pkg::ABeatBits-1:0] data
);

  int unsigned bytes, with_next;
  logic [Rows-1:0] longer;  // the entries of the beat and of one word more
  assign longer = ~('1 << (32'(taken + 1'b1) * core_pkg::WordLen));
  assign bytes = $countones(mask_o) + $countones(mask_o & group_o);
  assign with_next = $countones(mask_q & longer) + $countones(mask_q & group_q & longer);

  `CHECK_HELD(beat_held, valid_o, ready_i, {first_o, line_o, words_o, mask_o, group_o, data_o})
  `CHECK(quiet_without_a_cut, !cut, {taken, mask, group, data} == '0)
  `CHECK(words_in_range, valid_i && ready_o, words_i != '0 && 32'(words_i) <= BeatWords)
  `CHECK(beat_words, valid_o, words_o != '0 && 32'(words_o) <= BeatWords)
  `CHECK(beat_mask, valid_o, mask_o >> (32'(words_o) * core_pkg::WordLen) == '0)
  `CHECK(groups_of_nonzeros, valid_o, (group_o & ~mask_o) == '0)
  `CHECK(beat_bytes, valid_o, bytes <= core_pkg::ABeatBytes)
  `CHECK(nothing_behind_the_values, valid_o, data_o >> (bytes * core_pkg::ByteBits) == '0)
  `CHECK(greedy, cut && taken != left_q, taken != '0 && with_next > core_pkg::ABeatBytes)

  `COVER(beat_of_one_word, valid_o && words_o == 1)
  `COVER(beat_of_all_words, valid_o && 32'(words_o) == BeatWords)
  `COVER(beat_of_zeros, valid_o && mask_o == '0)
  `COVER(beat_of_both, valid_o && group_o != '0 && (mask_o & ~group_o) != '0)
  `COVER(beat_waits, valid_o && !ready_i)
  `COVER(beat_nearly_full, valid_o && bytes == core_pkg::ABeatBytes - 1)
  `COVER(beat_full, valid_o && bytes == core_pkg::ABeatBytes)
  `COVER(blocks_back_to_back, valid_i && ready_o && cut)
  `COVER(block_waits, valid_i && !ready_o)

endmodule

bind beat_cutter beat_cutter_checks #(
    .Lines(Lines),
    .Rows (Rows)
) i_checks (.*);
