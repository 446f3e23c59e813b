// Feeds one PE line from arrays in memory; whatever a core does around a line is done in line_dpi.cpp.
module line_bench #(
    parameter int unsigned Pes = 2,
    parameter int unsigned Rows = 8,
    parameter int unsigned RowQueue = 2,
    parameter int unsigned RunQueue = 8
) (
    input  logic clk_i,
    input  logic rst_ni,
    output logic done_o
);

  localparam int unsigned Columns = Pes * core_pkg::PeColumns;
  localparam int unsigned BeatWords = Rows / core_pkg::WordLen;
  localparam int unsigned WordsBits = $clog2(BeatWords + 1);
  localparam int unsigned ZerosWidth = BeatWords * core_pkg::ZerosBits;
  localparam int unsigned SkipBits = $clog2(Rows + 1);

  // Layouts of golden/streams.py and, for the table, of the core's commands.
  localparam int unsigned BeatBits = 11 * 32;
  localparam int unsigned MaskAt = 32, GroupAt = 96, ZerosAt = 160, DataAt = 224;
  localparam int unsigned EntriesBits = BeatWords * $bits(core_pkg::seg_entry_t);

  // Each returns whether there is something in this cycle.
  import "DPI-C" function bit line_setup(
    output bit fmt,
    output int unsigned bias
  );
  import "DPI-C" function bit line_beat(output bit [BeatBits-1:0] beat);
  import "DPI-C" function bit line_run(output bit [63:0] run);
  import "DPI-C" function bit line_b_row(
    output int unsigned address,
    output bit [Columns*core_pkg::ElemBits-1:0] row
  );
  import "DPI-C" function bit line_entries(
    output int unsigned index,
    output bit [127:0] entries
  );
  import "DPI-C" function bit line_ready();
  import "DPI-C" function bit [1:0] line_loaded();
  import "DPI-C" function void line_tile_end(input int unsigned parity);
  // Returns whether this was the last row.
  import "DPI-C" function bit line_row(
    input int unsigned tile,
    input int unsigned row,
    input bit [Columns*core_pkg::SumBits-1:0] sum
  );
  import "DPI-C" function void line_count(
    input bit narrow,
    input bit wide,
    input int unsigned skipped
  );

  logic fmt_q, a_valid_q, a_ready, b_write_q, table_write_q, run_valid_q, run_ready;
  logic row_valid, row_ready_q, tile_end, tile_end_parity, issue, wide, phase;
  logic unused_wait_a, unused_wait_b, unused_wait_queue, unused_left;
  logic [5:0] bias_q;
  logic [BeatBits-1:0] beat_q;
  logic [core_pkg::KBits:0] b_addr_q;
  logic [Columns*core_pkg::ElemBits-1:0] b_row_q;
  logic [core_pkg::TableBits:0] table_index_q;
  logic [0:0][core_pkg::TableBits:0] table_index;
  core_pkg::seg_entry_t [BeatWords-1:0] table_entries_q;
  core_pkg::seg_entry_t [0:0][BeatWords-1:0] entries;
  core_pkg::line_run_t run_q;
  logic [1:0] loaded_q;
  logic [Columns-1:0][core_pkg::SumBits-1:0] sum;
  logic [core_pkg::TileBits-1:0] tile;
  logic [core_pkg::RowsBits-1:0] row;
  logic [SkipBits-1:0] skipped;

  always_ff @(posedge clk_i) begin
    automatic bit fmt = 1'b0;
    automatic int unsigned number = 0;
    automatic bit [BeatBits-1:0] beat = '0;
    automatic bit [63:0] run = '0;
    automatic bit [127:0] entry = '0;
    automatic bit [Columns*core_pkg::ElemBits-1:0] b_row = '0;
    if (!rst_ni) begin
      void'(line_setup(fmt, number));
      fmt_q         <= fmt;
      bias_q        <= number[5:0];
      a_valid_q     <= 1'b0;
      b_write_q     <= 1'b0;
      table_write_q <= 1'b0;
      run_valid_q   <= 1'b0;
      row_ready_q   <= 1'b0;
      loaded_q      <= '0;
      done_o        <= 1'b0;
    end else begin
      if (!a_valid_q || a_ready) begin
        a_valid_q <= line_beat(beat);
        beat_q    <= beat;
      end
      if (!run_valid_q || run_ready) begin
        run_valid_q <= line_run(run);
        run_q       <= run[$bits(core_pkg::line_run_t)-1:0];
      end
      b_write_q       <= line_b_row(number, b_row);
      b_addr_q        <= number[core_pkg::KBits:0];
      b_row_q         <= b_row;
      table_write_q   <= line_entries(number, entry);
      table_index_q   <= number[core_pkg::TableBits:0];
      table_entries_q <= entry[EntriesBits-1:0];
      row_ready_q     <= line_ready();
      if (tile_end) line_tile_end(32'(tile_end_parity));
      if (row_valid && row_ready_q) done_o <= line_row(32'(tile), 32'(row), sum);
      line_count(issue && !wide, issue && wide && phase, 32'(skipped));
      loaded_q <= line_loaded();
    end
  end

  segment_table #(
      .Lines(1),
      .Rows (Rows)
  ) i_table (
      .clk_i,
      .write_i      (table_write_q),
      .write_index_i(table_index_q),
      .entries_i    (table_entries_q),
      .index_i      (table_index),
      .entries_o    (entries)
  );

  pe_line #(
      .Pes     (Pes),
      .Rows    (Rows),
      .RowQueue(RowQueue),
      .RunQueue(RunQueue)
  ) i_line (
      .clk_i,
      .rst_ni,
      .a_fmt_i          (fmt_q),
      .a_bias_i         (bias_q),
      .a_valid_i        (a_valid_q),
      .a_ready_o        (a_ready),
      .a_words_i        (beat_q[16+:WordsBits]),
      .a_mask_i         (beat_q[MaskAt+:Rows]),
      .a_group_i        (beat_q[GroupAt+:Rows]),
      .a_zeros_i        (beat_q[ZerosAt+:ZerosWidth]),
      .a_data_i         (beat_q[DataAt+:core_pkg::ABeatBits]),
      .b_write_i        (b_write_q),
      .b_addr_i         (b_addr_q),
      .b_data_i         (b_row_q),
      .b_loaded_i       (loaded_q),
      .run_valid_i      (run_valid_q),
      .run_ready_o      (run_ready),
      .run_i            (run_q),
      .table_index_o    (table_index[0]),
      .entries_i        (entries[0]),
      .row_valid_o      (row_valid),
      .row_ready_i      (row_ready_q),
      .row_sum_o        (sum),
      .row_tile_o       (tile),
      .row_index_o      (row),
      .tile_end_o       (tile_end),
      .tile_end_parity_o(tile_end_parity),
      .issue_o          (issue),
      .wide_o           (wide),
      .phase_o          (phase),
      .skipped_o        (skipped),
      .wait_a_o         (unused_wait_a),
      .wait_b_o         (unused_wait_b),
      .wait_queue_o     (unused_wait_queue),
      .left_o           (unused_left)
  );

endmodule
