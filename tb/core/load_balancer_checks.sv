`include "tb/checks.svh"

// Checks of the balancer: the order that its input promises, and the rule of its answers.
module load_balancer_checks #(
    parameter int unsigned Lines = 2,
    parameter int unsigned Rows = 8,
    localparam int unsigned LineBits = $clog2(Lines),
    localparam int unsigned DepthBits = $clog2(Rows + 1),
    localparam int unsigned ChannelBits = $clog2(Lines * Rows),
    localparam int unsigned CostBits = 32
) (
    input logic                                  clk_i,
    input logic                                  rst_ni,
    input logic                                  enable_i,
    input logic [  DepthBits-1:0]                depth_i,
    input logic                                  valid_i,
    input logic                                  ready_o,
    input logic                                  last_i,
    input logic [ChannelBits-1:0]                channel_i,
    input logic [   CostBits-1:0]                cost_i,
    input logic                                  valid_o,
    input logic                                  ready_i,
    input logic [ChannelBits-1:0]                channel_o,
    input logic [   LineBits-1:0]                line_o,
    input logic [      Lines-1:0][ CostBits-1:0] load_q,
    input logic [      Lines-1:0][DepthBits-1:0] held_q,
    input logic [   LineBits-1:0]                turn_q
);

  // The channel before this one, in the same group.
  logic inside_q;
  logic [ChannelBits-1:0] channel_q;
  logic [CostBits-1:0] cost_q;
  logic accept;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      inside_q  <= 1'b0;
      channel_q <= '0;
      cost_q    <= '0;
    end else if (accept) begin
      inside_q  <= !last_i;
      channel_q <= channel_i;
      cost_q    <= cost_i;
    end
  end
  assign accept = valid_i && ready_o;

  logic [Lines-1:0] full;
  always_comb begin
    for (int unsigned l = 0; l < Lines; l++) begin
      full[l] = held_q[l] + DepthBits'(l == 32'(line_o)) >= depth_i;
    end
  end

  // No other line with room has a lighter load, or as light a one and a lower number.
  function automatic logic line_is_least();
    line_is_least = held_q[line_o] < depth_i;
    for (int unsigned l = 0; l < Lines; l++) begin
      if (held_q[l] < depth_i && (load_q[l] < load_q[line_o] ||
                                  (load_q[l] == load_q[line_o] && l < 32'(line_o)))) begin
        line_is_least = 1'b0;
      end
    end
  endfunction

  // Some other line has as light a load (`tie`), or is full.
  function automatic logic some_line(input logic tie);
    some_line = 1'b0;
    for (int unsigned l = 0; l < Lines; l++) begin
      if (l != 32'(line_o) && (tie ? held_q[l] < depth_i && load_q[l] == load_q[line_o]
                                   : held_q[l] >= depth_i)) begin
        some_line = 1'b1;
      end
    end
  endfunction

  // The encoder's side: descending cost, ties ascending channel; without balancing ascending channel.
  `ASSUME(costs_descend, valid_i && enable_i && inside_q,
          cost_i < cost_q || (cost_i == cost_q && channel_i > channel_q))
  `ASSUME(channels_ascend, valid_i && !enable_i && inside_q, channel_i > channel_q)
  `CHECK_HELD(channel_held, valid_i, ready_o, {channel_i, cost_i, last_i})

  `CHECK_HELD(answer_held, valid_o, ready_i, {channel_o, line_o})
  `CHECK(least_loaded, valid_o && enable_i, line_is_least())
  `CHECK(round_robin, valid_o && !enable_i, line_o == turn_q)
  `CHECK_NEXT(group_starts_empty, accept && last_i, load_q == '0 && held_q == '0 && turn_q == '0)

  `COVER(tie, accept && enable_i && some_line(1'b1))
  `COVER(least_line_full, accept && enable_i && some_line(1'b0))
  `COVER(dead_channel, accept && cost_i == '0)
  `COVER(group_of_one, accept && last_i && !inside_q)
  `COVER(turn_wraps, accept && !enable_i && turn_q == '1)
  // How uneven the lines' loads are when a group ends: not at all, by at most an eighth, by half and more.
`ifdef USER_COVERAGE
  logic [CostBits-1:0] heaviest, lightest, load;
  always_comb begin
    heaviest = '0;
    lightest = '1;
    for (int unsigned l = 0; l < Lines; l++) begin
      load = load_q[l] + (l == 32'(line_o) ? cost_i : '0);
      if (load > heaviest) heaviest = load;
      if (load < lightest) lightest = load;
    end
  end
`endif  // USER_COVERAGE
  `COVER(even, accept && last_i && enable_i && heaviest == lightest && heaviest != '0)
  `COVER(
      nearly_even,
      accept && last_i && enable_i && heaviest != lightest && heaviest - lightest <= heaviest / 8)
  `COVER(uneven, accept && last_i && enable_i && heaviest - lightest > heaviest / 2)
  `COVER(even_in_turn, accept && last_i && !enable_i && heaviest == lightest && heaviest != '0)
  `COVER(
      nearly_even_in_turn,
      accept && last_i && !enable_i && heaviest != lightest && heaviest - lightest <= heaviest / 8)
  `COVER(uneven_in_turn, accept && last_i && !enable_i && heaviest - lightest > heaviest / 2)
  `COVER(all_lines_full, accept && last_i && $countones(full) == Lines)
  `COVER(one_channel_a_line, accept && depth_i == 1)
  `COVER(answer_waits, valid_o && !ready_i)

endmodule

bind load_balancer load_balancer_checks #(
    .Lines(Lines),
    .Rows (Rows)
) i_checks (.*);
