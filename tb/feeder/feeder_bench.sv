// A feeder with ports as wide as the largest preset's, as feeder_loop.cpp drives them.
module feeder_bench #(
    parameter int unsigned Lines = 2,
    parameter int unsigned Pes   = 2,
    parameter int unsigned Rows  = 8
) (
    input  logic              clk_i,
    input  logic              rst_ni,
    input  logic              b_fmt_i,
    input  logic [ 5:0]       b_bias_i,
    input  logic              job_valid_i,
    output logic              job_ready_o,
    input  logic [ 5:0][31:0] job_i,          // first line and bytes of A, B, C
    output logic              bindable_o,
    output logic              idle_o,
    output logic [ 2:0]       fetch_valid_o,
    output logic [ 2:0][31:0] fetch_next_o,
    output logic [ 2:0][ 1:0] fetch_beats_o,
    input  logic [ 2:0]       grant_i,
    input  logic [ 4:0]       grant_tag_i,
    input  logic [ 2:0]       fill_valid_i,
    input  logic [ 4:0]       fill_tag_i,
    input  logic              fill_index_i,
    input  logic [15:0][31:0] fill_data_i,
    output logic              cmd_valid_o,
    input  logic              cmd_ready_i,
    output logic [ 3:0][31:0] cmd_o,
    output logic              a_valid_o,
    input  logic              a_ready_i,
    output logic [10:0][31:0] a_beat_o,       // as golden/streams.py has it
    output logic              b_valid_o,
    input  logic              b_ready_i,
    output logic [ 7:0][31:0] b_row_o,
    output logic              cost_valid_o,
    input  logic              cost_ready_i,
    output logic [ 3:0][31:0] cost_o,         // as golden/streams.py has it
    output logic              error_o,
    output logic [ 3:0]       cause_o
);

  localparam int unsigned Columns = Pes * core_pkg::PeColumns;
  localparam int unsigned BeatWords = Rows / core_pkg::WordLen;

  chip_pkg::fetch_state_t [2:0] fetch;
  chip_pkg::feed_job_t job;
  chip_pkg::cause_e cause;
  logic first, cost_last;
  logic [$clog2(Lines)-1:0] line;
  logic [$clog2(BeatWords+1)-1:0] words;
  logic [Rows-1:0] mask, group;
  logic [BeatWords*core_pkg::ZerosBits-1:0] zeros;
  logic [core_pkg::ABeatBits-1:0] data;
  logic [Columns*core_pkg::ElemBits-1:0] row;
  logic [$clog2(Rows+1)-1:0] depth;
  logic [$clog2(Lines*Rows)-1:0] channel;
  logic [31:0] cost;

  assign job.a = '{wave: '0, line: job_i[0], bytes: job_i[1]};
  assign job.b = '{wave: '0, line: job_i[2], bytes: job_i[3]};
  assign job.c = '{wave: '0, line: job_i[4], bytes: job_i[5]};
  for (genvar s = 0; s < 3; s++) begin : gen_fetch
    assign fetch_valid_o[s] = fetch[s].valid;
    assign fetch_next_o[s]  = fetch[s].next;
    assign fetch_beats_o[s] = fetch[s].beats;
  end
  assign a_beat_o = {data, 64'(zeros), 64'(group), 64'(mask), 16'(words), 8'(line), 7'b0, first};
  assign b_row_o  = 256'(row);
  assign cost_o   = {32'(depth), 31'b0, cost_last, cost, 32'(channel)};
  assign cause_o  = cause;

  feeder #(
      .Lines(Lines),
      .Pes  (Pes),
      .Rows (Rows)
  ) i_feeder (
      .clk_i,
      .rst_ni,
      .b_fmt_i,
      .b_bias_i,
      .job_valid_i,
      .job_ready_o,
      .job_i         (job),
      .bindable_o,
      .idle_o,
      .fetch_o       (fetch),
      .grant_i,
      .grant_tag_i,
      .fill_valid_i,
      .fill_i        ('{tag: fill_tag_i, index: fill_index_i, data: fill_data_i}),
      .cmd_valid_o,
      .cmd_ready_i,
      .cmd_o,
      .a_valid_o,
      .a_ready_i,
      .a_first_o     (first),
      .a_line_o      (line),
      .a_words_o     (words),
      .a_mask_o      (mask),
      .a_group_o     (group),
      .a_zeros_o     (zeros),
      .a_data_o      (data),
      .b_valid_o,
      .b_ready_i,
      .b_data_o      (row),
      .cost_valid_o,
      .cost_ready_i,
      .cost_last_o   (cost_last),
      .cost_depth_o  (depth),
      .cost_channel_o(channel),
      .cost_o        (cost),
      .error_o,
      .cause_o       (cause)
  );

endmodule
