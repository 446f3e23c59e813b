// The cores' counters and the chip's, wired as the chip wires them; each event comes by a port of its own.
module counters_bench #(
    parameter int unsigned Cores = 2,
    parameter int unsigned Lines = 4,
    parameter int unsigned Rows = 8,
    parameter int unsigned Columns = 16,
    parameter int unsigned DoneBits = 2,
    localparam int unsigned SkipBits = $clog2(Rows + 1),
    localparam int unsigned ColumnBits = $clog2(Columns + 1)
) (
    input logic clk_i,
    input logic rst_ni,
    // Cores
    input logic [Cores-1:0] core_clear_i,
    input logic [Cores-1:0] core_busy_i,
    input logic [ColumnBits-1:0] columns_i,
    input logic [Lines-1:0] issue_i[Cores],
    input logic [Lines-1:0] wide_i[Cores],
    input logic [Lines-1:0] phase_i[Cores],
    input logic [Lines-1:0][SkipBits-1:0] skipped_i[Cores],
    input logic [Lines-1:0] wait_a_i[Cores],
    input logic [Lines-1:0] wait_b_i[Cores],
    input logic [Lines-1:0] wait_queue_i[Cores],
    input logic [5:0] core_events_i[Cores],  // A beat, B row, tree row, sums' row, read, write
    // Chip
    input logic clear_i,
    input logic busy_i,
    input logic fill_valid_i,
    input logic [1:0] fill_stream_i,
    input logic fill_other_i,
    input logic read_burst_i,
    input logic write_i,
    input logic [63:0] write_strobe_i,
    input logic [DoneBits-1:0] jobs_done_i,
    input logic held_i,
    input logic [Cores-1:0] attached_i,
    input logic begin_i,
    // Selected value
    input logic [7:0] core_i,
    input logic [7:0] index_i,
    output logic [63:0] counter_o
);

  counter_pkg::counters_t [Cores-1:0] counters;

  for (genvar c = 0; c < Cores; c++) begin : gen_cores
    perf_counters #(
        .Lines  (Lines),
        .Rows   (Rows),
        .Columns(Columns)
    ) i_counters (
        .clk_i,
        .rst_ni,
        .clear_i(core_clear_i[c]),
        .busy_i(core_busy_i[c]),
        .columns_i,
        .issue_i(issue_i[c]),
        .wide_i(wide_i[c]),
        .phase_i(phase_i[c]),
        .skipped_i(skipped_i[c]),
        .wait_a_i(wait_a_i[c]),
        .wait_b_i(wait_b_i[c]),
        .wait_queue_i(wait_queue_i[c]),
        .a_beat_i(core_events_i[c][0]),
        .b_row_i(core_events_i[c][1]),
        .tree_row_i(core_events_i[c][2]),
        .psum_row_i(core_events_i[c][3]),
        .psum_read_i(core_events_i[c][4]),
        .psum_write_i(core_events_i[c][5]),
        .counters_o(counters[c])
    );
  end

  chip_counters #(
      .Cores(Cores),
      .DoneBits(DoneBits)
  ) i_chip (
      .clk_i,
      .rst_ni,
      .clear_i,
      .busy_i,
      .fill_valid_i,
      .fill_stream_i(chip_pkg::stream_e'(fill_stream_i)),
      .fill_other_i,
      .read_burst_i,
      .write_i,
      .write_strobe_i,
      .jobs_done_i,
      .held_i,
      .attached_i,
      .begin_i,
      .cores_i(counters),
      .core_i,
      .index_i,
      .counter_o
  );

endmodule
