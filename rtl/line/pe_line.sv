// A line: its ring of A, its B rows, the zero-skipping walker, its PEs and its queue of finished rows.
//
// An element is issued in cycle 0 (addresses to both memories), multiplied in cycle 1, accumulated
// in cycle 2; a finished row is queued in cycle 3.
module pe_line #(
    parameter int unsigned Pes = 2,
    parameter int unsigned Rows = 8,
    parameter int unsigned RowQueue = 2,
    parameter int unsigned RunQueue = 8,
    localparam int unsigned Columns = Pes * core_pkg::PeColumns,
    localparam int unsigned BeatWords = Rows / core_pkg::WordLen,
    localparam int unsigned WordsBits = $clog2(BeatWords + 1),
    localparam int unsigned ZerosWidth = BeatWords * core_pkg::ZerosBits,
    localparam int unsigned SkipBits = $clog2(Rows + 1)
) (
    input logic clk_i,
    input logic rst_ni,
    input logic a_fmt_i,
    input logic [5:0] a_bias_i,
    // Beats of A
    input logic a_valid_i,
    output logic a_ready_o,
    input logic [WordsBits-1:0] a_words_i,
    input logic [Rows-1:0] a_mask_i,
    input logic [Rows-1:0] a_group_i,
    input logic [ZerosWidth-1:0] a_zeros_i,
    input logic [core_pkg::ABeatBits-1:0] a_data_i,
    // Rows of B, double-buffered
    input logic b_write_i,
    input logic [core_pkg::KBits:0] b_addr_i,  // half, B row
    input logic [Columns*core_pkg::ElemBits-1:0] b_data_i,
    input logic [1:0] b_loaded_i,
    // Runs
    input logic run_valid_i,
    output logic run_ready_o,
    input core_pkg::line_run_t run_i,
    output logic [core_pkg::TableBits:0] table_index_o,
    input core_pkg::seg_entry_t [BeatWords-1:0] entries_i,
    // Finished rows
    output logic row_valid_o,
    input logic row_ready_i,
    output logic [Columns-1:0][core_pkg::SumBits-1:0] row_sum_o,
    output logic [core_pkg::TileBits-1:0] row_tile_o,
    output logic [core_pkg::RowsBits-1:0] row_index_o,
    // Tile done, and what the counters see
    output logic tile_end_o,
    output logic tile_end_parity_o,
    output logic issue_o,
    output logic wide_o,
    output logic phase_o,
    output logic [SkipBits-1:0] skipped_o,
    output logic wait_a_o,
    output logic wait_b_o,
    output logic wait_queue_o,
    // Words of A that no run has passed
    output logic left_o
);

  localparam int unsigned WordBits = core_pkg::WordLen * core_pkg::ElemBits;
  localparam int unsigned BeatWidth = WordsBits + 2 * Rows + ZerosWidth + core_pkg::ABeatBits;
  // One beat in front of the unpacker keeps a line supplied.
  localparam int unsigned BeatDepth = 2;
  localparam int unsigned RunBits = $bits(core_pkg::line_run_t);
  localparam int unsigned BRowBits = $clog2(2 * Rows);

  // ---------------------------------------------------------------------------------------------
  // A: beats, words, ring
  // ---------------------------------------------------------------------------------------------
  logic beat_valid, beat_ready;
  logic [WordsBits-1:0] beat_words;
  logic [Rows-1:0] beat_mask, beat_group;
  logic [ZerosWidth-1:0] beat_zeros;
  logic [core_pkg::ABeatBits-1:0] beat_data;

  stream_fifo #(
      .Width(BeatWidth),
      .Depth(BeatDepth)
  ) i_beats (
      .clk_i,
      .rst_ni,
      .valid_i(a_valid_i),
      .ready_o(a_ready_o),
      .data_i ({a_words_i, a_mask_i, a_group_i, a_zeros_i, a_data_i}),
      .valid_o(beat_valid),
      .ready_i(beat_ready),
      .data_o ({beat_words, beat_mask, beat_group, beat_zeros, beat_data})
  );

  logic [core_pkg::CountBits-1:0] written, released_q, free_words, release_words;
  logic [1:0] ring_write;
  core_pkg::word_meta_t [1:0] ring_meta;
  logic [2*WordBits-1:0] ring_data;

  assign free_words = core_pkg::CountBits'(core_pkg::RingWords) - (written - released_q);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) released_q <= '0;
    else released_q <= released_q + release_words;
  end

  assign left_o = beat_valid || written != released_q;

  a_unpack #(
      .Rows(Rows)
  ) i_unpack (
      .clk_i,
      .rst_ni,
      .valid_i   (beat_valid),
      .ready_o   (beat_ready),
      .words_i   (beat_words),
      .mask_i    (beat_mask),
      .group_i   (beat_group),
      .zeros_i   (beat_zeros),
      .data_i    (beat_data),
      .free_i    (free_words),
      .write_o   (ring_write),
      .position_o(written),
      .meta_o    (ring_meta),
      .data_o    (ring_data)
  );

  logic gather, fetch;
  logic [core_pkg::AddrBits-1:0] gather_base, a_addr;
  logic [Rows-1:0] gather_mask, gather_group;
  logic [  SkipBits-1:0] gather_zeros;
  logic [2*WordBits-1:0] a_pair;

  a_ring #(
      .Rows(Rows)
  ) i_ring (
      .clk_i,
      .write_i     (ring_write),
      .write_pair_i(written[core_pkg::AddrBits-1:1]),
      .meta_i      (ring_meta),
      .data_i      (ring_data),
      .gather_i    (gather),
      .base_i      (gather_base),
      .entries_i,
      .mask_o      (gather_mask),
      .group_o     (gather_group),
      .zeros_o     (gather_zeros),
      .read_i      (fetch),
      .read_addr_i (a_addr),
      .read_data_o (a_pair)
  );

  // ---------------------------------------------------------------------------------------------
  // Rows, parts, elements
  // ---------------------------------------------------------------------------------------------
  logic run_valid, run_pop;
  core_pkg::line_run_t run;

  stream_fifo #(
      .Width(RunBits),
      .Depth(RunQueue)
  ) i_runs (
      .clk_i,
      .rst_ni,
      .valid_i(run_valid_i),
      .ready_o(run_ready_o),
      .data_i (run_i),
      .valid_o(run_valid),
      .ready_i(run_pop),
      .data_o (run)
  );

  logic win_valid, win_ready, win_row_end, win_tile_end, win_parity;
  logic [Rows-1:0] win_mask, win_group;
  core_pkg::word_place_t [BeatWords-1:0] win_places;
  logic [core_pkg::AddrBits-1:0] win_base;
  logic [core_pkg::CountBits-1:0] win_release;
  logic [core_pkg::TileBits-1:0] win_tile, tile;
  logic [core_pkg::RowsBits-1:0] win_row, row;

  row_sequencer #(
      .Rows(Rows)
  ) i_sequencer (
      .clk_i,
      .rst_ni,
      .run_valid_i(run_valid),
      .run_ready_o(run_pop),
      .run_i      (run),
      .b_loaded_i,
      .written_i  (written),
      .table_index_o,
      .entries_i,
      .gather_o   (gather),
      .base_o     (gather_base),
      .mask_i     (gather_mask),
      .group_i    (gather_group),
      .zeros_i    (gather_zeros),
      .valid_o    (win_valid),
      .ready_i    (win_ready),
      .mask_o     (win_mask),
      .group_o    (win_group),
      .places_o   (win_places),
      .part_base_o(win_base),
      .row_end_o  (win_row_end),
      .tile_end_o (win_tile_end),
      .release_o  (win_release),
      .parity_o   (win_parity),
      .tile_o     (win_tile),
      .row_o      (win_row),
      .skipped_o,
      .wait_a_o,
      .wait_b_o
  );

  logic issue, wide, phase, first, row_end, row_empty, row_taken, parity;
  logic [1:0] a_slot;
  logic [core_pkg::KBits-1:0] k;

  nonzero_walker #(
      .Rows    (Rows),
      .RowQueue(RowQueue)
  ) i_walker (
      .clk_i,
      .rst_ni,
      .valid_i    (win_valid),
      .ready_o    (win_ready),
      .mask_i     (win_mask),
      .group_i    (win_group),
      .places_i   (win_places),
      .base_i     (win_base),
      .row_end_i  (win_row_end),
      .tile_end_i (win_tile_end),
      .release_i  (win_release),
      .parity_i   (win_parity),
      .tile_i     (win_tile),
      .row_i      (win_row),
      .row_taken_i(row_taken),
      .issue_o    (issue),
      .fetch_o    (fetch),
      .wide_o     (wide),
      .phase_o    (phase),
      .first_o    (first),
      .a_addr_o   (a_addr),
      .a_slot_o   (a_slot),
      .k_o        (k),
      .row_end_o  (row_end),
      .row_empty_o(row_empty),
      .parity_o   (parity),
      .tile_o     (tile),
      .row_o      (row),
      .release_o  (release_words),
      .tile_end_o (tile_end_o),
      .wait_queue_o
  );

  assign tile_end_parity_o = parity;
  assign issue_o = issue;
  assign wide_o = wide;
  assign phase_o = phase;

  // ---------------------------------------------------------------------------------------------
  // Memories' outputs to PEs: stage 1
  // ---------------------------------------------------------------------------------------------
  logic [Columns*core_pkg::ElemBits-1:0] b_row;

  sram #(
      .Words    (2 * Rows),
      .WordWidth(Columns * core_pkg::ElemBits)
  ) i_b_rows (
      .clk_i,
      .write_i(b_write_i),
      .write_addr_i(BRowBits'(b_addr_i[core_pkg::KBits-1:0]) +
                  (b_addr_i[core_pkg::KBits] ? BRowBits'(Rows) : '0)),
      .write_data_i(b_data_i),
      .read_i(fetch),
      .read_addr_i(BRowBits'(k) + (parity ? BRowBits'(Rows) : '0)),
      .read_data_o(b_row)
  );

  logic s1_valid_q, s1_wide_q, s1_phase_q, s1_first_q;
  logic [core_pkg::ElemBits-1:0] s1_element;
  logic s1_upper_q;
  logic [1:0] s1_slot_q;
  core_pkg::operand_t s1_operand;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) s1_valid_q <= 1'b0;
    else s1_valid_q <= issue;
  end
  always_ff @(posedge clk_i) begin
    if (issue) begin
      s1_wide_q  <= wide;
      s1_phase_q <= phase;
      s1_first_q <= first;
      s1_slot_q  <= a_slot;
      s1_upper_q <= a_addr[0];
    end
  end

  assign s1_element = a_pair[{s1_upper_q, s1_slot_q, 4'b0000}+:core_pkg::ElemBits];

  a_operand i_operand (
      .data_i   (s1_element),
      .wide_i   (s1_wide_q),
      .fmt_i    (a_fmt_i),
      .bias_i   (a_bias_i),
      .operand_o(s1_operand)
  );

  localparam int unsigned PairBits = core_pkg::PeColumns * core_pkg::ElemBits;
  logic [Columns-1:0][core_pkg::SumBits-1:0] sums;

  for (genvar p = 0; p < Pes; p++) begin : gen_pes
    pe i_pe (
        .clk_i,
        .rst_ni,
        .valid_i(s1_valid_q),
        .wide_i (s1_wide_q),
        .phase_i(s1_phase_q),
        .first_i(s1_first_q),
        .a_i    (s1_operand),
        .b_i    (b_row[p*PairBits+:PairBits]),
        .sum_o  (sums[p*core_pkg::PeColumns+:core_pkg::PeColumns])
    );
  end

  // ---------------------------------------------------------------------------------------------
  // Finished rows: stage 3
  // ---------------------------------------------------------------------------------------------
  localparam int unsigned EndStages = 3;
  logic [EndStages-1:0] end_q, empty_q;
  logic [EndStages-1:0][core_pkg::TileBits-1:0] tile_q;
  logic [EndStages-1:0][core_pkg::RowsBits-1:0] row_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) end_q <= '0;
    else end_q <= {end_q[EndStages-2:0], row_end};
  end
  always_ff @(posedge clk_i) begin
    empty_q <= {empty_q[EndStages-2:0], row_empty};
    tile_q  <= {tile_q[EndStages-2:0], tile};
    row_q   <= {row_q[EndStages-2:0], row};
  end

  // The walker's credits keep a place free for every row that it ends.
  logic unused_queue_ready;
  stream_fifo #(
      .Width(core_pkg::TileBits + core_pkg::RowsBits + Columns * core_pkg::SumBits),
      .Depth(RowQueue)
  ) i_rows (
      .clk_i,
      .rst_ni,
      .valid_i(end_q[EndStages-1]),
      .ready_o(unused_queue_ready),
      .data_i ({tile_q[EndStages-1], row_q[EndStages-1], empty_q[EndStages-1] ? '0 : sums}),
      .valid_o(row_valid_o),
      .ready_i(row_ready_i),
      .data_o ({row_tile_o, row_index_o, row_sum_o})
  );
  assign row_taken = row_valid_o && row_ready_i;

endmodule
