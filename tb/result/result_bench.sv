// The result paths with ports that C++ reads alike at every size, and the threshold policy.
module result_bench #(
    parameter int unsigned Cores = 1,
    parameter int unsigned Pes   = 2
) (
    input logic clk_i,
    input logic rst_ni,
    // Descriptor
    input logic [1:0] mode_i,
    input logic fmt_i,
    input logic [5:0] bias_i,
    input logic scale_bias_i,
    input logic residual_i,
    input logic relu_i,
    input logic mask_i,
    input logic [4:0] columns_i,
    input logic [31:0] records_i,
    input logic clear_i,
    // Jobs
    input logic [Cores-1:0] job_valid_i,
    output logic [Cores-1:0] job_ready_o,
    input logic [31:0] job_index_i,
    input logic job_zero_i,
    input logic [7:0] job_rows_i,
    input logic [1:0] job_wave_i,
    input logic [31:0] job_d_line_i,
    input logic [31:0] job_d_bytes_i,
    input logic [31:0] job_out_line_i,
    input logic [31:0] job_out_bytes_i,
    // Results
    input logic [Cores-1:0] result_valid_i,
    output logic [Cores-1:0] result_ready_o,
    input logic [7:0] result_row_i[Cores],
    input logic [Cores-1:0] result_upper_i,
    input logic [31:0] result_i[Cores][Pes],
    // D streams
    output logic [Cores-1:0] fetch_valid_o,
    output logic [31:0] fetch_next_o[Cores],
    input logic [Cores-1:0] grant_i,
    input logic [4:0] grant_tag_i,
    input logic [Cores-1:0] fill_valid_i,
    input logic [4:0] fill_tag_i,
    input logic [31:0] fill_data_i[16],
    // Writes
    output logic write_valid_o,
    input logic write_ready_i,
    output logic [31:0] write_line_o,
    output logic [63:0] write_strobe_o,
    output logic [31:0] write_data_o[16],
    // Status
    output logic [1:0] done_o,
    output logic busy_o,
    output logic [31:0] histogram_o[42],  // bins, zeros, infinities and NaN
    output logic error_o,
    output logic [3:0] cause_o,
    output logic [31:0] error_job_o,
    // Threshold policy
    input logic start_i,
    input logic [31:0] bins_i[40],
    input logic [7:0] numerator_i,
    input logic [7:0] denominator_i,
    input logic threshold_fmt_i,
    output logic threshold_done_o,
    output logic signed [5:0] exponent_o,
    output logic [5:0] threshold_bias_o
);

  chip_pkg::post_config_t post;
  chip_pkg::result_job_t job;
  chip_pkg::fetch_state_t [Cores-1:0] fetch;
  chip_pkg::fill_t fill;
  chip_pkg::write_t write;
  chip_pkg::histogram_t histogram;
  chip_pkg::cause_e cause;
  logic [Cores > 1:0] done;
  logic [Cores-1:0][core_pkg::RowsBits-1:0] row;
  logic [Cores-1:0][Pes-1:0][core_pkg::SumBits-1:0] result;
  logic [chip_pkg::Bins-1:0][chip_pkg::BinBits-1:0] counts;

  assign post = '{
          mode: chip_pkg::out_mode_e'(mode_i),
          fmt: fmt_i,
          bias: bias_i,
          scale_bias: scale_bias_i,
          residual: residual_i,
          relu: relu_i,
          mask: mask_i,
          columns: columns_i
      };
  assign job = '{
          index: job_index_i,
          zero: job_zero_i,
          rows: job_rows_i,
          d: '{wave: job_wave_i, line: job_d_line_i, bytes: job_d_bytes_i},
          out: '{wave: job_wave_i, line: job_out_line_i, bytes: job_out_bytes_i}
      };
  assign fill.tag = fill_tag_i;
  assign fill.index = '0;
  assign write_line_o = write.line;
  assign write_strobe_o = write.strobe;
  assign cause_o = cause;

  for (genvar w = 0; w < 16; w++) begin : gen_words
    assign fill.data[32*w+:32] = fill_data_i[w];
    assign write_data_o[w] = write.data[32*w+:32];
  end
  for (genvar c = 0; c < Cores; c++) begin : gen_cores
    assign row[c] = result_row_i[c];
    assign fetch_valid_o[c] = fetch[c].valid;
    assign fetch_next_o[c] = fetch[c].next;
    for (genvar p = 0; p < Pes; p++) begin : gen_pes
      assign result[c][p] = result_i[c][p];
    end
  end
  for (genvar b = 0; b < chip_pkg::Bins; b++) begin : gen_bins
    assign histogram_o[b] = histogram.bin[b];
    assign counts[b] = bins_i[b];
  end
  assign histogram_o[chip_pkg::Bins] = histogram.zeros;
  assign histogram_o[chip_pkg::Bins+1] = histogram.nonfinite;

  assign done_o = 2'(done);

  result_paths #(
      .Cores(Cores),
      .Pes  (Pes)
  ) i_paths (
      .clk_i,
      .rst_ni,
      .config_i    (post),
      .records_i,
      .clear_i,
      .job_valid_i,
      .job_ready_o,
      .job_i       (job),
      .result_valid_i,
      .result_ready_o,
      .result_row_i(row),
      .result_upper_i,
      .result_i    (result),
      .fetch_o     (fetch),
      .grant_i,
      .grant_tag_i,
      .fill_valid_i,
      .fill_i      (fill),
      .write_valid_o,
      .write_ready_i,
      .write_o     (write),
      .done_o      (done),
      .busy_o,
      .histogram_o (histogram),
      .error_o,
      .cause_o     (cause),
      .error_job_o
  );

  threshold_policy i_threshold (
      .clk_i,
      .rst_ni,
      .start_i,
      .bins_i(counts),
      .numerator_i,
      .denominator_i,
      .fmt_i (threshold_fmt_i),
      .done_o(threshold_done_o),
      .exponent_o,
      .bias_o(threshold_bias_o)
  );

endmodule
