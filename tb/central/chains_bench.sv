// The walk along descriptors alone: memory, cores, histogram and threshold policy are C++.
module chains_bench #(
    parameter int unsigned Columns = 4,
    parameter int unsigned DoneBits = 2,
    localparam int unsigned LineWords = 16,
    localparam int unsigned Fields = 34,
    localparam int unsigned Kinds = chip_pkg::Bins + 2
) (
    input logic clk_i,
    input logic rst_ni,
    // Registers
    input logic start_i,
    input logic abort_i,
    input logic [31:0] descriptor_i,
    input logic [31:0] watchdog_i,
    output logic busy_o,
    output logic done_o,
    output logic error_o,
    output logic [3:0] cause_o,
    output logic [31:0] error_job_o,
    output logic [31:0] error_descriptor_o,
    output logic [31:0] descriptors_o,
    // Reads
    output logic read_valid_o,
    input logic read_ready_i,
    output logic [31:0] read_line_o,
    output logic read_slot_o,
    input logic fill_valid_i,
    input logic fill_slot_i,
    input logic [31:0] fill_data_i[LineWords],
    // Writes
    output logic write_valid_o,
    input logic write_ready_i,
    output logic [31:0] write_line_o,
    output logic [63:0] write_strobe_o,
    output logic [31:0] write_data_o[LineWords],
    // Work
    output logic [31:0] fields_o[Fields],
    output logic begin_o,
    output logic run_o,
    output logic clear_o,
    input logic [DoneBits-1:0] jobs_done_i,
    input logic work_busy_i,
    input logic axi_busy_i,
    input logic moved_i,
    input logic fault_i,
    input logic [3:0] fault_cause_i,
    input logic [31:0] fault_job_i,
    // Histogram (bins, zeros, infinities and NaN) and threshold
    input logic [31:0] histogram_i[Kinds],
    output logic threshold_start_o,
    input logic threshold_done_i,
    input logic signed [5:0] exponent_i,
    input logic [5:0] bias_i
);

  chip_pkg::layer_t layer;
  chip_pkg::cause_e cause;
  chip_pkg::write_t write;
  chip_pkg::data_t fill_data;
  chip_pkg::histogram_t histogram;

  for (genvar w = 0; w < LineWords; w++) begin : gen_words
    assign fill_data[32*w+:32] = fill_data_i[w];
    assign write_data_o[w] = write.data[32*w+:32];
  end
  for (genvar b = 0; b < chip_pkg::Bins; b++) begin : gen_bins
    assign histogram.bin[b] = histogram_i[b];
  end
  assign histogram.zeros = histogram_i[chip_pkg::Bins];
  assign histogram.nonfinite = histogram_i[chip_pkg::Bins+1];
  assign write_line_o = write.line;
  assign write_strobe_o = write.strobe;
  assign cause_o = cause;

  control #(
      .Columns (Columns),
      .DoneBits(DoneBits)
  ) i_control (
      .clk_i,
      .rst_ni,
      .start_i,
      .abort_i,
      .descriptor_i,
      .watchdog_i,
      .busy_o,
      .done_o,
      .error_o,
      .cause_o(cause),
      .error_job_o,
      .error_descriptor_o,
      .descriptors_o,
      .read_valid_o,
      .read_ready_i,
      .read_line_o,
      .read_slot_o,
      .fill_valid_i,
      .fill_slot_i,
      .fill_data_i(fill_data),
      .write_valid_o,
      .write_ready_i,
      .write_o(write),
      .layer_o(layer),
      .begin_o,
      .run_o,
      .clear_o,
      .jobs_done_i,
      .work_busy_i,
      .axi_busy_i,
      .moved_i,
      .fault_i,
      .fault_cause_i(chip_pkg::cause_e'(fault_cause_i)),
      .fault_job_i,
      .histogram_i(histogram),
      .threshold_start_o,
      .threshold_done_i,
      .exponent_i,
      .bias_i
  );

  descriptor_fields #(
      .Fields(Fields)
  ) i_fields (
      .layer_i(layer),
      .fields_o
  );

endmodule
