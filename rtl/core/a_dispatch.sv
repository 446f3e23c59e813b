// Gives beats of A to lines.
//
// FP, BP, FC: the sender names the line (the balancer's assignment). WG: a beat that starts a row goes
// to the line with the least work in hand, ties to the lower line, and takes the row's place in the
// line's run queue with it; the row's further beats follow it. A row of partial sums is not given
// out again before the previous tile's sum has arrived there.
module a_dispatch #(
    parameter int unsigned Lines = 2,
    parameter int unsigned Rows = 8,
    parameter int unsigned PsumRows = 16,
    localparam int unsigned LineBits = $clog2(Lines),
    localparam int unsigned PsumBits = $clog2(PsumRows)
) (
    input  logic                          clk_i,
    input  logic                          rst_ni,
    input  logic                          enable_i,
    input  logic                          intra_i,
    // Beats
    input  logic                          valid_i,
    output logic                          ready_o,
    input  logic                          first_i,
    input  logic [          LineBits-1:0] line_i,
    input  logic [              Rows-1:0] mask_i,
    input  logic [              Rows-1:0] group_i,
    output logic [             Lines-1:0] valid_o,
    input  logic [             Lines-1:0] ready_i,
    // Rows of WG
    input  logic                          row_valid_i,
    output logic                          row_ready_o,
    input  logic [core_pkg::RowsBits-1:0] row_i,
    output logic [             Lines-1:0] run_valid_o,
    input  logic [             Lines-1:0] run_ready_i,
    // What the lines and the partial sums have done
    input  logic [             Lines-1:0] issue_i,
    input  logic                          commit_i,
    input  logic [core_pkg::RowsBits-1:0] commit_row_i
);

  // Work in hand, in cycles: 64 ring words and three beats of FP16 elements.
  localparam int unsigned WorkBits = $clog2(
      2 * (core_pkg::RingWords * core_pkg::WordLen + 3 * Rows) + 1
  );
  localparam int unsigned CostBits = $clog2(2 * Rows + 1);

  logic [Lines-1:0][WorkBits-1:0] work_q;
  logic [PsumRows-1:0] pending_q;
  logic [LineBits-1:0] line_q, least, target;
  logic [Lines-1:0] can_start;
  logic [CostBits-1:0] cost;
  logic start, accept;

  assign can_start = ready_i & run_ready_i;
  always_comb begin
    least = '0;
    for (int unsigned l = 0; l < Lines; l++) begin
      if (can_start[l] && (!can_start[least] || work_q[l] < work_q[least])) least = LineBits'(l);
    end
  end

  assign start = intra_i && first_i;
  assign target = !intra_i ? line_i : first_i ? least : line_q;
  assign ready_o = enable_i && (start ? can_start[least] && row_valid_i &&
                                      !pending_q[row_i[PsumBits-1:0]] : ready_i[target]);
  assign accept = valid_i && ready_o;
  assign row_ready_o = accept && start;
  assign cost = CostBits'($countones(mask_i)) + CostBits'($countones(mask_i & group_i));

  always_comb begin
    valid_o             = '0;
    run_valid_o         = '0;
    valid_o[target]     = accept;
    run_valid_o[target] = accept && start;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      work_q    <= '0;
      pending_q <= '0;
    end else if (intra_i) begin
      for (int unsigned l = 0; l < Lines; l++) begin
        work_q[l] <= work_q[l] + (valid_o[l] ? WorkBits'(cost) : '0) - WorkBits'(issue_i[l]);
      end
      if (commit_i) pending_q[commit_row_i[PsumBits-1:0]] <= 1'b0;
      if (row_ready_o) pending_q[row_i[PsumBits-1:0]] <= 1'b1;
    end
  end

  // A row's first beat comes before its further ones.
  always_ff @(posedge clk_i) begin
    if (row_ready_o) line_q <= least;
  end

endmodule
