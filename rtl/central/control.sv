// Walks the chain of descriptors: fetch, check, run the jobs, write the completion record, go on.
//
// An error stops everything: no further request leaves, what is under way is waited for, cores and
// feeders are reset, and the cause is reported. A start resets them, too, so that no run depends on the one
// before it.
module control #(
    parameter int unsigned Columns = 4,
    parameter int unsigned DoneBits = 1,
    localparam int unsigned WatchdogBits = 32
) (
    input logic clk_i,
    input logic rst_ni,
    // Registers
    input logic start_i,
    input logic abort_i,
    input chip_pkg::line_t descriptor_i,
    input logic [WatchdogBits-1:0] watchdog_i,  // cycles without a beat; 0: off
    output logic busy_o,
    output logic done_o,
    output logic error_o,
    output chip_pkg::cause_e cause_o,
    output logic [chip_pkg::JobBits-1:0] error_job_o,
    output chip_pkg::line_t error_descriptor_o,
    output logic [chip_pkg::JobBits-1:0] descriptors_o,  // finished since the start
    // Reads of one line each; the slot comes back with the data
    output logic read_valid_o,
    input logic read_ready_i,
    output chip_pkg::line_t read_line_o,
    output logic read_slot_o,
    input logic fill_valid_i,
    input logic fill_slot_i,
    input chip_pkg::data_t fill_data_i,
    // Completion records
    output logic write_valid_o,
    input logic write_ready_i,
    output chip_pkg::write_t write_o,
    // The descriptor's work
    output chip_pkg::layer_t layer_o,
    output logic begin_o,
    output logic run_o,  // requests and results may leave
    output logic clear_o,  // reset of all that holds work
    input logic [DoneBits-1:0] jobs_done_i,  // in this cycle
    input logic work_busy_i,  // cores, feeders, result path
    input logic axi_busy_i,  // bursts are under way
    input logic moved_i,  // a beat moved on the bus
    input logic fault_i,
    input chip_pkg::cause_e fault_cause_i,
    input logic [chip_pkg::JobBits-1:0] fault_job_i,
    // Histogram and threshold
    input chip_pkg::histogram_t histogram_i,
    output logic threshold_start_o,
    input logic threshold_done_i,
    input logic signed [5:0] exponent_i,
    input logic [5:0] bias_i
);

  typedef enum logic [3:0] {
    Idle,
    Fetch,
    Check,
    FetchThreshold,
    TakeThreshold,
    Begin,
    Run,
    Sum,
    Threshold,
    Record,
    Settle,
    Stop,
    Clear
  } state_e;

  localparam int unsigned ClearCycles = 4;
  localparam int unsigned ClearBits = $clog2(ClearCycles);
  localparam int unsigned WordBits = 32;
  localparam int unsigned LineWords = chip_pkg::LineBits / WordBits;
  localparam int unsigned BinBits = $clog2(chip_pkg::Bins + 1);
  localparam int unsigned TotalBits = WordBits + $clog2(chip_pkg::Bins);  // the sum of all bins
  localparam int unsigned BiasBits = 6;
  // Words of the completion record (docs/chip.md).
  localparam int unsigned ExponentWord = 4, BinsWord = 16;
  localparam int unsigned RecordWords = chip_pkg::CompletionLines * LineWords;
  localparam int unsigned CompletionIndexBits = $clog2(chip_pkg::CompletionLines);
  // Threshold exponents, and the FP8 biases that follow from them (DESIGN 2.8).
  localparam logic signed [WordBits-1:0] MinThreshold = -32'sd24, MaxThreshold = 32'sd16;
  localparam logic signed [WordBits-1:0] BiasE4m3 = 32'sd16, BiasE5m2 = 32'sd31;

  state_e state_q;
  chip_pkg::line_t line_q;
  chip_pkg::data_t [chip_pkg::DescriptorLines-1:0] lines_q;
  logic [chip_pkg::DescriptorLines-1:0] arrived_q, asked_q;
  chip_pkg::layer_t parsed, layer_q;
  chip_pkg::cause_e parsed_cause, cause_q;
  logic [chip_pkg::JobBits-1:0] done, done_q, error_job_q, descriptors_q;  // done: jobs
  logic [WatchdogBits-1:0] quiet_q;
  logic [BinBits-1:0] bin_q;
  logic [TotalBits-1:0] total_q;
  logic [CompletionIndexBits-1:0] index_q;
  logic [ClearBits-1:0] clear_q;
  logic sums, expired, fault, own_fault, starts, stops, ends;
  chip_pkg::cause_e stop_cause;

  // ---------------------------------------------------------------------------------------------
  // Descriptor
  // ---------------------------------------------------------------------------------------------
  descriptor_check #(
      .Columns(Columns)
  ) i_check (
      .line_i (line_q),
      .lines_i(lines_q),
      .layer_o(parsed),
      .cause_o(parsed_cause)
  );

  logic [ExponentWord:0][WordBits-1:0] record;
  logic signed [WordBits-1:0] exponent;
  logic [BiasBits-1:0] bias;
  logic threshold_good;
  assign record = ((ExponentWord + 1) * WordBits)'(lines_q[0]);
  assign exponent = record[ExponentWord];
  assign bias = BiasBits'((layer_q.post.fmt ? BiasE5m2 : BiasE4m3) - exponent);
  assign threshold_good = record[0] == chip_pkg::RecordMagic && exponent >= MinThreshold &&
      exponent <= MaxThreshold;

  assign read_valid_o = (state_q == Fetch && asked_q != '1) ||
      (state_q == FetchThreshold && asked_q == '0);
  assign read_slot_o = asked_q[0];
  assign read_line_o = state_q == Fetch ? line_q + chip_pkg::LineAddrBits'(asked_q[0]) :
      layer_q.threshold;

  // ---------------------------------------------------------------------------------------------
  // Completion record
  // ---------------------------------------------------------------------------------------------
  logic [RecordWords-1:0][WordBits-1:0] words;
  always_comb begin
    words = '0;
    if (state_q == Record) begin
      words[0] = chip_pkg::RecordMagic;
      words[2] = done_q;
      words[3] = WordBits'(layer_q.post.bias);
      words[4] = WordBits'(exponent_i);
      words[5] = WordBits'(bias_i);
      words[6] = histogram_i.zeros;
      words[7] = histogram_i.nonfinite;
      {words[9], words[8]} = (2 * WordBits)'(total_q);
      for (int unsigned b = 0; b < chip_pkg::Bins; b++) words[BinsWord+b] = histogram_i.bin[b];
    end
  end
  assign write_valid_o = state_q == Record;
  assign write_o = '{
          line: layer_q.completion + chip_pkg::LineAddrBits'(index_q),
          strobe: '1,
          data: words[index_q*LineWords+:LineWords]
      };
  // The record says that all results are in memory.
  assign sums = state_q == Sum && bin_q != BinBits'(chip_pkg::Bins);
  assign threshold_start_o = state_q == Sum && !sums && !axi_busy_i;

  // ---------------------------------------------------------------------------------------------
  // What stops the work
  // ---------------------------------------------------------------------------------------------
  assign fault = fault_i && state_q != Clear;  // what is reset says nothing
  assign expired = watchdog_i != '0 && quiet_q >= watchdog_i;
  assign own_fault = (state_q == Check && parsed_cause != chip_pkg::CauseNone) ||
                     (state_q == TakeThreshold && !threshold_good);
  always_comb begin
    stop_cause = chip_pkg::CauseNone;
    if (fault) stop_cause = fault_cause_i;
    else if (own_fault) stop_cause = state_q == Check ? parsed_cause : chip_pkg::CauseField;
    else if (abort_i) stop_cause = chip_pkg::CauseAborted;
    else if (expired) stop_cause = chip_pkg::CauseWatchdog;
  end
  assign stops = state_q == Clear ? starts && abort_i :
      busy_o && state_q != Stop && (fault || own_fault || abort_i || expired);
  // The last answer of all may be an error: what stops in that cycle was not done.
  assign ends = state_q == Settle && !axi_busy_i && !stops;
  assign starts = cause_q == chip_pkg::CauseNone;  // else an error comes to its end

  assign done = done_q + chip_pkg::JobBits'(jobs_done_i);

  assign busy_o = state_q != Idle;
  assign run_o = state_q inside {Run, Sum, Threshold, Record, Settle};
  assign clear_o = state_q == Clear;
  assign begin_o = state_q == Begin;
  assign layer_o = layer_q;
  assign cause_o = cause_q;
  assign error_job_o = error_job_q;
  assign error_descriptor_o = line_q;
  assign descriptors_o = descriptors_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q       <= Idle;
      cause_q       <= chip_pkg::CauseNone;
      error_job_q   <= '0;
      descriptors_q <= '0;
      done_o        <= 1'b0;
      error_o       <= 1'b0;
    end else begin
      done_o  <= 1'b0;
      error_o <= 1'b0;

      unique case (state_q)
        Idle: begin
          if (start_i) begin
            state_q       <= Clear;
            cause_q       <= chip_pkg::CauseNone;
            descriptors_q <= '0;
          end
        end
        Fetch: if (arrived_q == '1) state_q <= Check;
        Check: state_q <= parsed.from_record ? FetchThreshold : Begin;
        FetchThreshold: if (arrived_q[0]) state_q <= TakeThreshold;
        TakeThreshold: state_q <= Begin;
        Begin: state_q <= Run;
        Run: if (done_q == layer_q.jobs && !work_busy_i) state_q <= Sum;
        Sum: if (threshold_start_o) state_q <= Threshold;
        Threshold: if (threshold_done_i) state_q <= Record;
        Record: begin
          if (write_ready_i && index_q == CompletionIndexBits'(chip_pkg::CompletionLines - 1)) begin
            state_q <= Settle;
          end
        end
        Settle: begin
          if (ends) begin
            descriptors_q <= descriptors_q + 1'b1;
            done_o        <= layer_q.last;
            state_q       <= layer_q.last ? Idle : Fetch;
          end
        end
        Stop: if (!axi_busy_i) state_q <= Clear;
        Clear: if (clear_q == ClearBits'(ClearCycles - 1)) state_q <= starts ? Fetch : Idle;
        default: state_q <= Idle;
      endcase

      if (stops) begin
        state_q     <= Stop;
        cause_q     <= stop_cause;
        error_job_q <= fault ? fault_job_i : done;
        error_o     <= 1'b1;
      end
    end
  end

  // What is set before it is read needs no reset.
  always_ff @(posedge clk_i) begin
    quiet_q <= !busy_o || moved_i ? '0 : quiet_q + 1'b1;
    done_q  <= state_q == Idle || ends ? '0 : done;
    clear_q <= clear_o ? clear_q + 1'b1 : '0;
    if (state_q inside {Idle, Check, Settle}) begin
      arrived_q <= '0;
      asked_q   <= '0;
    end else begin
      if (read_valid_o && read_ready_i) asked_q[read_slot_o] <= 1'b1;
      if (fill_valid_i) arrived_q[fill_slot_i] <= 1'b1;
    end
    bin_q <= state_q == Sum ? bin_q + BinBits'(sums) : '0;
    if (state_q == Run) total_q <= '0;
    else if (sums) total_q <= total_q + TotalBits'(histogram_i.bin[bin_q[BinBits-1:0]]);
    index_q <= state_q == Record ? index_q + CompletionIndexBits'(write_ready_i) : '0;
    if (start_i) line_q <= descriptor_i;
    else if (ends && !layer_q.last) line_q <= layer_q.next;
    if (fill_valid_i) lines_q[fill_slot_i] <= fill_data_i;
    if (state_q == Check) layer_q <= parsed;
    if (state_q == TakeThreshold) layer_q.post.bias <= bias;
  end

endmodule
