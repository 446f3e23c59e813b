// Writes the B rows of each tile into the lines' memories, one row a cycle, in the order of the tiles.
//
// FP, BP, FC: channel by channel, ascending, for each the tile's taps. A channel's rows go to its line,
// tap after tap `depth` rows apart; in each tap the line's channels follow one another. WG: a row for each
// pixel, to all lines.
module b_loader #(
    parameter int unsigned Lines = 2,
    parameter int unsigned Rows = 8,
    localparam int unsigned LineBits = $clog2(Lines),
    localparam int unsigned ChannelBits = $clog2(Lines * Rows)
) (
    input  logic                                  clk_i,
    input  logic                                  rst_ni,
    // Tiles opened
    input  logic                                  open_i,
    input  logic                                  open_parity_i,
    input  logic                                  open_intra_i,   // WG
    input  core_pkg::b_rows_t                     open_b_i,
    // Line of a channel of the group
    output logic              [  ChannelBits-1:0] channel_o,
    input  logic              [     LineBits-1:0] line_i,
    output logic                                  group_end_o,    // the group is loaded
    // Rows of B
    input  logic                                  valid_i,
    output logic                                  ready_o,
    output logic              [        Lines-1:0] write_o,
    output logic              [core_pkg::KBits:0] addr_o,
    // By half of the B memory
    output logic              [              1:0] loaded_o
);

  logic job_valid, job_done, job_parity, job_intra;
  core_pkg::b_rows_t job;
  logic unused_ready;  // two tiles at most are open, and the queue holds both

  stream_fifo #(
      .Width(2 + $bits(core_pkg::b_rows_t)),
      .Depth(2)
  ) i_jobs (
      .clk_i,
      .rst_ni,
      .valid_i(open_i),
      .ready_o(unused_ready),
      .data_i ({open_parity_i, open_intra_i, open_b_i}),
      .valid_o(job_valid),
      .ready_i(job_done),
      .data_o ({job_parity, job_intra, job})
  );

  logic [ChannelBits-1:0] channel_q;
  logic [core_pkg::KBits-1:0] tap_q, base_q;  // of the channel, and its first B row for this tap
  logic [Lines-1:0][core_pkg::KBits-1:0] rank_q;  // channels that each line has had
  logic accept, last_tap, last_channel;

  assign accept = valid_i && ready_o;
  assign last_tap = tap_q + 1'b1 == job.taps;
  assign last_channel = core_pkg::ChannelBits'(channel_q) + 1'b1 == job.channels;
  assign job_done = accept && last_tap && last_channel;

  assign ready_o = job_valid;
  assign channel_o = channel_q;
  assign group_end_o = job_done && !job_intra && job.group_end;
  assign addr_o = {job_parity, base_q + rank_q[line_i]};

  always_comb begin
    write_o = '0;
    if (job_intra) write_o = {Lines{accept}};
    else write_o[line_i] = accept;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      channel_q <= '0;
      tap_q     <= '0;
      base_q    <= '0;
      rank_q    <= '0;
      loaded_o  <= '0;
    end else begin
      if (open_i) loaded_o[open_parity_i] <= 1'b0;
      if (accept) begin
        tap_q  <= last_tap ? '0 : tap_q + 1'b1;
        base_q <= last_tap ? '0 : base_q + job.depth;
        if (last_tap) begin
          channel_q      <= last_channel ? '0 : channel_q + 1'b1;
          rank_q[line_i] <= rank_q[line_i] + 1'b1;
        end
      end
      if (job_done) begin
        rank_q               <= '0;
        loaded_o[job_parity] <= 1'b1;
      end
    end
  end

endmodule
