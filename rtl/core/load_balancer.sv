// Input load balancer: gives the channels of a group to lines, longest processing time first.
//
// Channels come in descending cost, ties lower channel first (the encoder sorts them). Each goes to
// the least-loaded line that holds fewer than ceil(group / Lines), ties to the lower line. Disabled, the
// n-th channel of the group goes to line n modulo Lines. One channel a cycle.
module load_balancer #(
    parameter int unsigned Lines = 2,
    parameter int unsigned Rows = 8,
    localparam int unsigned LineBits = $clog2(Lines),
    localparam int unsigned DepthBits = $clog2(Rows + 1),
    localparam int unsigned ChannelBits = $clog2(
        Lines * Rows
    ),  // channels count from the group's first
    localparam int unsigned CostBits = 32
) (
    input  logic                   clk_i,
    input  logic                   rst_ni,
    input  logic                   enable_i,
    input  logic [  DepthBits-1:0] depth_i,    // channels that a line may hold in this group
    // Channels
    input  logic                   valid_i,
    output logic                   ready_o,
    input  logic                   last_i,     // of the group
    input  logic [ChannelBits-1:0] channel_i,
    input  logic [   CostBits-1:0] cost_i,
    // Assignments
    output logic                   valid_o,
    input  logic                   ready_i,
    output logic [ChannelBits-1:0] channel_o,
    output logic [   LineBits-1:0] line_o
);

  logic [Lines-1:0][ CostBits-1:0] load_q;
  logic [Lines-1:0][DepthBits-1:0] held_q;
  logic [LineBits-1:0] turn_q, least;
  logic [Lines-1:0] room;

  always_comb begin
    for (int unsigned l = 0; l < Lines; l++) room[l] = held_q[l] < depth_i;
  end
  always_comb begin
    least = '0;
    for (int unsigned l = 0; l < Lines; l++) begin
      if (room[l] && (!room[least] || load_q[l] < load_q[least])) least = LineBits'(l);
    end
  end

  assign ready_o = ready_i;
  assign valid_o = valid_i;
  assign channel_o = channel_i;
  assign line_o = enable_i ? least : turn_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      load_q <= '0;
      held_q <= '0;
      turn_q <= '0;
    end else if (valid_i && ready_i) begin
      load_q[line_o] <= load_q[line_o] + cost_i;
      held_q[line_o] <= held_q[line_o] + 1'b1;
      turn_q         <= turn_q + 1'b1;
      if (last_i) begin
        load_q <= '0;
        held_q <= '0;
        turn_q <= '0;
      end
    end
  end

endmodule
