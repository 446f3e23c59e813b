// The balancer's answers: the line of each channel of a group, from its first cost until the B rows of its
// last tile are loaded. Two tables serve the groups in turn, so that the next one is filled meanwhile.
module line_table #(
    parameter int unsigned Lines = 2,
    parameter int unsigned Rows = 8,
    localparam int unsigned LineBits = $clog2(Lines),
    localparam int unsigned ChannelBits = $clog2(Lines * Rows)
) (
    input  logic                   clk_i,
    input  logic                   rst_ni,
    // Answers of the balancer
    input  logic                   valid_i,
    output logic                   ready_o,
    input  logic                   last_i,          // of the group
    input  logic [ChannelBits-1:0] channel_i,
    input  logic [   LineBits-1:0] line_i,
    // Groups whose tiles may open
    output logic                   group_valid_o,
    input  logic                   group_ready_i,   // their last tile has opened
    // The group whose B rows are being loaded
    input  logic [ChannelBits-1:0] read_channel_i,
    output logic [   LineBits-1:0] read_line_o,
    input  logic                   free_i,          // its last row is loaded
    output logic                   busy_o
);

  // Tables by the group that is balanced, opened, loaded: none of them passes the one before.
  logic fill_q, open_q, load_q;
  logic [1:0] full_q;
  logic started_q;
  logic [LineBits-1:0] lines_q[2][Lines*Rows];
  logic push;

  assign ready_o = !full_q[fill_q];
  assign push = valid_i && ready_o;
  assign group_valid_o = full_q[open_q];
  assign read_line_o = lines_q[load_q][read_channel_i];
  assign busy_o = full_q != '0 || started_q;

  always_ff @(posedge clk_i) begin
    if (push) lines_q[fill_q][channel_i] <= line_i;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      fill_q    <= 1'b0;
      open_q    <= 1'b0;
      load_q    <= 1'b0;
      full_q    <= '0;
      started_q <= 1'b0;
    end else begin
      if (push) started_q <= !last_i;
      if (push && last_i) begin
        full_q[fill_q] <= 1'b1;
        fill_q         <= !fill_q;
      end
      if (group_ready_i) open_q <= !open_q;
      if (free_i) begin
        full_q[load_q] <= 1'b0;
        load_q         <= !load_q;
      end
    end
  end

endmodule
