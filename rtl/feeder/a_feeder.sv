// Stream A to the core's beats.
//
// FP, BP: a K tile's columns, each PE line's words of a column in blocks; every block becomes beats of
// its line. WG: the elements of a unit go to a bank, from which the unit's rows are gathered.
module a_feeder #(
    parameter int unsigned Lines = 2,
    parameter int unsigned Rows = 8,
    localparam int unsigned LineBits = $clog2(Lines),
    localparam int unsigned BeatWords = Rows / core_pkg::WordLen,
    localparam int unsigned WordsBits = $clog2(BeatWords + 1)
) (
    input logic clk_i,
    input logic rst_ni,
    // Lines of the stream
    input logic valid_i,
    output logic ready_o,
    input chip_pkg::data_t data_i,
    input logic [6:0] bytes_i,
    input logic last_i,
    // What is to be fed
    input logic feed_valid_i,
    output logic feed_ready_o,
    input feeder_pkg::feed_t feed_i,
    input logic base_valid_i,
    output logic base_ready_o,
    input chip_pkg::base_item_t base_i,
    // Beats
    output logic beat_valid_o,
    input logic beat_ready_i,
    output logic beat_first_o,
    output logic [LineBits-1:0] beat_line_o,
    output logic [WordsBits-1:0] beat_words_o,
    output logic [Rows-1:0] beat_mask_o,
    output logic [Rows-1:0] beat_group_o,
    output logic [core_pkg::ABeatBits-1:0] beat_data_o,
    // Status
    output logic idle_o,
    output logic error_o,  // masks and length contradict
    output logic base_error_o  // a row takes what its unit does not have
);

  localparam int unsigned MaskBytes = (Rows + 7) / 8;
  localparam int unsigned BlockBytes = 2 * MaskBytes + 2 * Rows;
  localparam int unsigned LengthBits = $clog2(BlockBytes + 1);
  localparam int unsigned EntriesBits = $clog2(Rows + 1);
  localparam int unsigned QueueDepth = 3;  // two K tiles ahead, and an end of a job
  localparam int unsigned OwedBits = $clog2(QueueDepth + 2);

  typedef logic [chip_pkg::ElementBits:0] entries_t;
  typedef logic [core_pkg::MaxLines-1:0] lines_t;

  // ---------------------------------------------------------------------------------------------
  // What is to be fed
  // ---------------------------------------------------------------------------------------------
  logic head_valid, head_ready, start;
  feeder_pkg::feed_t head;

  stream_fifo #(
      .Width($bits(feeder_pkg::feed_t)),
      .Depth(QueueDepth)
  ) i_queue (
      .clk_i,
      .rst_ni,
      .valid_i(feed_valid_i),
      .ready_o(feed_ready_o),
      .data_i (feed_i),
      .valid_o(head_valid),
      .ready_i(head_ready),
      .data_o (head)
  );

  // Base tables are written for the K tile that has not been queued yet.
  logic queued, opened;
  logic [OwedBits-1:0] owed_q;

  assign queued = feed_valid_i && feed_ready_o;
  assign base_ready_o = owed_q == '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      owed_q <= '0;
    end else begin
      owed_q <= owed_q + OwedBits'(queued && feed_i.op == feeder_pkg::FeedRows) - OwedBits'(opened);
    end
  end

  // ---------------------------------------------------------------------------------------------
  // The stream's blocks
  // ---------------------------------------------------------------------------------------------
  logic busy_q, intra_q, has_a_q;
  entries_t left_q;  // of the column of a PE line, or of the unit
  logic [EntriesBits-1:0] entries;
  logic show, decode, take, fill, at_end, flush, tile_done, last_block;
  logic [8*BlockBytes-1:0] window;
  logic [LengthBits-1:0] count, length;
  logic [Rows-1:0] mask, group;
  logic [Rows-1:0][core_pkg::ElemBits-1:0] values;
  logic bank_ready, cutter_ready, gather_idle;

  byte_window #(
      .Bytes(BlockBytes)
  ) i_window (
      .clk_i,
      .rst_ni,
      .valid_i,
      .ready_o,
      .data_i,
      .bytes_i,
      .last_i,
      .show_i (decode),
      .bytes_o(window),
      .count_o(count),
      .end_o  (at_end),
      .take_i (take ? length : '0),
      .flush_i(flush)
  );

  fgmp_block #(
      .Elements(Rows)
  ) i_block (
      .valid_i   (decode),
      .bytes_i   (window),
      .elements_i(entries),
      .mask_o    (mask),
      .group_o   (group),
      .values_o  (values),
      .length_o  (length),
      .fill_o    (fill)
  );

  assign last_block = left_q <= entries_t'(Rows);
  assign entries = last_block ? EntriesBits'(left_q) : EntriesBits'(Rows);
  // Beats of rows that are still to be gathered go first.
  assign show = busy_q && has_a_q && (intra_q ? bank_ready : cutter_ready && gather_idle);
  assign decode = show && count != '0;
  assign take = decode && length <= count && !fill;

  // ---------------------------------------------------------------------------------------------
  // Which block it is
  // ---------------------------------------------------------------------------------------------
  chip_pkg::feed_item_t columns_q, new_columns;
  chip_pkg::feed_rows_item_t rows_q, new_rows;
  logic [LineBits-1:0] line_q, next_line;
  logic more_lines;
  logic [2:0] unit_q;  // of its channel
  logic first_unit_q, last_unit, last_unit_next;
  feeder_pkg::unit_t unit;

  // One of the lines is set: if none below it is, the last one.
  function automatic logic [LineBits-1:0] lowest(input lines_t lines);
    lowest = LineBits'(Lines - 1);
    for (int unsigned l = Lines - 1; l > 0; l--) if (lines[l-1]) lowest = LineBits'(l - 1);
  endfunction

  function automatic lines_t above(input lines_t lines, input logic [LineBits-1:0] line);
    above = lines & ~((lines_t'(2) << line) - lines_t'(1));
  endfunction

  assign new_columns = chip_pkg::feed_item_t'(head.payload[feeder_pkg::ColumnsBits-1:0]);
  assign new_rows = chip_pkg::feed_rows_item_t'(head.payload);

  assign more_lines = above(columns_q.line_mask, line_q) != '0;
  assign next_line = lowest(more_lines ? above(columns_q.line_mask, line_q) : columns_q.line_mask);
  assign last_unit = unit_q + 3'd1 == rows_q.channel_units;
  assign last_unit_next = last_unit ? rows_q.channel_units == 3'd1 :
      unit_q + 3'd2 == rows_q.channel_units;

  assign unit = '{
          first: first_unit_q,
          ky: last_unit ? rows_q.last_ky : rows_q.ky,
          kx: rows_q.kx,
          pitch: rows_q.pitch,
          pixels: rows_q.pixels,
          elements: last_unit ? rows_q.last_elements : rows_q.elements
      };

  assign tile_done = take && last_block &&
      (intra_q ? rows_q.count == 10'd1 : !more_lines && columns_q.columns == 16'd1);

  // A job ends when the stream does.
  logic ending;
  assign ending = head_valid && head.op == feeder_pkg::FeedEnd && !busy_q;
  assign flush = ending && head.has_a && at_end && count == '0;
  assign start = head_valid && head.op != feeder_pkg::FeedEnd && (!busy_q || tile_done);
  assign head_ready = start || flush || (ending && !head.has_a);

  assign error_o = (decode && (length > count ? at_end : fill)) ||
      (show && at_end && count == '0) || (busy_q && !has_a_q) ||
      (ending && head.has_a && count != '0);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      busy_q <= 1'b0;
    end else begin
      busy_q <= start || (busy_q && !tile_done);
    end
  end

  always_ff @(posedge clk_i) begin
    if (start) begin
      has_a_q <= head.has_a;
      intra_q <= head.op == feeder_pkg::FeedRows;
      columns_q <= new_columns;
      rows_q <= new_rows;
      line_q <= lowest(new_columns.line_mask);
      unit_q <= '0;
      first_unit_q <= 1'b1;
      left_q       <= head.op != feeder_pkg::FeedRows ? entries_t'({new_columns.words, 2'b00}) :
          new_rows.channel_units == 3'd1 ? new_rows.last_elements : new_rows.elements;
    end else if (take) begin
      left_q <= left_q - entries_t'(entries);
      if (last_block && intra_q) begin
        rows_q.count <= rows_q.count - 1'b1;
        unit_q       <= last_unit ? '0 : unit_q + 3'd1;
        first_unit_q <= 1'b0;
        left_q       <= last_unit_next ? rows_q.last_elements : rows_q.elements;
      end else if (last_block) begin
        line_q <= next_line;
        left_q <= entries_t'({columns_q.words, 2'b00});
        if (!more_lines) columns_q.columns <= columns_q.columns - 1'b1;
      end
    end
  end

  // ---------------------------------------------------------------------------------------------
  // Rows of WG, and beats
  // ---------------------------------------------------------------------------------------------
  logic row_valid;
  logic [WordsBits-1:0] row_words, block_words;
  logic [Rows-1:0] row_mask, row_group;
  logic [Rows-1:0][core_pkg::ElemBits-1:0] row_values;
  logic cutter_idle;

  row_gather #(
      .Rows(Rows)
  ) i_gather (
      .clk_i,
      .rst_ni,
      .base_write_i(base_valid_i && base_ready_o),
      .base_i,
      .valid_i     (take && intra_q),
      .ready_o     (bank_ready),
      .last_i      (last_block),
      .unit_i      (unit),
      .mask_i      (mask),
      .group_i     (group),
      .values_i    (values),
      .opened_o    (opened),
      .valid_o     (row_valid),
      .ready_i     (cutter_ready),
      .words_o     (row_words),
      .mask_o      (row_mask),
      .group_o     (row_group),
      .values_o    (row_values),
      .idle_o      (gather_idle),
      .error_o     (base_error_o)
  );

  assign block_words = WordsBits'(entries / core_pkg::WordLen);

  beat_cutter #(
      .Lines(Lines),
      .Rows (Rows)
  ) i_cutter (
      .clk_i,
      .rst_ni,
      .valid_i (row_valid || (take && !intra_q)),
      .ready_o (cutter_ready),
      .first_i (row_valid),
      .line_i  (row_valid ? '0 : line_q),
      .words_i (row_valid ? row_words : block_words),
      .mask_i  (row_valid ? row_mask : mask),
      .group_i (row_valid ? row_group : group),
      .values_i(row_valid ? row_values : values),
      .valid_o (beat_valid_o),
      .ready_i (beat_ready_i),
      .first_o (beat_first_o),
      .line_o  (beat_line_o),
      .words_o (beat_words_o),
      .mask_o  (beat_mask_o),
      .group_o (beat_group_o),
      .data_o  (beat_data_o),
      .idle_o  (cutter_idle)
  );

  assign idle_o = !head_valid && !busy_q && count == '0 && gather_idle && cutter_idle;

endmodule
