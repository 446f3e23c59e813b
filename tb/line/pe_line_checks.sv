`include "tb/checks.svh"

// Checks of a whole line: ring, B memory, PEs' operands, queue of finished rows.
//
// Beats and runs arrive by grant inside a core (the dispatcher offers a beat only where it is taken), so
// their stability is checked where they enter the core. Finished rows wait in a queue, which has checks of
// its own.
module pe_line_checks #(
    parameter int unsigned Rows = 8,
    parameter int unsigned RowQueue = 2,
    parameter int unsigned RunQueue = 8,
    parameter int unsigned BeatDepth = 2,
    localparam int unsigned EndStages = 3,
    localparam int unsigned WordsBits = $clog2(Rows / core_pkg::WordLen + 1)
) (
    input logic                                         clk_i,
    input logic                                         rst_ni,
    input logic                                         a_ready_o,
    input logic                                         b_write_i,
    input logic               [      core_pkg::KBits:0] b_addr_i,
    input logic               [                    1:0] b_loaded_i,
    input logic                                         run_ready_o,
    input logic               [core_pkg::CountBits-1:0] written,
    input logic               [core_pkg::CountBits-1:0] released_q,
    input logic               [core_pkg::CountBits-1:0] release_words,
    input logic                                         fetch,
    input logic                                         issue,
    input logic                                         wide,
    input logic                                         phase,
    input logic                                         parity,
    input logic                                         s1_valid_q,
    input logic                                         s1_wide_q,
    input core_pkg::operand_t                           s1_operand,
    input logic               [          EndStages-1:0] end_q,
    input logic               [          EndStages-1:0] empty_q,
    input logic                                         unused_queue_ready,
    input logic                                         a_valid_i,
    input logic                                         beat_valid,
    input logic                                         beat_ready,
    input logic                                         run_valid_i,
    input logic                                         run_valid,
    input logic                                         run_pop,
    input logic                                         row_valid_o,
    input logic                                         row_ready_i,
    input logic               [          WordsBits-1:0] a_words_i,
    input logic                                         left_o
);

  localparam int unsigned NarrowBits = 4;

  logic [core_pkg::CountBits-1:0] used;
  assign used = written - released_q;

  // The ring holds what was written and not yet released, and never more than it has words.
  `ASSUME(ring_holds, release_words != '0,
          release_words <= used && 32'(used) <= core_pkg::RingWords)

  // Words that have come and that no run has passed.
  int unsigned words_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) words_q <= 0;
    else words_q <= words_q + (a_valid_i && a_ready_o ? 32'(a_words_i) : 0) - 32'(release_words);
  end
  `CHECK(beat_is_left, beat_valid, left_o)
  // Runs pass words that have come: items that contradict one another may not.
  `ASSUME(word_is_left, used != '0, left_o)
  `ASSUME(left_was_given, left_o, words_q != 0)

  // B rows are read only when their half is loaded, and written only when it is not.
  `CHECK(b_loaded, fetch, b_loaded_i[parity])
  `ASSUME(b_not_in_use, b_write_i,
          !b_loaded_i[b_addr_i[core_pkg::KBits]] && 32'(b_addr_i[core_pkg::KBits-1:0]) < Rows)

  // No zero reaches the PEs, and an FP8 element has its significand in the top four bits.
  `ASSUME(nonzero_operand, s1_valid_q,
          s1_operand.sig[core_pkg::SigBits-1] || s1_operand.is_nan || s1_operand.is_inf)
  `CHECK(narrow_operand, s1_valid_q && !s1_wide_q,
         s1_operand.sig[core_pkg::SigBits-NarrowBits-1:0] == '0)

  // Credits keep a place for each finished row.
  `CHECK(row_has_place, end_q[EndStages-1], unused_queue_ready)

  `COVER_QUEUE(beats, a_valid_i, a_ready_o, beat_valid, beat_ready, BeatDepth)
  `COVER_QUEUE(runs, run_valid_i, run_ready_o, run_valid, run_pop, RunQueue)
  `COVER_QUEUE(rows, end_q[EndStages-1], unused_queue_ready, row_valid_o, row_ready_i, RowQueue)
  `COVER(row_waits, row_valid_o && !row_ready_i)
  `COVER(ring_full, 32'(used) == core_pkg::RingWords)
  `COVER(half_0_of_b, fetch && !parity)
  `COVER(half_1_of_b, fetch && parity)
  `COVER(loads_b_beside_work, b_write_i && issue)
  `COVER(fp16_second_cycle, issue && wide && phase)
  `COVER(empty_row_leaves, end_q[EndStages-1] && empty_q[EndStages-1])
  `COVER(rows_back_to_back, end_q[EndStages-1:EndStages-2] == '1)

endmodule

bind pe_line pe_line_checks #(
    .Rows(Rows),
    .RowQueue(RowQueue),
    .RunQueue(RunQueue),
    .BeatDepth(BeatDepth)
) i_checks (.*);
