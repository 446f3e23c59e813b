// Operand front end of one sparse core: streams A, B and C of its jobs from memory to the core's ports.
//
//   C -> item_sequencer -> commands, costs
//                |
//   A -> a_feeder -> beats        B -> b_feeder -> rows
//
// The streams of a job pass to those of the next without a gap: each waits for its own end only.
module feeder #(
    parameter int unsigned Lines = 2,
    parameter int unsigned Pes = 2,
    parameter int unsigned Rows = 8,
    localparam int unsigned Columns = Pes * core_pkg::PeColumns,
    localparam int unsigned LineBits = $clog2(Lines),
    localparam int unsigned BeatWords = Rows / core_pkg::WordLen,
    localparam int unsigned WordsBits = $clog2(BeatWords + 1),
    localparam int unsigned ZerosWidth = BeatWords * core_pkg::ZerosBits,
    localparam int unsigned DepthBits = $clog2(Rows + 1),
    localparam int unsigned ChannelBits = $clog2(Lines * Rows),
    localparam int unsigned Streams = 3
) (
    input logic clk_i,
    input logic rst_ni,
    // FP8 of B; stands still while the feeder is not idle
    input logic b_fmt_i,
    input logic [fp_pkg::Fp8BiasBits-1:0] b_bias_i,
    // Jobs
    input logic job_valid_i,
    output logic job_ready_o,
    input chip_pkg::feed_job_t job_i,
    output logic bindable_o,  // time for the next
    output logic idle_o,
    // Memory, by chip_pkg::stream_e
    output chip_pkg::fetch_state_t [Streams-1:0] fetch_o,
    input logic [Streams-1:0] grant_i,
    input chip_pkg::tag_t grant_tag_i,
    input logic [Streams-1:0] fill_valid_i,
    input chip_pkg::fill_t fill_i,
    // Commands
    output logic cmd_valid_o,
    input logic cmd_ready_i,
    output logic [core_pkg::CmdBits-1:0] cmd_o,
    // A
    output logic a_valid_o,
    input logic a_ready_i,
    output logic a_first_o,
    output logic [LineBits-1:0] a_line_o,
    output logic [WordsBits-1:0] a_words_o,
    output logic [Rows-1:0] a_mask_o,
    output logic [Rows-1:0] a_group_o,
    output logic [ZerosWidth-1:0] a_zeros_o,
    output logic [core_pkg::ABeatBits-1:0] a_data_o,
    // B
    output logic b_valid_o,
    input logic b_ready_i,
    output logic [Columns*core_pkg::ElemBits-1:0] b_data_o,
    // Balancer
    output logic cost_valid_o,
    input logic cost_ready_i,
    output logic cost_last_o,
    output logic [DepthBits-1:0] cost_depth_o,
    output logic [ChannelBits-1:0] cost_channel_o,
    output logic [chip_pkg::CostBits-1:0] cost_o,
    // What went wrong first, until reset
    output logic error_o,
    output chip_pkg::cause_e cause_o
);

  localparam int unsigned JobDepth = 4;  // jobs whose items have not all been read
  localparam int unsigned ItemShift = $clog2(chip_pkg::ItemBytes);

  // ---------------------------------------------------------------------------------------------
  // Streams
  // ---------------------------------------------------------------------------------------------
  localparam int unsigned A = 32'(chip_pkg::StreamA);
  localparam int unsigned B = 32'(chip_pkg::StreamB);
  localparam int unsigned C = 32'(chip_pkg::StreamC);
  localparam int unsigned RingBeats[Streams] = '{8, 8, 2};
  localparam int unsigned RingChunk[Streams] = '{2, 2, 1};
  localparam bit [Streams-1:0] RingSram = 3'b011;

  logic [Streams-1:0] start_ready, valid, ready, last, fetched, low, stream_idle;
  chip_pkg::extent_t [Streams-1:0] extent;
  chip_pkg::data_t [Streams-1:0] data;
  logic [Streams-1:0][6:0] bytes;
  logic start, queue_ready;

  assign extent[A] = job_i.a;
  assign extent[B] = job_i.b;
  assign extent[C] = job_i.c;
  assign job_ready_o = &start_ready && queue_ready;
  assign start = job_valid_i && job_ready_o;

  for (genvar s = 0; s < Streams; s++) begin : gen_streams
    stream_buffer #(
        .Beats     (RingBeats[s]),
        .ChunkBeats(RingChunk[s]),
        .Sram      (RingSram[s])
    ) i_buffer (
        .clk_i,
        .rst_ni,
        .start_valid_i(start),
        .start_ready_o(start_ready[s]),
        .start_i      (extent[s]),
        .fetch_o      (fetch_o[s]),
        .grant_i      (grant_i[s]),
        .grant_tag_i,
        .fill_valid_i (fill_valid_i[s]),
        .fill_i,
        .valid_o      (valid[s]),
        .ready_i      (ready[s]),
        .data_o       (data[s]),
        .bytes_o      (bytes[s]),
        .last_o       (last[s]),
        .fetched_o    (fetched[s]),
        .low_o        (low[s]),
        .idle_o       (stream_idle[s])
    );
  end

  assign bindable_o = job_ready_o && fetched[B] && fetched[C] && low[A];

  // ---------------------------------------------------------------------------------------------
  // Items
  // ---------------------------------------------------------------------------------------------
  logic has_a, has_b, job_end, job_open;
  logic ending, end_ready, ledger_ready;  // the job's items are done
  logic feed_valid, feed_ready, base_valid, base_ready;
  feeder_pkg::feed_t feed;
  chip_pkg::base_item_t base;
  logic item_error;

  stream_fifo #(
      .Width(2),
      .Depth(JobDepth)
  ) i_jobs (
      .clk_i,
      .rst_ni,
      .valid_i(start),
      .ready_o(queue_ready),
      .data_i ({job_i.b.bytes != '0, job_i.a.bytes != '0}),
      .valid_o(job_open),
      .ready_i(job_end),
      .data_o ({has_b, has_a})
  );

  // That goes to the A side and to the ledger of B at once.
  assign end_ready = feed_ready && ledger_ready;
  assign job_end   = ending && end_ready;

  item_sequencer #(
      .Lines(Lines),
      .Rows (Rows)
  ) i_items (
      .clk_i,
      .rst_ni,
      .valid_i     (valid[C] && !error_o),
      .ready_o     (ready[C]),
      .data_i      (data[C]),
      .bytes_i     (bytes[C]),
      .last_i      (last[C]),
      .has_a_i     (has_a),
      .end_valid_o (ending),
      .end_ready_i (end_ready),
      .cmd_valid_o,
      .cmd_ready_i,
      .cmd_o,
      .cost_valid_o,
      .cost_ready_i,
      .cost_last_o,
      .cost_depth_o,
      .cost_channel_o,
      .cost_o,
      .feed_valid_o(feed_valid),
      .feed_ready_i(feed_ready),
      .feed_o      (feed),
      .base_valid_o(base_valid),
      .base_ready_i(base_ready),
      .base_o      (base),
      .error_o     (item_error)
  );

  // ---------------------------------------------------------------------------------------------
  // Operands
  // ---------------------------------------------------------------------------------------------
  logic a_idle, b_idle, ledger_idle, a_error, b_error, base_error, ledger_error, b_last;

  a_feeder #(
      .Lines(Lines),
      .Rows (Rows)
  ) i_a (
      .clk_i,
      .rst_ni,
      .valid_i     (valid[A]),
      .ready_o     (ready[A]),
      .data_i      (data[A]),
      .bytes_i     (bytes[A]),
      .last_i      (last[A]),
      .feed_valid_i(feed_valid || job_end),
      .feed_ready_o(feed_ready),
      .feed_i      (feed),
      .base_valid_i(base_valid),
      .base_ready_o(base_ready),
      .base_i      (base),
      .beat_valid_o(a_valid_o),
      .beat_ready_i(a_ready_i),
      .beat_first_o(a_first_o),
      .beat_line_o (a_line_o),
      .beat_words_o(a_words_o),
      .beat_mask_o (a_mask_o),
      .beat_group_o(a_group_o),
      .beat_data_o (a_data_o),
      .idle_o      (a_idle),
      .error_o     (a_error),
      .base_error_o(base_error)
  );

  // Skipped work follows from the counts of what was not skipped.
  assign a_zeros_o = '0;

  b_feeder #(
      .Pes(Pes)
  ) i_b (
      .clk_i,
      .rst_ni,
      .fmt_i      (b_fmt_i),
      .bias_i     (b_bias_i),
      .valid_i    (valid[B]),
      .ready_o    (ready[B]),
      .data_i     (data[B]),
      .bytes_i    (bytes[B]),
      .last_i     (last[B]),
      .row_valid_o(b_valid_o),
      .row_ready_i(b_ready_i),
      .row_o      (b_data_o),
      .row_last_o (b_last),
      .idle_o     (b_idle),
      .error_o    (b_error)
  );

  // Of a Tile command the ledger needs the number of B rows.
  core_pkg::tile_cmd_t tile_unused_in_part;

  assign tile_unused_in_part = core_pkg::tile_cmd_t'(cmd_o[$bits(core_pkg::tile_cmd_t)-1:0]);

  b_ledger i_ledger (
      .clk_i,
      .rst_ni,
      .tile_i     (cmd_valid_o && cmd_ready_i &&
                   cmd_o[core_pkg::CmdBits-1-:core_pkg::OpBits] == core_pkg::OpTile),
      .channels_i(tile_unused_in_part.b.channels),
      .taps_i(tile_unused_in_part.b.taps),
      .end_valid_i(ending && feed_ready),
      .end_ready_o(ledger_ready),
      .has_b_i(has_b),
      .row_i(b_valid_o && b_ready_i),
      .row_last_i(b_last),
      .idle_o(ledger_idle),
      .error_o(ledger_error)
  );

  assign idle_o = &stream_idle && !job_open && a_idle && b_idle && ledger_idle;

  // ---------------------------------------------------------------------------------------------
  // Errors
  // ---------------------------------------------------------------------------------------------
  logic part_item;  // stream C is no number of whole items, or has none
  assign part_item = start && (job_i.c.bytes[ItemShift-1:0] != '0 || job_i.c.bytes == '0);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      error_o <= 1'b0;
      cause_o <= chip_pkg::CauseNone;
    end else if (!error_o) begin
      if (a_error || b_error || ledger_error) begin
        error_o <= 1'b1;
        cause_o <= chip_pkg::CauseStreamLength;
      end else if (item_error || part_item || base_error) begin
        error_o <= 1'b1;
        cause_o <= chip_pkg::CauseItem;
      end
    end
  end

endmodule
