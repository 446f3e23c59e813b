`include "tb/checks.svh"

// Checks of the unpacker: the ring is never written where it is in use. What a beat may hold is checked
// where it enters the core.
module a_unpack_checks #(
    parameter int unsigned Rows = 8,
    localparam int unsigned BeatWords = Rows / core_pkg::WordLen,
    localparam int unsigned WordsBits = $clog2(BeatWords + 1),
    localparam int unsigned PairLen = 2 * core_pkg::WordLen,
    localparam int unsigned EntryBits = Rows < PairLen ? PairLen : Rows
) (
    input logic                                                   clk_i,
    input logic                                                   rst_ni,
    input logic                                                   valid_i,
    input logic                                                   ready_o,
    input logic [          WordsBits-1:0]                         words_i,
    input logic [               Rows-1:0]                         mask_i,
    input logic [               Rows-1:0]                         group_i,
    input logic [core_pkg::CountBits-1:0]                         free_i,
    input logic [                    1:0]                         write_o,
    input logic [core_pkg::CountBits-1:0]                         position_o,
    input logic [          WordsBits-1:0]                         left_q,
    input logic [          EntryBits-1:0]                         mask_q,
    input logic [          EntryBits-1:0]                         group_q,
    input logic [            PairLen-1:0][core_pkg::ElemBits-1:0] slots
);

  logic accept;
  logic [core_pkg::CountBits-1:0] written;
  assign accept  = valid_i && ready_o;
  assign written = core_pkg::CountBits'(write_o[0]) + core_pkg::CountBits'(write_o[1]);

  // What has no value toggles nothing: a slot without an element, and the upper byte of one in FP8.
  function automatic logic empty_slots_are_zero();
    empty_slots_are_zero = 1'b1;
    for (int unsigned e = 0; e < PairLen; e++) begin
      if ((!mask_q[e] && slots[e] != '0) ||
          (!group_q[e] && slots[e][core_pkg::ElemBits-1:core_pkg::ByteBits] != '0)) begin
        empty_slots_are_zero = 1'b0;
      end
    end
  endfunction
  `CHECK(nothing_without_a_value, write_o != '0, empty_slots_are_zero())
  `CHECK(nothing_beside_a_write, write_o == '0, slots == '0)

  // Words in use are not overwritten.
  `CHECK(ring_has_room, write_o != '0, free_i >= written)
  `CHECK(halves_by_position, write_o != '0, write_o[0] == !position_o[0])
  `CHECK(beat_whole, accept, 32'(left_q) == 32'(written))

  `COVER(beat_of_one_word, accept && words_i == 1)
  `COVER(beat_of_all_words, accept && 32'(words_i) == BeatWords)
  `COVER(beat_of_zeros, accept && mask_i == '0)
  `COVER(beat_of_fp8, accept && mask_i != '0 && (mask_i & group_i) == '0)
  `COVER(beat_of_fp16, accept && mask_i != '0 && (mask_i & ~group_i) == '0)
  `COVER(beat_full, accept && $countones(mask_i) + $countones(mask_i & group_i)
         == core_pkg::ABeatBytes)
  `COVER(odd_position, write_o == 2'b10)
  `COVER(last_word_alone, write_o == 2'b01)
  `COVER(ring_full, left_q != '0 && free_i == '0)
  `COVER(room_for_one_of_two, left_q > 1 && !position_o[0] && free_i == 1)
  `COVER(beats_back_to_back, accept && left_q != '0)
  `COVER(ring_wrap, write_o != '0 && position_o[core_pkg::AddrBits-1:1] == '1)

endmodule

bind a_unpack a_unpack_checks #(.Rows(Rows)) i_checks (.*);
