// Sparse DL core: lines of zero-skipping PEs, their operands, the reduction and the partial sums.
//
//   commands -> sequencer -> runs ------------+
//   A beats  -> a_dispatch -----------------> lines -> reduction tree -> partial sums -> results
//   B rows   -> b_loader -> lines' B memories -+  +------- (WG) ---------^
//   costs    -> load_balancer -> line_table -^ (and to whoever watches)
//
// Every stream is valid/ready. Configuration is stable while the core is busy. So is the kind of its
// tiles: WG and the other steps share nothing in flight, and the sender starts a launch, A and B
// included, when busy_o has fallen after the one before.
module sparse_core #(
    parameter int unsigned Lines = 2,
    parameter int unsigned Pes = 2,
    parameter int unsigned Rows = 8,
    parameter int unsigned RowQueue = 2,
    parameter int unsigned RunQueue = 8,
    parameter int unsigned PsumRows = 16,
    localparam int unsigned Columns = Pes * core_pkg::PeColumns,
    localparam int unsigned ColumnBits = $clog2(Columns + 1),
    localparam int unsigned LineBits = $clog2(Lines),
    localparam int unsigned BeatWords = Rows / core_pkg::WordLen,
    localparam int unsigned WordsBits = $clog2(BeatWords + 1),
    localparam int unsigned ZerosWidth = BeatWords * core_pkg::ZerosBits,
    localparam int unsigned DepthBits = $clog2(Rows + 1),
    localparam int unsigned GroupBits = $clog2(Lines * Rows),
    localparam int unsigned ResultColumns = Columns / 2
) (
    input logic clk_i,
    input logic rst_ni,
    // Configuration
    input logic a_fmt_i,
    input logic [5:0] a_bias_i,
    input logic [ColumnBits-1:0] columns_i,
    input logic balance_i,
    input logic clear_counters_i,
    // Commands
    input logic cmd_valid_i,
    output logic cmd_ready_o,
    input logic [core_pkg::CmdBits-1:0] cmd_i,
    // A
    input logic a_valid_i,
    output logic a_ready_o,
    input logic a_first_i,
    input logic [LineBits-1:0] a_line_i,
    input logic [WordsBits-1:0] a_words_i,
    input logic [Rows-1:0] a_mask_i,
    input logic [Rows-1:0] a_group_i,
    input logic [ZerosWidth-1:0] a_zeros_i,
    input logic [core_pkg::ABeatBits-1:0] a_data_i,
    // B
    input logic b_valid_i,
    output logic b_ready_o,
    input logic [Columns*core_pkg::ElemBits-1:0] b_data_i,
    // Balancer
    input logic cost_valid_i,
    output logic cost_ready_o,
    input logic cost_last_i,
    input logic [DepthBits-1:0] cost_depth_i,
    input logic [GroupBits-1:0] cost_channel_i,
    input logic [31:0] cost_i,
    output logic line_valid_o,
    output logic [GroupBits-1:0] line_channel_o,
    output logic [LineBits-1:0] line_o,
    // Results: half a row a beat
    output logic result_valid_o,
    input logic result_ready_i,
    output logic [core_pkg::BlockBits-1:0] result_block_o,
    output logic [core_pkg::RowsBits-1:0] result_row_o,
    output logic result_upper_o,
    output logic [ResultColumns-1:0][core_pkg::SumBits-1:0] result_o,
    // Status
    output logic busy_o,
    output logic open_o,  // lines are still to learn of a tile's end
    output logic left_o,  // lines hold words of A that no run has passed
    output counter_pkg::counters_t counters_o
);

  localparam int unsigned SkipBits = $clog2(Rows + 1);

  // A preset that the structure or the commands' fields cannot hold does not elaborate.
  if (Lines < 2 || Lines > core_pkg::MaxLines || 2 ** LineBits != Lines) begin : gen_no_lines
    $error("Lines must be a power of two from 2 to %0d", core_pkg::MaxLines);
  end
  if (Pes < 2 || Pes % 2 != 0) begin : gen_no_pes
    $error("Pes must be even: a quarter of the columns passes the reduction tree at a time");
  end
  localparam int unsigned SegBits = BeatWords * $bits(core_pkg::seg_entry_t) + core_pkg::TableBits;
  if (BeatWords == 0 || BeatWords * core_pkg::WordLen != Rows) begin : gen_no_words
    $error("Rows must be a multiple of %0d", core_pkg::WordLen);
  end
  if (SegBits > core_pkg::PayloadBits) begin : gen_no_segments
    $error("Rows is too large: a part of the segment table must fit a command");
  end
  if (PsumRows < 2 || PsumRows >= 2 ** core_pkg::RowsBits) begin : gen_no_psum_rows
    $error("PsumRows must be from 2 to %0d", 2 ** core_pkg::RowsBits - 1);
  end

  // ---------------------------------------------------------------------------------------------
  // Commands, tiles, segment table
  // ---------------------------------------------------------------------------------------------
  logic open, open_parity, intra, a_enable;
  logic open_intra;
  core_pkg::b_rows_t open_b;
  logic group_valid, group_ready;
  core_pkg::tile_cmd_t [core_pkg::TileSlots-1:0] tiles;
  logic [core_pkg::TileSlots-1:0][core_pkg::BlockBits-1:0] blocks;
  logic [core_pkg::TileSlots-1:0] tile_valid, tile_zero;
  logic [core_pkg::TileBits:0] opened, reduced;
  logic row_done;
  logic [core_pkg::TileBits-1:0] row_done_tile;

  logic table_write;
  logic [core_pkg::TableBits:0] table_write_index;
  core_pkg::seg_entry_t [BeatWords-1:0] table_entries;
  logic [Lines-1:0][core_pkg::TableBits:0] table_index;
  core_pkg::seg_entry_t [Lines-1:0][BeatWords-1:0] line_entries;

  logic [Lines-1:0] tile_end, tile_end_parity;
  logic [Lines-1:0] run_valid, run_ready, row_run;
  core_pkg::line_run_t [Lines-1:0] runs;
  logic row_offer, row_accept;
  logic [core_pkg::RowsBits-1:0] offer_row;

  sequencer #(
      .Lines(Lines),
      .Rows (Rows)
  ) i_sequencer (
      .clk_i,
      .rst_ni,
      .valid_i          (cmd_valid_i),
      .ready_o          (cmd_ready_o),
      .cmd_i,
      .open_o           (open),
      .open_parity_o    (open_parity),
      .open_intra_o     (open_intra),
      .open_b_o         (open_b),
      .group_valid_i    (group_valid),
      .group_ready_o    (group_ready),
      .tile_end_i       (tile_end),
      .tile_end_parity_i(tile_end_parity),
      .table_write_o    (table_write),
      .table_index_o    (table_write_index),
      .entries_o        (table_entries),
      .run_valid_o      (run_valid),
      .run_ready_i      (run_ready),
      .run_o            (runs),
      .a_enable_o       (a_enable),
      .intra_o          (intra),
      .row_valid_o      (row_offer),
      .row_ready_i      (row_accept),
      .row_o            (offer_row),
      .row_run_i        (row_run),
      .tile_o           (tiles),
      .block_o          (blocks),
      .tile_valid_o     (tile_valid),
      .tile_zero_o      (tile_zero),
      .opened_o         (opened),
      .reduced_i        (reduced),
      .row_done_i       (row_done),
      .row_done_tile_i  (row_done_tile)
  );

  segment_table #(
      .Lines(Lines),
      .Rows (Rows)
  ) i_table (
      .clk_i,
      .write_i      (table_write),
      .write_index_i(table_write_index),
      .entries_i    (table_entries),
      .index_i      (table_index),
      .entries_o    (line_entries)
  );

  // ---------------------------------------------------------------------------------------------
  // Operands
  // ---------------------------------------------------------------------------------------------
  logic [Lines-1:0] a_valid, a_ready, issue, wide, phase;
  logic commit;
  logic [core_pkg::RowsBits-1:0] commit_row;

  a_dispatch #(
      .Lines   (Lines),
      .Rows    (Rows),
      .PsumRows(PsumRows)
  ) i_dispatch (
      .clk_i,
      .rst_ni,
      .enable_i    (a_enable),
      .intra_i     (intra),
      .valid_i     (a_valid_i),
      .ready_o     (a_ready_o),
      .first_i     (a_first_i),
      .line_i      (a_line_i),
      .mask_i      (a_mask_i),
      .group_i     (a_group_i),
      .valid_o     (a_valid),
      .ready_i     (a_ready),
      .row_valid_i (row_offer),
      .row_ready_o (row_accept),
      .row_i       (offer_row),
      .run_valid_o (row_run),
      .run_ready_i (run_ready),
      .issue_i     (issue),
      .commit_i    (commit),
      .commit_row_i(commit_row)
  );

  logic [Lines-1:0] b_write;
  logic [core_pkg::KBits:0] b_addr;
  logic [1:0] b_loaded;

  logic [GroupBits-1:0] b_channel;
  logic [LineBits-1:0] b_line;
  logic group_loaded;

  b_loader #(
      .Lines(Lines),
      .Rows (Rows)
  ) i_b_loader (
      .clk_i,
      .rst_ni,
      .open_i       (open),
      .open_parity_i(open_parity),
      .open_intra_i (open_intra),
      .open_b_i     (open_b),
      .channel_o    (b_channel),
      .line_i       (b_line),
      .group_end_o  (group_loaded),
      .valid_i      (b_valid_i),
      .ready_o      (b_ready_o),
      .write_o      (b_write),
      .addr_o       (b_addr),
      .loaded_o     (b_loaded)
  );

  logic answer_valid, answer_ready, balancing;

  load_balancer #(
      .Lines(Lines),
      .Rows (Rows)
  ) i_balancer (
      .clk_i,
      .rst_ni,
      .enable_i (balance_i),
      .depth_i  (cost_depth_i),
      .valid_i  (cost_valid_i),
      .ready_o  (cost_ready_o),
      .last_i   (cost_last_i),
      .channel_i(cost_channel_i),
      .cost_i   (cost_i),
      .valid_o  (answer_valid),
      .ready_i  (answer_ready),
      .channel_o(line_channel_o),
      .line_o   (line_o)
  );

  line_table #(
      .Lines(Lines),
      .Rows (Rows)
  ) i_line_table (
      .clk_i,
      .rst_ni,
      .valid_i       (answer_valid),
      .ready_o       (answer_ready),
      .last_i        (cost_last_i),
      .channel_i     (line_channel_o),
      .line_i        (line_o),
      .group_valid_o (group_valid),
      .group_ready_i (group_ready),
      .read_channel_i(b_channel),
      .read_line_o   (b_line),
      .free_i        (group_loaded),
      .busy_o        (balancing)
  );
  assign line_valid_o = answer_valid && answer_ready;

  // ---------------------------------------------------------------------------------------------
  // Lines
  // ---------------------------------------------------------------------------------------------
  logic [Lines-1:0] row_valid, row_ready, tree_row_ready, psum_row_ready;
  logic [Lines-1:0][Columns-1:0][core_pkg::SumBits-1:0] row_sum;
  logic [Lines-1:0][core_pkg::TileBits-1:0] row_tile;
  logic [Lines-1:0][core_pkg::RowsBits-1:0] row_index;
  logic [Lines-1:0][SkipBits-1:0] skipped;
  logic [Lines-1:0] wait_a, wait_b, wait_queue, left;

  assign row_ready = intra ? psum_row_ready : tree_row_ready;

  for (genvar l = 0; l < Lines; l++) begin : gen_lines
    pe_line #(
        .Pes     (Pes),
        .Rows    (Rows),
        .RowQueue(RowQueue),
        .RunQueue(RunQueue)
    ) i_line (
        .clk_i,
        .rst_ni,
        .a_fmt_i,
        .a_bias_i,
        .a_valid_i        (a_valid[l]),
        .a_ready_o        (a_ready[l]),
        .a_words_i,
        .a_mask_i,
        .a_group_i,
        .a_zeros_i,
        .a_data_i,
        .b_write_i        (b_write[l]),
        .b_addr_i         (b_addr),
        .b_data_i,
        .b_loaded_i       (b_loaded),
        .run_valid_i      (run_valid[l]),
        .run_ready_o      (run_ready[l]),
        .run_i            (runs[l]),
        .table_index_o    (table_index[l]),
        .entries_i        (line_entries[l]),
        .row_valid_o      (row_valid[l]),
        .row_ready_i      (row_ready[l]),
        .row_sum_o        (row_sum[l]),
        .row_tile_o       (row_tile[l]),
        .row_index_o      (row_index[l]),
        .tile_end_o       (tile_end[l]),
        .tile_end_parity_o(tile_end_parity[l]),
        .issue_o          (issue[l]),
        .wide_o           (wide[l]),
        .phase_o          (phase[l]),
        .skipped_o        (skipped[l]),
        .wait_a_o         (wait_a[l]),
        .wait_b_o         (wait_b[l]),
        .wait_queue_o     (wait_queue[l]),
        .left_o           (left[l])
    );
  end

  // ---------------------------------------------------------------------------------------------
  // Sums
  // ---------------------------------------------------------------------------------------------
  logic tree_valid, tree_ready;
  logic [Columns-1:0][core_pkg::SumBits-1:0] tree_sum, result_sum;
  logic [core_pkg::RowsBits-1:0] tree_row;
  logic [core_pkg::TileBits-1:0] tree_tile;
  logic result_valid, result_ready, sums_busy, psum_read, psum_write;

  reduction_tree #(
      .Lines  (Lines),
      .Columns(Columns)
  ) i_tree (
      .clk_i,
      .rst_ni,
      .valid_i    (row_valid),
      .ready_o    (tree_row_ready),
      .sum_i      (row_sum),
      .tile_i     (tiles),
      .tile_zero_i(tile_zero),
      .opened_i   (opened),
      .reduced_o  (reduced),
      .valid_o    (tree_valid),
      .ready_i    (tree_ready),
      .sum_o      (tree_sum),
      .row_o      (tree_row),
      .tile_o     (tree_tile)
  );

  partial_sum #(
      .Lines   (Lines),
      .Columns (Columns),
      .PsumRows(PsumRows)
  ) i_partial_sum (
      .clk_i,
      .rst_ni,
      .tile_i         (tiles),
      .block_i        (blocks),
      .tile_valid_i   (tile_valid),
      .tile_zero_i    (tile_zero),
      .tree_valid_i   (tree_valid),
      .tree_ready_o   (tree_ready),
      .tree_sum_i     (tree_sum),
      .tree_row_i     (tree_row),
      .tree_tile_i    (tree_tile),
      .intra_i        (intra),
      .line_valid_i   (row_valid),
      .line_ready_o   (psum_row_ready),
      .line_sum_i     (row_sum),
      .line_row_i     (row_index),
      .line_tile_i    (row_tile),
      .row_done_o     (row_done),
      .row_done_tile_o(row_done_tile),
      .commit_o       (commit),
      .commit_row_o   (commit_row),
      .valid_o        (result_valid),
      .ready_i        (result_ready),
      .sum_o          (result_sum),
      .row_o          (result_row_o),
      .block_o        (result_block_o),
      .busy_o         (sums_busy),
      .psum_read_o    (psum_read),
      .psum_write_o   (psum_write)
  );

  result_out #(
      .Columns(Columns)
  ) i_result_out (
      .clk_i,
      .rst_ni,
      .valid_i(result_valid),
      .ready_o(result_ready),
      .sum_i  (result_sum),
      .valid_o(result_valid_o),
      .ready_i(result_ready_i),
      .upper_o(result_upper_o),
      .data_o (result_o)
  );

  // When all rows have been taken, the last of them may still be added, or wait for the output.
  assign busy_o = cmd_valid_i || balancing || tile_valid != '0 || sums_busy;
  assign open_o = a_enable;
  assign left_o = left != '0;

  perf_counters #(
      .Lines  (Lines),
      .Rows   (Rows),
      .Columns(Columns)
  ) i_counters (
      .clk_i,
      .rst_ni,
      .clear_i     (clear_counters_i),
      .busy_i      (busy_o),
      .columns_i,
      .issue_i     (issue),
      .wide_i      (wide),
      .phase_i     (phase),
      .skipped_i   (skipped),
      .wait_a_i    (wait_a),
      .wait_b_i    (wait_b),
      .wait_queue_i(wait_queue),
      .a_beat_i    (a_valid_i && a_ready_o),
      .b_row_i     (b_valid_i && b_ready_o),
      .tree_row_i  (tree_valid && tree_ready),
      .psum_row_i  (row_done),
      .psum_read_i (psum_read),
      .psum_write_i(psum_write),
      .counters_o
  );

endmodule
