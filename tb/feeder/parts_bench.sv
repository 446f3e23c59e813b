// A stream buffer with a window behind it, and a block decoder, each with ports of its own.
module parts_bench #(
    parameter int unsigned Beats = 8,
    parameter int unsigned ChunkBeats = 2,
    parameter bit Sram = 1'b1,
    parameter int unsigned Bytes = 82,
    parameter int unsigned Elements = 36,
    localparam int unsigned BlockBytes = 2 * ((Elements + 7) / 8) + 2 * Elements
) (
    input  logic                          clk_i,
    input  logic                          rst_ni,
    // Streams
    input  logic                          start_valid_i,
    output logic                          start_ready_o,
    input  logic [            31:0]       start_line_i,
    input  logic [            31:0]       start_bytes_i,
    input  logic [             1:0]       start_wave_i,
    output logic                          fetch_valid_o,
    output logic [            31:0]       fetch_next_o,
    output logic [             1:0]       fetch_beats_o,
    output logic                          fetch_active_o,
    output logic [            31:0]       fetch_base_o,
    output logic [             1:0]       fetch_wave_o,
    output logic                          fetch_pending_o,
    output logic [            31:0]       fetch_pending_base_o,
    output logic [             1:0]       fetch_pending_wave_o,
    input  logic                          grant_i,
    input  logic [             4:0]       grant_tag_i,
    input  logic                          fill_valid_i,
    input  logic [             4:0]       fill_tag_i,
    input  logic                          fill_index_i,
    input  logic [            15:0][31:0] fill_data_i,
    output logic                          fetched_o,
    output logic                          low_o,
    output logic                          idle_o,
    // Window
    output logic [            31:0]       count_o,
    output logic                          end_o,
    output logic [     8*Bytes-1:0]       window_o,
    input  logic [            31:0]       take_i,
    input  logic                          flush_i,
    // Block
    input  logic [8*BlockBytes-1:0]       block_i,
    input  logic [             7:0]       elements_i,
    output logic [            63:0]       mask_o,
    output logic [            63:0]       group_o,
    output logic [    Elements-1:0][15:0] values_o,
    output logic [             7:0]       length_o,
    output logic                          fill_o
);

  chip_pkg::fetch_state_t fetch;
  logic valid, ready, last;
  chip_pkg::data_t data;
  logic [6:0] bytes;
  logic [$clog2(Bytes+1)-1:0] count;
  logic [Elements-1:0] mask, group;
  logic [$clog2(BlockBytes+1)-1:0] length;

  assign fetch_valid_o = fetch.valid;
  assign fetch_next_o = fetch.next;
  assign fetch_beats_o = fetch.beats;
  assign fetch_active_o = fetch.active;
  assign fetch_base_o = fetch.base;
  assign fetch_wave_o = fetch.wave;
  assign fetch_pending_o = fetch.pending;
  assign fetch_pending_base_o = fetch.pending_base;
  assign fetch_pending_wave_o = fetch.pending_wave;
  assign count_o = 32'(count);
  assign mask_o = 64'(mask);
  assign group_o = 64'(group);
  assign length_o = 8'(length);

  stream_buffer #(
      .Beats     (Beats),
      .ChunkBeats(ChunkBeats),
      .Sram      (Sram)
  ) i_buffer (
      .clk_i,
      .rst_ni,
      .start_valid_i,
      .start_ready_o,
      .start_i('{wave: start_wave_i, line: start_line_i, bytes: start_bytes_i}),
      .fetch_o(fetch),
      .grant_i,
      .grant_tag_i,
      .fill_valid_i,
      .fill_i ('{tag: fill_tag_i, index: fill_index_i, data: fill_data_i}),
      .valid_o(valid),
      .ready_i(ready),
      .data_o (data),
      .bytes_o(bytes),
      .last_o (last),
      .fetched_o,
      .low_o,
      .idle_o
  );

  byte_window #(
      .Bytes(Bytes)
  ) i_window (
      .clk_i,
      .rst_ni,
      .valid_i(valid),
      .ready_o(ready),
      .data_i (data),
      .bytes_i(bytes),
      .last_i (last),
      .show_i (1'b1),
      .bytes_o(window_o),
      .count_o(count),
      .end_o,
      .take_i (($clog2(Bytes + 1))'(take_i)),
      .flush_i
  );

  fgmp_block #(
      .Elements(Elements)
  ) i_block (
      .valid_i   (1'b1),
      .bytes_i   (block_i),
      .elements_i(($clog2(Elements + 1))'(elements_i)),
      .mask_o    (mask),
      .group_o   (group),
      .values_o,
      .length_o  (length),
      .fill_o
  );

endmodule
