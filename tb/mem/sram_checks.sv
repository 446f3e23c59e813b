`include "tb/checks.svh"

// Checks of a memory's use: a foundry macro gives garbage for a word that is read while it is written.
module sram_checks #(
    parameter int unsigned Words = 16,
    localparam int unsigned AddrWidth = $clog2(Words)
) (
    input logic                 clk_i,
    input logic                 write_i,
    input logic [AddrWidth-1:0] write_addr_i,
    input logic                 read_i,
    input logic [AddrWidth-1:0] read_addr_i
);

  // A memory has no reset: its enables are 0 as long as the logic around it is in reset. In a simulation that
  // is from the first clock edge on: a reset that comes from a register, as a core's does, may have no edge
  // of its own before, if the register began as 0.
  logic rst_ni;
  initial rst_ni = 1'b0;
  always_ff @(posedge clk_i) rst_ni <= 1'b1;

  `ASSUME(word_not_being_written, read_i && write_i, read_addr_i != write_addr_i)
  `CHECK(read_in_range, read_i, 32'(read_addr_i) < Words)
  `CHECK(write_in_range, write_i, 32'(write_addr_i) < Words)

endmodule

bind sram sram_checks #(.Words(Words)) i_checks (.*);
