// The one memory of the design: one write and one read port, read data one cycle after the address.
// A foundry macro takes its place; synthesis checks treat it as a black box. Reading a word in the
// cycle in which it is written is not allowed (assertion in the bound checker).
module sram #(
    parameter  int unsigned Words     = 16,
    parameter  int unsigned WordWidth = 16,
    localparam int unsigned AddrWidth = $clog2(Words)
) (
    input  logic                 clk_i,
    input  logic                 write_i,
    input  logic [AddrWidth-1:0] write_addr_i,
    input  logic [WordWidth-1:0] write_data_i,
    input  logic                 read_i,
    input  logic [AddrWidth-1:0] read_addr_i,
    output logic [WordWidth-1:0] read_data_o
);

  logic [WordWidth-1:0] mem[Words];

  always_ff @(posedge clk_i) begin
    if (write_i) mem[write_addr_i] <= write_data_i;
    if (read_i) read_data_o <= mem[read_addr_i];
  end

endmodule
