// Leaves a slow core behind that the others share their streams and waves with.
//
// A core that needs eight times longer than the others never keeps them waiting for long at once, but for each
// chunk. So it is counted how long others had nothing to do because of a core, less how long they had: who
// is slower than half as fast comes to half of the patience, who is only a little slower does not.
module lateness #(
    parameter int unsigned Cores = 1,
    localparam int unsigned PatienceBits = 16
) (
    input logic clk_i,
    input logic rst_ni,
    input logic start_i,  // a descriptor begins
    input logic [PatienceBits-1:0] patience_i,
    input logic [Cores-1:0] blamed_i,  // another one has nothing to do and waits for this one
    output logic [Cores-1:0] detach_o
);

  logic [Cores-1:0][PatienceBits-1:0] late_q;

  always_comb begin
    for (int unsigned c = 0; c < Cores; c++)
    detach_o[c] = blamed_i[c] && late_q[c] >= patience_i >> 1;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      late_q <= '0;
    end else begin
      for (int unsigned c = 0; c < Cores; c++) begin
        if (start_i) late_q[c] <= '0;
        else if (blamed_i[c] && late_q[c] != '1) late_q[c] <= late_q[c] + 1'b1;
        else if (!blamed_i[c] && late_q[c] != '0) late_q[c] <= late_q[c] - 1'b1;
      end
    end
  end

endmodule
