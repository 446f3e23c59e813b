// Leaves a throttled core behind that the others share their streams and waves with.
//
// A core whose clock is held back seven times of eight never keeps the others waiting for long at once, but for
// each chunk. So it is counted how long others had nothing to do because of a core that stood still, less how
// long they had, or it ran. Who has a longer job than the others keeps them waiting too, but runs.
module lateness #(
    parameter int unsigned Cores = 1,
    localparam int unsigned PatienceBits = 16,
    // Of the patience, the part (as a power of two) for which a core may be late.
    localparam int unsigned LateShift = 2,
    localparam int unsigned LateBits = PatienceBits - LateShift
) (
    input logic clk_i,
    input logic rst_ni,
    input logic start_i,  // a descriptor begins
    input logic [PatienceBits-1:0] patience_i,
    input logic [Cores-1:0] blamed_i,  // another one has nothing to do and waits for this one
    input logic [Cores-1:0] asleep_i,  // gets no edge of the clock
    output logic [Cores-1:0] detach_o
);

  logic [Cores-1:0][LateBits-1:0] late_q;
  logic [Cores-1:0] late;

  assign late = blamed_i & asleep_i;

  always_comb begin
    for (int unsigned c = 0; c < Cores; c++)
    detach_o[c] = late[c] && late_q[c] >= patience_i[PatienceBits-1:LateShift];
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      late_q <= '0;
    end else begin
      for (int unsigned c = 0; c < Cores; c++) begin
        if (start_i) late_q[c] <= '0;
        else if (late[c]) late_q[c] <= late_q[c] + 1'b1;
        else if (late_q[c] != '0) late_q[c] <= late_q[c] - 1'b1;
      end
    end
  end

endmodule
