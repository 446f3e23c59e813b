`include "tb/checks.svh"

// Checks of the A side: its work comes whole, and streams end where jobs do.
module a_feeder_checks #(
    parameter int unsigned Rows = 8,
    localparam int unsigned EntriesBits = $clog2(Rows + 1),
    localparam int unsigned OwedBits = 3,
    localparam int unsigned QueueDepth = 3
) (
    input logic                                clk_i,
    input logic                                rst_ni,
    input logic                                feed_valid_i,
    input logic                                feed_ready_o,
    input logic                                base_valid_i,
    input logic                                base_ready_o,
    input logic                                idle_o,
    input logic                                beat_valid_o,
    input logic                                error_o,
    input logic                                busy_q,
    input logic                                intra_q,
    input logic                                start,
    input logic                                take,
    input logic                                tile_done,
    input logic                                last_block,
    input logic                                ending,
    input logic                                flush,
    input logic                                row_valid,
    input logic                                gather_idle,
    input feeder_pkg::feed_t                   head,
    input logic              [EntriesBits-1:0] entries,
    input logic              [   OwedBits-1:0] owed_q,
    input logic                                head_valid,
    input logic                                head_ready
);

  `CHECK(block_has_entries, take, entries != '0 && 32'(entries) <= Rows)
  `CHECK(columns_in_whole_words, take && !intra_q, 32'(entries) % core_pkg::WordLen == 0)
  `CHECK(kinds_apart, take && !intra_q, gather_idle && !row_valid)
  `CHECK(nothing_of_a_wrong_block, error_o, !take)
  `CHECK(idle_has_nothing, idle_o, !busy_q && !beat_valid_o && gather_idle && owed_q == '0)

  `COVER_QUEUE(feeds, feed_valid_i, feed_ready_o, head_valid, head_ready, QueueDepth)
  `COVER(columns_after_rows, start && head.op == feeder_pkg::FeedColumns && intra_q)
  `COVER(rows_after_columns, start && head.op == feeder_pkg::FeedRows && !intra_q)
  `COVER(rows_of_two_tiles_owed, 32'(owed_q) > 1)
  `COVER(several_blocks, take && !last_block)
  `COVER(tiles_back_to_back, tile_done && start)
  `COVER(queue_full, feed_valid_i && !feed_ready_o)
  `COVER(bases_wait, base_valid_i && !base_ready_o)
  `COVER(job_without_a, ending && !head.has_a)
  `COVER(stream_ends, flush)
  `COVER(short_block, take && last_block && 32'(entries) < Rows)
  `COVER(unit_in_one_block, take && intra_q && last_block && 32'(entries) == Rows)

endmodule

bind a_feeder a_feeder_checks #(.Rows(Rows)) i_checks (.*);
