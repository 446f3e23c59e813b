// The one memory of the design: one write and one read port, read data one cycle after the address.
// A foundry macro takes its place; synthesis checks treat it as a black box. Reading a word in the
// cycle in which it is written is not allowed (assertion in the bound checker).
module sram #(
  parameter int unsigned Words     = 16,
  parameter int unsigned WordWidth = 16,
  parameter int unsigned Parts     = 1,  // separately written parts of a word
  localparam int unsigned AddrWidth = $clog2(Words),
  localparam int unsigned PartWidth = WordWidth / Parts
) (
  input  logic                 clk_i,
  input  logic [Parts-1:0]     write_i,
  input  logic [AddrWidth-1:0] write_addr_i,
  input  logic [WordWidth-1:0] write_data_i,
  input  logic                 read_i,
  input  logic [AddrWidth-1:0] read_addr_i,
  output logic [WordWidth-1:0] read_data_o
);

  logic [WordWidth-1:0] mem[Words];

  always_ff @(posedge clk_i) begin
    for (int unsigned part = 0; part < Parts; part++) begin
      if (write_i[part]) begin
        mem[write_addr_i][part*PartWidth+:PartWidth] <= write_data_i[part*PartWidth+:PartWidth];
      end
    end
    if (read_i) read_data_o <= mem[read_addr_i];
  end

endmodule
