// The chip: sparse cores with their feeders, the central core, registers, one AXI4 master.
//
// Cores run on clk_i. With GatedCores each has a gated clock: core_enable_i says whether the coming edge of
// clk_i is one of the core's, too.
module lnpu_chip #(
    parameter int unsigned Cores = 1,
    parameter int unsigned Lines = 2,
    parameter int unsigned Pes = 2,
    parameter int unsigned Rows = 8,
    parameter int unsigned RowQueue = 2,
    parameter int unsigned RunQueue = 8,
    parameter int unsigned PsumRows = 16,
    parameter bit GatedCores = 1'b0,
    localparam int unsigned AxilAddrBits = chip_regs_pkg::CHIP_REGS_MIN_ADDR_WIDTH
) (
    input  logic                             clk_i,
    input  logic                             rst_ni,
    input  logic [                Cores-1:0] core_enable_i,
    output logic                             irq_o,
    // Registers: AXI4-Lite
    input  logic                             s_axil_awvalid_i,
    output logic                             s_axil_awready_o,
    input  logic [         AxilAddrBits-1:0] s_axil_awaddr_i,
    input  logic [                      2:0] s_axil_awprot_i,
    input  logic                             s_axil_wvalid_i,
    output logic                             s_axil_wready_o,
    input  logic [                     31:0] s_axil_wdata_i,
    input  logic [                      3:0] s_axil_wstrb_i,
    output logic                             s_axil_bvalid_o,
    input  logic                             s_axil_bready_i,
    output logic [                      1:0] s_axil_bresp_o,
    input  logic                             s_axil_arvalid_i,
    output logic                             s_axil_arready_o,
    input  logic [         AxilAddrBits-1:0] s_axil_araddr_i,
    input  logic [                      2:0] s_axil_arprot_i,
    output logic                             s_axil_rvalid_o,
    input  logic                             s_axil_rready_i,
    output logic [                     31:0] s_axil_rdata_o,
    output logic [                      1:0] s_axil_rresp_o,
    // Memory: AXI4
    output logic                             m_axi_arvalid_o,
    input  logic                             m_axi_arready_i,
    output logic [    chip_pkg::TagBits-1:0] m_axi_arid_o,
    output logic [chip_pkg::AxiAddrBits-1:0] m_axi_araddr_o,
    output logic [                      7:0] m_axi_arlen_o,
    output logic [                      2:0] m_axi_arsize_o,
    output logic [                      1:0] m_axi_arburst_o,
    input  logic                             m_axi_rvalid_i,
    output logic                             m_axi_rready_o,
    input  logic [    chip_pkg::TagBits-1:0] m_axi_rid_i,
    input  logic [   chip_pkg::LineBits-1:0] m_axi_rdata_i,
    input  logic [                      1:0] m_axi_rresp_i,
    input  logic                             m_axi_rlast_i,
    output logic                             m_axi_awvalid_o,
    input  logic                             m_axi_awready_i,
    output logic [    chip_pkg::TagBits-1:0] m_axi_awid_o,
    output logic [chip_pkg::AxiAddrBits-1:0] m_axi_awaddr_o,
    output logic [                      7:0] m_axi_awlen_o,
    output logic [                      2:0] m_axi_awsize_o,
    output logic [                      1:0] m_axi_awburst_o,
    output logic                             m_axi_wvalid_o,
    input  logic                             m_axi_wready_i,
    output logic [   chip_pkg::LineBits-1:0] m_axi_wdata_o,
    output logic [  chip_pkg::LineBytes-1:0] m_axi_wstrb_o,
    output logic                             m_axi_wlast_o,
    input  logic                             m_axi_bvalid_i,
    output logic                             m_axi_bready_o,
    input  logic [    chip_pkg::TagBits-1:0] m_axi_bid_i,
    input  logic [                      1:0] m_axi_bresp_i
);

  localparam int unsigned Columns = Pes * core_pkg::PeColumns;
  localparam int unsigned ResultColumns = Columns / 2;
  localparam int unsigned LineIndexBits = $clog2(Lines);
  localparam int unsigned BeatWords = Rows / core_pkg::WordLen;
  localparam int unsigned WordsBits = $clog2(BeatWords + 1);
  localparam int unsigned ZerosWidth = BeatWords * core_pkg::ZerosBits;
  localparam int unsigned DepthBits = $clog2(Rows + 1);
  localparam int unsigned GroupBits = $clog2(Lines * Rows);
  localparam int unsigned ColumnBits = $clog2(Columns + 1);
  localparam int unsigned DoneBits = Cores > 1 ? 2 : 1;  // jobs that end at once: two paths
  localparam int unsigned FeedStreams = 3;  // A, B, C: what a feeder fetches

  // Who asked for a line that is read; it comes back with each beat.
  localparam int unsigned JobsAhead = 16;
  localparam int unsigned SlotBits = $clog2(JobsAhead);
  typedef enum logic [1:0] {
    OwnerStream,
    OwnerJobs,
    OwnerControl
  } owner_kind_e;
  typedef struct packed {
    owner_kind_e         kind;
    logic [SlotBits-1:0] slot;
    chip_pkg::stream_e   stream;
    logic [Cores-1:0]    members;
  } owner_t;
  owner_t fill_owner;

  // ---------------------------------------------------------------------------------------------
  // Registers and control
  // ---------------------------------------------------------------------------------------------
  logic start, abort, busy, done, failed, begins, run, clear, work_busy, axi_busy, moved;
  logic fault, threshold_start, threshold_done;
  logic signed [5:0] exponent;
  logic [5:0] next_bias;
  chip_pkg::line_t descriptor, error_descriptor;
  logic [15:0] patience;
  logic [31:0] watchdog;
  logic [7:0] counter_core, counter_index;
  logic [63:0] counter;
  chip_pkg::cause_e cause, fault_cause;
  logic [chip_pkg::JobBits-1:0] error_job, fault_job, descriptors;
  logic [DoneBits-1:0] jobs_done;
  chip_pkg::layer_t layer;
  chip_pkg::histogram_t histogram;

  registers #(
      .Cores(Cores),
      .Lines(Lines),
      .Pes  (Pes),
      .Rows (Rows)
  ) i_registers (
      .clk_i,
      .rst_ni,
      .s_axil_awvalid_i,
      .s_axil_awready_o,
      .s_axil_awaddr_i,
      .s_axil_awprot_i,
      .s_axil_wvalid_i,
      .s_axil_wready_o,
      .s_axil_wdata_i,
      .s_axil_wstrb_i,
      .s_axil_bvalid_o,
      .s_axil_bready_i,
      .s_axil_bresp_o,
      .s_axil_arvalid_i,
      .s_axil_arready_o,
      .s_axil_araddr_i,
      .s_axil_arprot_i,
      .s_axil_rvalid_o,
      .s_axil_rready_i,
      .s_axil_rdata_o,
      .s_axil_rresp_o,
      .start_o           (start),
      .abort_o           (abort),
      .descriptor_o      (descriptor),
      .patience_o        (patience),
      .watchdog_o        (watchdog),
      .counter_core_o    (counter_core),
      .counter_index_o   (counter_index),
      .busy_i            (busy),
      .done_i            (done),
      .error_i           (failed),
      .cause_i           (cause),
      .error_job_i       (error_job),
      .error_descriptor_i(error_descriptor),
      .descriptors_i     (descriptors),
      .counter_i         (counter),
      .irq_o
  );

  logic control_read_valid, control_read_ready, control_read_slot, control_fill;
  chip_pkg::line_t control_read_line;
  logic control_write_valid, control_write_ready;
  chip_pkg::write_t control_write;
  logic fill_valid;
  chip_pkg::fill_t fill;

  control #(
      .Columns (Columns),
      .DoneBits(DoneBits)
  ) i_control (
      .clk_i,
      .rst_ni,
      .start_i           (start),
      .abort_i           (abort),
      .descriptor_i      (descriptor),
      .watchdog_i        (watchdog),
      .busy_o            (busy),
      .done_o            (done),
      .error_o           (failed),
      .cause_o           (cause),
      .error_job_o       (error_job),
      .error_descriptor_o(error_descriptor),
      .descriptors_o     (descriptors),
      .read_valid_o      (control_read_valid),
      .read_ready_i      (control_read_ready),
      .read_line_o       (control_read_line),
      .read_slot_o       (control_read_slot),
      .fill_valid_i      (control_fill),
      .fill_slot_i       (fill_owner.slot[0]),
      .fill_data_i       (fill.data),
      .write_valid_o     (control_write_valid),
      .write_ready_i     (control_write_ready),
      .write_o           (control_write),
      .layer_o           (layer),
      .begin_o           (begins),
      .run_o             (run),
      .clear_o           (clear),
      .jobs_done_i       (jobs_done),
      .work_busy_i       (work_busy),
      .axi_busy_i        (axi_busy),
      .moved_i           (moved),
      .fault_i           (fault),
      .fault_cause_i     (fault_cause),
      .fault_job_i       (fault_job),
      .histogram_i       (histogram),
      .threshold_start_o (threshold_start),
      .threshold_done_i  (threshold_done),
      .exponent_i        (exponent),
      .bias_i            (next_bias)
  );

  // What holds work is reset together at each start and after an error. The reset is released by the clock.
  logic work_rst_n;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) work_rst_n <= 1'b0;
    else work_rst_n <= !clear;
  end

  threshold_policy i_threshold (
      .clk_i,
      .rst_ni       (work_rst_n),
      .start_i      (threshold_start),
      .bins_i       (histogram.bin),
      .numerator_i  (layer.numerator),
      .denominator_i(layer.denominator),
      .fmt_i        (layer.post.fmt),
      .done_o       (threshold_done),
      .exponent_o   (exponent),
      .bias_o       (next_bias)
  );

  // ---------------------------------------------------------------------------------------------
  // Jobs
  // ---------------------------------------------------------------------------------------------

  logic job_read_valid, job_read_ready, job_fill, job_valid, job_ready, jobs_more, job_error;
  chip_pkg::line_t job_read_line;
  logic [SlotBits-1:0] job_read_slot;
  chip_pkg::feed_job_t feed_job;
  chip_pkg::result_job_t result_job;
  chip_pkg::cause_e job_cause;
  logic [chip_pkg::JobBits-1:0] job_index;
  logic [chip_pkg::WaveBits-1:0] wave;
  logic [Cores-1:0] bindable, feeder_idle, feed_ready, result_job_ready, give, attached, detach;
  logic [Cores-1:0] share_detach, share_blamed, wave_blamed, late_detach, asleep;
  logic dealing;

  job_fetch #(
      .Ahead   (JobsAhead),
      .PsumRows(PsumRows)
  ) i_job_fetch (
      .clk_i,
      .rst_ni      (work_rst_n),
      .start_i     (begins),
      .table_i     (layer.table_line),
      .jobs_i      (layer.jobs),
      .windows_i   (layer.windows),
      .out_window_i(layer.out_window),
      .wave_i      (wave),
      .read_valid_o(job_read_valid),
      .read_ready_i(job_read_ready),
      .read_line_o (job_read_line),
      .read_slot_o (job_read_slot),
      .fill_valid_i(job_fill),
      .fill_slot_i (fill_owner.slot),
      .fill_data_i (fill.data),
      .valid_o     (job_valid),
      .ready_i     (job_ready),
      .feed_o      (feed_job),
      .result_o    (result_job),
      .more_o      (jobs_more),
      .error_o     (job_error),
      .cause_o     (job_cause),
      .index_o     (job_index)
  );

  dispatcher #(
      .Cores(Cores)
  ) i_dispatcher (
      .clk_i,
      .rst_ni     (work_rst_n),
      .start_i    (begins),
      .patience_i (patience),
      .job_valid_i(job_valid && run),
      .job_ready_o(job_ready),
      .more_i     (jobs_more),
      .bindable_i (bindable),
      .idle_i     (feeder_idle),
      .can_take_i (feed_ready & result_job_ready),
      .give_o     (give),
      .wave_o     (wave),
      .attached_o (attached),
      .dealing_o  (dealing),
      .detach_i   (detach),
      .blamed_o   (wave_blamed)
  );

  lateness #(
      .Cores(Cores)
  ) i_lateness (
      .clk_i,
      .rst_ni(work_rst_n),
      .start_i(begins),
      .patience_i(patience),
      .blamed_i(share_blamed | wave_blamed),
      .asleep_i(asleep),
      .detach_o(late_detach)
  );

  assign detach = share_detach | late_detach;

  // ---------------------------------------------------------------------------------------------
  // Reads: the streams of the cores, then control and job table, which ask seldom
  // ---------------------------------------------------------------------------------------------
  chip_pkg::fetch_state_t [chip_pkg::Streams-1:0][Cores-1:0] fetch;
  logic [chip_pkg::Streams-1:0][Cores-1:0] grant;
  logic share_valid, share_ready, share_held;
  chip_pkg::line_t share_line;
  logic [chip_pkg::ChunkBits-1:0] share_beats;
  chip_pkg::stream_e share_stream;
  logic [Cores-1:0] share_members;

  stream_share #(
      .Cores(Cores)
  ) i_share (
      .clk_i,
      .rst_ni    (work_rst_n),
      .enable_i  (run),
      .patience_i(patience),
      .attached_i(attached),
      .dealing_i (dealing),
      .detach_o  (share_detach),
      .blamed_o  (share_blamed),
      .fetch_i   (fetch),
      .grant_o   (grant),
      .valid_o   (share_valid),
      .ready_i   (share_ready),
      .line_o    (share_line),
      .beats_o   (share_beats),
      .stream_o  (share_stream),
      .members_o (share_members),
      .held_o    (share_held)
  );

  logic read_valid, read_ready, read_busy, read_error;
  chip_pkg::line_t read_line;
  logic [chip_pkg::ChunkBits-1:0] read_beats;
  chip_pkg::tag_t tag;
  owner_t read_owner;

  always_comb begin
    control_read_ready = 1'b0;
    job_read_ready = 1'b0;
    share_ready = 1'b0;
    read_beats = chip_pkg::ChunkBits'(1);
    read_owner = '{kind: OwnerStream, stream: share_stream, members: share_members, default: '0};
    if (control_read_valid) begin
      read_valid         = 1'b1;
      read_line          = control_read_line;
      read_owner.kind    = OwnerControl;
      read_owner.slot    = SlotBits'(control_read_slot);
      control_read_ready = read_ready;
    end else if (job_read_valid && run) begin
      read_valid      = 1'b1;
      read_line       = job_read_line;
      read_owner.kind = OwnerJobs;
      read_owner.slot = job_read_slot;
      job_read_ready  = read_ready;
    end else begin
      read_valid  = share_valid;
      read_line   = share_line;
      read_beats  = share_beats;
      share_ready = read_ready;
    end
  end

  axi_reader #(
      .OwnerBits($bits(owner_t))
  ) i_reader (
      .clk_i,
      .rst_ni,
      .valid_i     (read_valid),
      .ready_o     (read_ready),
      .line_i      (read_line),
      .beats_i     (read_beats),
      .owner_i     (read_owner),
      .tag_o       (tag),
      .fill_valid_o(fill_valid),
      .fill_o      (fill),
      .fill_owner_o(fill_owner),
      .busy_o      (read_busy),
      .error_o     (read_error),
      .m_axi_arvalid_o,
      .m_axi_arready_i,
      .m_axi_arid_o,
      .m_axi_araddr_o,
      .m_axi_arlen_o,
      .m_axi_arsize_o,
      .m_axi_arburst_o,
      .m_axi_rvalid_i,
      .m_axi_rready_o,
      .m_axi_rid_i,
      .m_axi_rdata_i,
      .m_axi_rresp_i,
      .m_axi_rlast_i
  );

  logic [chip_pkg::Streams-1:0][Cores-1:0] stream_fill;
  always_comb begin
    stream_fill = '0;
    if (fill_valid && fill_owner.kind == OwnerStream)
      stream_fill[fill_owner.stream] = fill_owner.members;
  end
  assign control_fill = fill_valid && fill_owner.kind == OwnerControl;
  assign job_fill = fill_valid && fill_owner.kind == OwnerJobs;

  // ---------------------------------------------------------------------------------------------
  // Cores
  // ---------------------------------------------------------------------------------------------
  logic [Cores-1:0]
      core_busy, core_open, core_left, feeder_error, result_valid, result_ready, result_upper;
  chip_pkg::cause_e [Cores-1:0] feeder_cause;
  logic [Cores-1:0][core_pkg::RowsBits-1:0] result_row;
  logic [Cores-1:0][ResultColumns-1:0][core_pkg::SumBits-1:0] result;
  counter_pkg::counters_t [Cores-1:0] counters;

  for (genvar c = 0; c < Cores; c++) begin : gen_cores
    logic cmd_valid, cmd_ready, a_valid, a_ready, a_first, b_valid, b_ready;
    logic cost_valid, cost_ready, cost_last;
    logic [core_pkg::CmdBits-1:0] cmd;
    logic [LineIndexBits-1:0] a_line;
    logic [WordsBits-1:0] a_words;
    logic [Rows-1:0] a_mask, a_group;
    logic [ZerosWidth-1:0] a_zeros;
    logic [core_pkg::ABeatBits-1:0] a_data;
    logic [Columns*core_pkg::ElemBits-1:0] b_data;
    logic [DepthBits-1:0] cost_depth;
    logic [GroupBits-1:0] cost_channel;
    logic [chip_pkg::CostBits-1:0] cost;
    logic core_clk, core_enable;
    logic core_cmd_ready, core_a_ready, core_b_ready, core_cost_ready, core_result_valid;
    logic unused_line_valid;
    logic [GroupBits-1:0] unused_line_channel;
    logic [LineIndexBits-1:0] unused_line;
    logic [core_pkg::BlockBits-1:0] unused_block;
    chip_pkg::fetch_state_t [FeedStreams-1:0] feed_fetch;

    if (GatedCores) begin : gen_gated
      core_clock i_clock (
          .clk_i,
          .enable_i(core_enable_i[c]),
          .clk_o   (core_clk)
      );
      assign core_enable = core_enable_i[c];
      assign asleep[c]   = !core_enable_i[c];
    end else begin : gen_free
      logic unused_enable;
      assign core_clk      = clk_i;
      assign core_enable   = 1'b1;
      assign asleep[c]     = 1'b0;
      assign unused_enable = core_enable_i[c];
    end

    for (genvar s = 0; s < FeedStreams; s++) begin : gen_fetch
      assign fetch[s][c] = feed_fetch[s];
    end

    feeder #(
        .Lines(Lines),
        .Pes  (Pes),
        .Rows (Rows)
    ) i_feeder (
        .clk_i,
        .rst_ni        (work_rst_n),
        .b_fmt_i       (layer.b_fmt),
        .b_bias_i      (layer.b_bias),
        .job_valid_i   (give[c] && !result_job.zero),
        .job_ready_o   (feed_ready[c]),
        .job_i         (feed_job),
        .bindable_o    (bindable[c]),
        .idle_o        (feeder_idle[c]),
        .fetch_o       (feed_fetch),
        .grant_i       ({grant[2][c], grant[1][c], grant[0][c]}),
        .grant_tag_i   (tag),
        .fill_valid_i  ({stream_fill[2][c], stream_fill[1][c], stream_fill[0][c]}),
        .fill_i        (fill),
        .cmd_valid_o   (cmd_valid),
        .cmd_ready_i   (cmd_ready),
        .cmd_o         (cmd),
        .a_valid_o     (a_valid),
        .a_ready_i     (a_ready),
        .a_first_o     (a_first),
        .a_line_o      (a_line),
        .a_words_o     (a_words),
        .a_mask_o      (a_mask),
        .a_group_o     (a_group),
        .a_zeros_o     (a_zeros),
        .a_data_o      (a_data),
        .b_valid_o     (b_valid),
        .b_ready_i     (b_ready),
        .b_data_o      (b_data),
        .cost_valid_o  (cost_valid),
        .cost_ready_i  (cost_ready),
        .cost_last_o   (cost_last),
        .cost_depth_o  (cost_depth),
        .cost_channel_o(cost_channel),
        .cost_o        (cost),
        .error_o       (feeder_error[c]),
        .cause_o       (feeder_cause[c])
    );

    // A core whose clock stands still takes and gives nothing.
    assign cmd_ready       = core_cmd_ready && core_enable;
    assign a_ready         = core_a_ready && core_enable;
    assign b_ready         = core_b_ready && core_enable;
    assign cost_ready      = core_cost_ready && core_enable;
    assign result_valid[c] = core_result_valid && core_enable;

    sparse_core #(
        .Lines   (Lines),
        .Pes     (Pes),
        .Rows    (Rows),
        .RowQueue(RowQueue),
        .RunQueue(RunQueue),
        .PsumRows(PsumRows)
    ) i_core (
        .clk_i(core_clk),
        .rst_ni(work_rst_n),
        .a_fmt_i(layer.a_fmt),
        .a_bias_i(layer.a_bias),
        .columns_i(ColumnBits'(layer.post.columns)),
        .balance_i(layer.balance),
        // A run begins with a reset, which reaches a core that sleeps, too.
        .clear_counters_i(1'b0),
        .cmd_valid_i(cmd_valid),
        .cmd_ready_o(core_cmd_ready),
        .cmd_i(cmd),
        .a_valid_i(a_valid),
        .a_ready_o(core_a_ready),
        .a_first_i(a_first),
        .a_line_i(a_line),
        .a_words_i(a_words),
        .a_mask_i(a_mask),
        .a_group_i(a_group),
        .a_zeros_i(a_zeros),
        .a_data_i(a_data),
        .b_valid_i(b_valid),
        .b_ready_o(core_b_ready),
        .b_data_i(b_data),
        .cost_valid_i(cost_valid),
        .cost_ready_o(core_cost_ready),
        .cost_last_i(cost_last),
        .cost_depth_i(cost_depth),
        .cost_channel_i(cost_channel),
        .cost_i(cost),
        .line_valid_o(unused_line_valid),
        .line_channel_o(unused_line_channel),
        .line_o(unused_line),
        .result_valid_o(core_result_valid),
        .result_ready_i(result_ready[c] && core_enable),
        .result_block_o(unused_block),
        .result_row_o(result_row[c]),
        .result_upper_o(result_upper[c]),
        .result_o(result[c]),
        .busy_o(core_busy[c]),
        .open_o(core_open[c]),
        .left_o(core_left[c]),
        .counters_o(counters[c])
    );
  end

  // ---------------------------------------------------------------------------------------------
  // Results and writes
  // ---------------------------------------------------------------------------------------------
  logic result_write_valid, result_write_ready, result_busy, result_error;
  chip_pkg::write_t result_write;
  chip_pkg::cause_e result_cause;
  logic [chip_pkg::JobBits-1:0] result_error_job;

  result_paths #(
      .Cores(Cores),
      .Pes  (Pes)
  ) i_results (
      .clk_i,
      .rst_ni        (work_rst_n),
      .config_i      (layer.post),
      .clear_i       (begins),
      .records_i     (layer.records),
      .job_valid_i   (give),
      .job_ready_o   (result_job_ready),
      .job_i         (result_job),
      .result_valid_i(result_valid),
      .result_ready_o(result_ready),
      .result_row_i  (result_row),
      .result_upper_i(result_upper),
      .result_i      (result),
      .fetch_o       (fetch[chip_pkg::StreamD]),
      .grant_i       (grant[chip_pkg::StreamD]),
      .grant_tag_i   (tag),
      .fill_valid_i  (stream_fill[chip_pkg::StreamD]),
      .fill_i        (fill),
      .write_valid_o (result_write_valid),
      .write_ready_i (result_write_ready),
      .write_o       (result_write),
      .done_o        (jobs_done),
      .busy_o        (result_busy),
      .histogram_o   (histogram),
      .error_o       (result_error),
      .cause_o       (result_cause),
      .error_job_o   (result_error_job)
  );

  logic write_ready, write_busy, write_error;

  axi_writer i_writer (
      .clk_i,
      .rst_ni,
      .valid_i(run && (control_write_valid || result_write_valid)),
      .ready_o(write_ready),
      .write_i(control_write_valid ? control_write : result_write),
      .busy_o (write_busy),
      .error_o(write_error),
      .m_axi_awvalid_o,
      .m_axi_awready_i,
      .m_axi_awid_o,
      .m_axi_awaddr_o,
      .m_axi_awlen_o,
      .m_axi_awsize_o,
      .m_axi_awburst_o,
      .m_axi_wvalid_o,
      .m_axi_wready_i,
      .m_axi_wdata_o,
      .m_axi_wstrb_o,
      .m_axi_wlast_o,
      .m_axi_bvalid_i,
      .m_axi_bready_o,
      .m_axi_bresp_i
  );
  assign control_write_ready = run && write_ready;
  assign result_write_ready  = run && write_ready && !control_write_valid;

  logic unused_bid;
  assign unused_bid = ^m_axi_bid_i;

  assign work_busy  = core_busy != '0 || core_open != '0 || feeder_idle != '1 || result_busy;
  assign axi_busy   = read_busy || write_busy;
  assign moved      = fill_valid || (m_axi_wvalid_o && m_axi_wready_i);

  // The job that each core was given last.
  logic [Cores-1:0][chip_pkg::JobBits-1:0] feeding_q;
  always_ff @(posedge clk_i) begin
    for (int unsigned c = 0; c < Cores; c++) if (give[c]) feeding_q[c] <= result_job.index;
  end

  // The first fault of a cycle in this order. Of a feeder only the job is known that it was given last.
  always_comb begin
    fault       = 1'b1;
    fault_cause = chip_pkg::CauseNone;
    fault_job   = '0;
    if (read_error) fault_cause = chip_pkg::CauseReadResponse;
    else if (write_error) fault_cause = chip_pkg::CauseWriteResponse;
    else if (job_error) begin
      fault_cause = job_cause;
      fault_job   = job_index;
    end else if (result_error) begin
      fault_cause = result_cause;
      fault_job   = result_error_job;
    end else if (feeder_error != '0) begin
      for (int unsigned c = 0; c < Cores; c++) begin
        if (feeder_error[c]) begin
          fault_cause = feeder_cause[c];
          fault_job   = feeding_q[c];
        end
      end
    end else if (threshold_start && core_left != '0) begin
      // All jobs are done: items that contradict one another have left words of A behind.
      for (int unsigned c = 0; c < Cores; c++) begin
        if (core_left[c]) begin
          fault_cause = chip_pkg::CauseItem;
          fault_job   = feeding_q[c];
        end
      end
    end else fault = 1'b0;
  end

  chip_counters #(
      .Cores   (Cores),
      .DoneBits(DoneBits)
  ) i_counters (
      .clk_i,
      .rst_ni,
      .clear_i       (start),
      .busy_i        (busy),
      .fill_valid_i  (fill_valid),
      .fill_stream_i (fill_owner.stream),
      .fill_other_i  (fill_owner.kind != OwnerStream),
      .read_burst_i  (m_axi_arvalid_o && m_axi_arready_i),
      .write_i       (m_axi_wvalid_o && m_axi_wready_i),
      .write_strobe_i(m_axi_wstrb_o),
      .jobs_done_i   (jobs_done),
      .held_i        (share_held),
      .attached_i    (attached),
      .begin_i       (begins),
      .cores_i       (counters),
      .core_i        (counter_core),
      .index_i       (counter_index),
      .counter_o     (counter)
  );

endmodule
