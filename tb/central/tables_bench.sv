// A descriptor's check and the job table's reader, each with ports of its own that C++ reads word by word.
module tables_bench #(
    parameter int unsigned Columns = 4,
    parameter int unsigned PsumRows = 16,
    parameter int unsigned Ahead = 16,
    localparam int unsigned Words = 32,
    localparam int unsigned LineWords = 16,
    localparam int unsigned Fields = 34,
    localparam int unsigned Extents = chip_pkg::Streams + 1
) (
    input logic clk_i,
    input logic rst_ni,
    // Descriptor
    input logic [31:0] line_i,
    input logic [31:0] words_i[Words],
    output logic [31:0] fields_o[Fields],
    output logic [3:0] cause_o,
    // Job table; the last window and the last extent are the output's
    input logic start_i,
    input logic [31:0] table_i,
    input logic [31:0] jobs_i,
    input logic [31:0] first_i[Extents],
    input logic [31:0] past_i[Extents],
    input logic [1:0] wave_i,
    output logic read_valid_o,
    input logic read_ready_i,
    output logic [31:0] read_line_o,
    output logic [$clog2(Ahead)-1:0] read_slot_o,
    input logic fill_valid_i,
    input logic [$clog2(Ahead)-1:0] fill_slot_i,
    input logic [31:0] fill_data_i[LineWords],
    output logic valid_o,
    input logic ready_i,
    output logic [31:0] lines_o[Extents],
    output logic [31:0] bytes_o[Extents],
    output logic [Extents-1:0][1:0] waves_o,
    output logic [31:0] index_o,
    output logic zero_o,
    output logic [7:0] rows_o,
    output logic more_o,
    output logic error_o,
    output logic [3:0] job_cause_o,
    output logic [31:0] error_job_o
);

  chip_pkg::data_t [chip_pkg::DescriptorLines-1:0] lines;
  chip_pkg::layer_t layer;
  chip_pkg::cause_e cause, job_cause;

  for (genvar w = 0; w < Words; w++) begin : gen_words
    assign lines[w/LineWords][32*(w%LineWords)+:32] = words_i[w];
  end

  descriptor_check #(
      .Columns(Columns)
  ) i_check (
      .line_i,
      .lines_i(lines),
      .layer_o(layer),
      .cause_o(cause)
  );
  assign cause_o = cause;

  // It has no clock of its own; every descriptor counts.
  descriptor_check_checks #(
      .Columns(Columns)
  ) i_check_checks (
      .clk_i,
      .rst_ni,
      .looks      (1'b1),
      .lines_i    (lines),
      .layer_o    (layer),
      .cause_o    (cause),
      .fields     (i_check.fields),
      .windows    (i_check.windows),
      .overlaps   (i_check.overlaps),
      .read_spans (i_check.reads),
      .write_spans(i_check.writes)
  );

  descriptor_fields #(
      .Fields(Fields)
  ) i_fields (
      .layer_i(layer),
      .fields_o
  );

  chip_pkg::window_t [chip_pkg::Streams-1:0] windows;
  chip_pkg::data_t fill_data;
  chip_pkg::feed_job_t feed;
  chip_pkg::result_job_t result;
  chip_pkg::extent_t [Extents-1:0] extents;

  for (genvar s = 0; s < chip_pkg::Streams; s++) begin : gen_windows
    assign windows[s] = '{first: first_i[s], past: past_i[s]};
  end
  for (genvar w = 0; w < LineWords; w++) begin : gen_fill
    assign fill_data[32*w+:32] = fill_data_i[w];
  end

  job_fetch #(
      .Ahead   (Ahead),
      .PsumRows(PsumRows)
  ) i_jobs (
      .clk_i,
      .rst_ni,
      .start_i,
      .table_i,
      .jobs_i,
      .windows_i   (windows),
      .out_window_i('{first: first_i[Extents-1], past: past_i[Extents-1]}),
      .wave_i,
      .read_valid_o,
      .read_ready_i,
      .read_line_o,
      .read_slot_o,
      .fill_valid_i,
      .fill_slot_i,
      .fill_data_i (fill_data),
      .valid_o,
      .ready_i,
      .feed_o      (feed),
      .result_o    (result),
      .more_o,
      .error_o,
      .cause_o     (job_cause),
      .index_o     (error_job_o)
  );
  assign job_cause_o = job_cause;
  assign index_o = result.index;
  assign zero_o = result.zero;
  assign rows_o = 8'(result.rows);
  assign extents = {result.out, result.d, feed.c, feed.b, feed.a};

  for (genvar e = 0; e < Extents; e++) begin : gen_extents
    assign lines_o[e] = extents[e].line;
    assign bytes_o[e] = extents[e].bytes;
    assign waves_o[e] = extents[e].wave;
  end

endmodule
