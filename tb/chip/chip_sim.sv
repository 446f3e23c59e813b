// Top of a cocotb simulation of the chip: the clock is made here, so that Python wakes only at a run's end.
module chip_sim #(
    parameter int unsigned Cores = 1,
    parameter int unsigned Lines = 2,
    parameter int unsigned Pes = 2,
    parameter int unsigned Rows = 8,
    parameter int unsigned RowQueue = 2,
    parameter int unsigned RunQueue = 8,
    parameter int unsigned PsumRows = 16,
    parameter bit GatedCores = 1'b0
);

  // In ns: 200 MHz, the chip's highest clock. Nothing depends on it but the time axis of waves.
  localparam realtime HalfPeriod = 2.5;

  logic clk = 1'b0;
  logic start = 1'b0;
  logic done;

  always #HalfPeriod clk = ~clk;

  // The first reset is an edge, and before that of the clock.
  logic powering = 1'b1;
  initial #(HalfPeriod / 2) powering = 1'b0;

  chip_harness #(
      .Cores     (Cores),
      .Lines     (Lines),
      .Pes       (Pes),
      .Rows      (Rows),
      .RowQueue  (RowQueue),
      .RunQueue  (RunQueue),
      .PsumRows  (PsumRows),
      .GatedCores(GatedCores)
  ) i_harness (
      .clk_i(clk),
      .powering_i(powering),
      .start_i(start),
      .done_o(done)
  );

endmodule
