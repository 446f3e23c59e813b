// Result paths side by side, each for a part of the cores: in a wave all cores finish at about the same
// time, and one path, half a row a cycle, would hold their last rows up.
module result_paths #(
    parameter int unsigned Cores = 1,
    parameter int unsigned Pes = 2,
    localparam int unsigned MaxPaths = 2,  // turns pass from one to the other
    localparam int unsigned Paths = Cores < MaxPaths ? Cores : MaxPaths,
    localparam int unsigned DoneBits = $clog2(Paths + 1)
) (
    input logic clk_i,
    input logic rst_ni,
    // Descriptor
    input chip_pkg::post_config_t config_i,  // stands still while busy
    input chip_pkg::line_t records_i,  // 0: no job records
    input logic clear_i,  // of the histogram
    // Jobs: valid says for whom
    input logic [Cores-1:0] job_valid_i,
    output logic [Cores-1:0] job_ready_o,
    input chip_pkg::result_job_t job_i,
    // Results of the cores: half rows, the lower columns first
    input logic [Cores-1:0] result_valid_i,
    output logic [Cores-1:0] result_ready_o,
    input logic [Cores-1:0][core_pkg::RowsBits-1:0] result_row_i,
    input logic [Cores-1:0] result_upper_i,
    input logic [Cores-1:0][Pes-1:0][core_pkg::SumBits-1:0] result_i,
    // D streams
    output chip_pkg::fetch_state_t [Cores-1:0] fetch_o,
    input logic [Cores-1:0] grant_i,
    input chip_pkg::tag_t grant_tag_i,
    input logic [Cores-1:0] fill_valid_i,
    input chip_pkg::fill_t fill_i,
    // Writes
    output logic write_valid_o,
    input logic write_ready_i,
    output chip_pkg::write_t write_o,
    // Status
    output logic [DoneBits-1:0] done_o,  // jobs whose writes have all left
    output logic busy_o,
    output chip_pkg::histogram_t histogram_o,
    output logic error_o,  // until reset; nothing more leaves
    output chip_pkg::cause_e cause_o,
    output logic [chip_pkg::JobBits-1:0] error_job_o
);

  // Cores of a path; the last one may have fewer.
  localparam int unsigned Share = (Cores + Paths - 1) / Paths;
  localparam int unsigned PathBits = Paths > 1 ? $clog2(Paths) : 1;

  logic [Paths-1:0] write_valid, write_ready, done, busy, failed;
  chip_pkg::write_t [Paths-1:0] write;
  chip_pkg::histogram_t [Paths-1:0] part;
  chip_pkg::cause_e [Paths-1:0] cause;
  logic [Paths-1:0][chip_pkg::JobBits-1:0] error_job;

  for (genvar p = 0; p < Paths; p++) begin : gen_paths
    localparam int unsigned First = p * Share;
    localparam int unsigned Count = First + Share > Cores ? Cores - First : Share;

    result_path #(
        .Cores(Count),
        .Pes  (Pes)
    ) i_path (
        .clk_i,
        .rst_ni,
        .config_i,
        .records_i,
        .clear_i,
        .job_valid_i   (job_valid_i[First+:Count]),
        .job_ready_o   (job_ready_o[First+:Count]),
        .job_i,
        .result_valid_i(result_valid_i[First+:Count]),
        .result_ready_o(result_ready_o[First+:Count]),
        .result_row_i  (result_row_i[First+:Count]),
        .result_upper_i(result_upper_i[First+:Count]),
        .result_i      (result_i[First+:Count]),
        .fetch_o       (fetch_o[First+:Count]),
        .grant_i       (grant_i[First+:Count]),
        .grant_tag_i,
        .fill_valid_i  (fill_valid_i[First+:Count]),
        .fill_i,
        .write_valid_o (write_valid[p]),
        .write_ready_i (write_ready[p]),
        .write_o       (write[p]),
        .done_valid_o  (done[p]),
        .busy_o        (busy[p]),
        .histogram_o   (part[p]),
        .error_o       (failed[p]),
        .cause_o       (cause[p]),
        .error_job_o   (error_job[p])
    );
  end

  // Writes in turn. A path's offer stands until it is taken, so the choice may not change meanwhile: it is that
  // path's turn until then.
  logic [PathBits-1:0] turn_q, pick;
  logic found;

  always_comb begin
    pick  = turn_q;
    found = write_valid[turn_q];
    for (int unsigned p = 0; p < Paths; p++) begin
      if (!found && write_valid[p]) begin
        pick  = PathBits'(p);
        found = 1'b1;
      end
    end
  end

  // After an error in one path nothing of the others leaves either.
  assign write_valid_o = found && !error_o;
  assign write_o = write[pick];
  always_comb begin
    write_ready       = '0;
    write_ready[pick] = write_ready_i && !error_o;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      turn_q <= '0;
    end else if (found) begin
      turn_q <= write_ready_i && Paths > 1 ? ~pick : pick;
    end
  end

  always_comb begin
    histogram_o = part[0];
    for (int unsigned p = 1; p < Paths; p++) begin
      for (int unsigned b = 0; b < chip_pkg::Bins; b++) begin
        histogram_o.bin[b] = histogram_o.bin[b] + part[p].bin[b];
      end
      histogram_o.nonfinite = histogram_o.nonfinite + part[p].nonfinite;
      histogram_o.zeros     = histogram_o.zeros + part[p].zeros;
    end
  end

  assign done_o  = DoneBits'($countones(done));
  assign busy_o  = busy != '0;
  assign error_o = failed != '0;
  always_comb begin
    cause_o     = chip_pkg::CauseNone;
    error_job_o = '0;
    for (int unsigned p = Paths; p > 0; p--) begin
      if (failed[p-1]) begin
        cause_o     = cause[p-1];
        error_job_o = error_job[p-1];
      end
    end
  end

endmodule
