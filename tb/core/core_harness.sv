// Feeds a sparse core from arrays in memory and stores its results, one launch after the other.
//
// All per-cycle work is here and in replay_dpi.cpp; whoever starts it sets arrays, raises start_i and
// waits for done_o. A launch resets the core (unless told to go on from the one before, as a chip would),
// streams everything and ends with the last result, or at the cycle limit.
module core_harness #(
    parameter int unsigned Lines = 2,
    parameter int unsigned Pes = 2,
    parameter int unsigned Rows = 8,
    parameter int unsigned RowQueue = 2,
    parameter int unsigned RunQueue = 8,
    parameter int unsigned PsumRows = 16,
    parameter bit IdleNoise = 1'b1  // else a stream that offers nothing holds its last word
) (
    input  logic clk_i,
    input  logic powering_i,  // high and low before the first clock edge: a reset is an edge
    input  logic start_i,
    output logic done_o
);

  localparam int unsigned Columns = Pes * core_pkg::PeColumns;
  localparam int unsigned ColumnBits = $clog2(Columns + 1);
  localparam int unsigned LineBits = $clog2(Lines);
  localparam int unsigned GroupBits = $clog2(Lines * Rows);
  localparam int unsigned BeatWords = Rows / core_pkg::WordLen;
  localparam int unsigned WordsBits = $clog2(BeatWords + 1);
  localparam int unsigned ZerosWidth = BeatWords * core_pkg::ZerosBits;
  localparam int unsigned DepthBits = $clog2(Rows + 1);
  localparam int unsigned ResultColumns = Columns / 2;

  // Layouts that golden/streams.py and golden/program.py write.
  localparam int unsigned BeatBits = 11 * 32;
  localparam int unsigned MaskAt = 32, GroupAt = 96, ZerosAt = 160, DataAt = 224;
  localparam int unsigned CostBits = 4 * 32;
  localparam int unsigned NumCounters = $bits(counter_pkg::counters_t) / counter_pkg::CounterBits;

  // Each returns whether a word was given: none left, not yet allowed, or a random stall.
  import "DPI-C" function bit replay_begin(
    output bit resets,
    output bit fmt,
    output int unsigned bias,
    output int unsigned columns,
    output bit balance,
    output bit stalls,
    output longint unsigned limit
  );
  import "DPI-C" function bit replay_command(output bit [core_pkg::CmdBits-1:0] word);
  import "DPI-C" function bit replay_a(output bit [BeatBits-1:0] beat);
  import "DPI-C" function bit replay_b(output bit [Columns*core_pkg::ElemBits-1:0] row);
  import "DPI-C" function bit replay_cost(output bit [CostBits-1:0] word);
  import "DPI-C" function bit replay_ready();
  import "DPI-C" function void replay_line(
    input int unsigned channel,
    input int unsigned line
  );
  // Returns whether this was the last result of the launch.
  import "DPI-C" function bit replay_result(
    input int unsigned block,
    input int unsigned row,
    input bit upper,
    input bit [ResultColumns*core_pkg::SumBits-1:0] data
  );
  import "DPI-C" function void replay_counter(
    input int unsigned index,
    input longint unsigned value
  );
  import "DPI-C" function void replay_end(
    input longint unsigned cycles,
    input bit timed_out
  );

  typedef enum logic [1:0] {
    Idle,
    Reset,
    Run,
    Done
  } state_e;

  state_e state_q;
  logic [63:0] cycle_q, limit_q;
  logic fmt_q, balance_q, stalls_q, rst_nq, rst_n;
  logic [5:0] bias_q;
  logic [ColumnBits-1:0] columns_q;

  logic cmd_valid_q, cmd_ready, a_valid_q, a_ready, b_valid_q, b_ready, cost_valid_q, cost_ready;
  logic [core_pkg::CmdBits-1:0] cmd_q;
  logic [BeatBits-1:0] beat_q;
  logic [Columns*core_pkg::ElemBits-1:0] b_q;
  logic [CostBits-1:0] cost_q;
  logic line_valid;
  logic [GroupBits-1:0] line_channel;
  logic [LineBits-1:0] line;
  logic result_valid, result_ready_q, result_upper;
  logic [core_pkg::BlockBits-1:0] result_block;
  logic [core_pkg::RowsBits-1:0] result_row;
  logic [ResultColumns-1:0][core_pkg::SumBits-1:0] result;
  counter_pkg::counters_t counters;
  logic unused_busy, unused_open, unused_left;

  assign done_o = state_q == Done;
  assign rst_n  = rst_nq || powering_i;

  initial begin
    state_q = Idle;
    rst_nq  = 1'b0;
  end

  always_ff @(posedge clk_i) begin
    automatic bit resets = 1'b0;
    automatic bit fmt = 1'b0;
    automatic bit balance = 1'b0;
    automatic bit stalls = 1'b0;
    automatic int unsigned bias = 0;
    automatic int unsigned columns = 0;
    automatic longint unsigned limit = 0;
    unique case (state_q)
      Idle: begin
        if (start_i) begin
          void'(replay_begin(resets, fmt, bias, columns, balance, stalls, limit));
          if (resets) rst_nq <= 1'b0;
          fmt_q     <= fmt;
          bias_q    <= bias[5:0];
          columns_q <= ColumnBits'(columns);
          balance_q <= balance;
          stalls_q  <= stalls;
          limit_q   <= limit;
          cycle_q   <= '0;
          state_q   <= Reset;
        end
      end
      Reset: begin
        rst_nq  <= 1'b1;
        state_q <= Run;
      end
      Run: begin
        cycle_q <= cycle_q + 1'b1;
        if (result_valid && result_ready_q) begin
          if (replay_result(32'(result_block), 32'(result_row), result_upper, result)) begin
            finish(1'b0);
          end else if (cycle_q >= limit_q) begin
            finish(1'b1);
          end
        end else if (cycle_q >= limit_q) begin
          finish(1'b1);
        end
      end
      Done: if (!start_i) state_q <= Idle;
      default: state_q <= Idle;
    endcase
  end

  // The counters have seen every event of the launch one cycle before the last result leaves.
  task automatic finish(input bit timed_out);
    for (int unsigned i = 0; i < NumCounters; i++) begin
      replay_counter(
          i, 64'(counters[(NumCounters-1-i)*counter_pkg::CounterBits+:counter_pkg::CounterBits]));
    end
    replay_end(cycle_q + 64'd1, timed_out);
    if (timed_out) rst_nq <= 1'b0;  // its streams are withdrawn
    state_q <= Done;
  endtask

  // ---------------------------------------------------------------------------------------------
  // Streams: a word stands until it is taken
  // ---------------------------------------------------------------------------------------------
  // A stream that offers nothing shows anything: noise, unless energy is measured.
  logic [31:0] mixed, noise;
  assign mixed = cycle_q[31:0] * 32'h9E3779B9;
  assign noise = mixed ^ {mixed[15:0], mixed[31:16]};

  always_ff @(posedge clk_i) begin
    automatic bit [core_pkg::CmdBits-1:0] word = '0;
    automatic bit [BeatBits-1:0] beat = '0;
    automatic bit [Columns*core_pkg::ElemBits-1:0] row = '0;
    automatic bit [CostBits-1:0] cost = '0;
    if (state_q != Run && state_q != Reset) begin
      cmd_valid_q    <= 1'b0;
      a_valid_q      <= 1'b0;
      b_valid_q      <= 1'b0;
      cost_valid_q   <= 1'b0;
      result_ready_q <= 1'b0;
    end else begin
      if (!cost_valid_q || cost_ready) begin
        cost_valid_q <= 1'b0;
        if (IdleNoise) cost_q <= {CostBits / 32{noise}};
        if (replay_cost(cost)) begin
          cost_valid_q <= 1'b1;
          cost_q <= cost;
        end
      end
      if (line_valid) replay_line(32'(line_channel), 32'(line));
      if (!cmd_valid_q || cmd_ready) begin
        cmd_valid_q <= 1'b0;
        if (IdleNoise) cmd_q <= {core_pkg::CmdBits / 32{noise}};
        if (replay_command(word)) begin
          cmd_valid_q <= 1'b1;
          cmd_q <= word;
        end
      end
      if (!a_valid_q || a_ready) begin
        a_valid_q <= 1'b0;
        if (IdleNoise) beat_q <= {BeatBits / 32{noise}};
        if (replay_a(beat)) begin
          a_valid_q <= 1'b1;
          beat_q <= beat;
        end
      end
      if (!b_valid_q || b_ready) begin
        b_valid_q <= 1'b0;
        if (IdleNoise) b_q <= {Columns * core_pkg::ElemBits / 32{noise}};
        if (replay_b(row)) begin
          b_valid_q <= 1'b1;
          b_q <= row;
        end
      end
      result_ready_q <= !stalls_q || replay_ready();
    end
  end

  sparse_core #(
      .Lines   (Lines),
      .Pes     (Pes),
      .Rows    (Rows),
      .RowQueue(RowQueue),
      .RunQueue(RunQueue),
      .PsumRows(PsumRows)
  ) i_core (
      .clk_i,
      .rst_ni          (rst_n),
      .a_fmt_i         (fmt_q),
      .a_bias_i        (bias_q),
      .columns_i       (columns_q),
      .balance_i       (balance_q),
      .clear_counters_i(state_q == Reset),
      .cmd_valid_i     (cmd_valid_q),
      .cmd_ready_o     (cmd_ready),
      .cmd_i           (cmd_q),
      .a_valid_i       (a_valid_q),
      .a_ready_o       (a_ready),
      .a_first_i       (beat_q[0]),
      .a_line_i        (beat_q[8+:LineBits]),
      .a_words_i       (beat_q[16+:WordsBits]),
      .a_mask_i        (beat_q[MaskAt+:Rows]),
      .a_group_i       (beat_q[GroupAt+:Rows]),
      .a_zeros_i       (beat_q[ZerosAt+:ZerosWidth]),
      .a_data_i        (beat_q[DataAt+:core_pkg::ABeatBits]),
      .b_valid_i       (b_valid_q),
      .b_ready_o       (b_ready),
      .b_data_i        (b_q),
      .cost_valid_i    (cost_valid_q),
      .cost_ready_o    (cost_ready),
      .cost_last_i     (cost_q[64]),
      .cost_depth_i    (cost_q[96+:DepthBits]),
      .cost_channel_i  (cost_q[GroupBits-1:0]),
      .cost_i          (cost_q[32+:32]),
      .line_valid_o    (line_valid),
      .line_channel_o  (line_channel),
      .line_o          (line),
      .result_valid_o  (result_valid),
      .result_ready_i  (result_ready_q),
      .result_block_o  (result_block),
      .result_row_o    (result_row),
      .result_upper_o  (result_upper),
      .result_o        (result),
      .busy_o          (unused_busy),
      .open_o          (unused_open),
      .left_o          (unused_left),
      .counters_o      (counters)
  );

endmodule
