`include "tb/checks.svh"

// Checks of paths side by side: a write stays until it is taken, and the paths take turns.
module result_paths_checks #(
    parameter int unsigned Paths = 1,
    localparam int unsigned PathBits = Paths > 1 ? $clog2(Paths) : 1
) (
    input logic clk_i,
    input logic rst_ni,
    input logic write_valid_o,
    input logic write_ready_i,
    input chip_pkg::write_t write_o,
    input logic error_o,
    input chip_pkg::cause_e cause_o,
    input logic [chip_pkg::JobBits-1:0] error_job_o,
    input logic [Paths-1:0] write_valid,
    input logic [Paths-1:0] busy,
    input logic [Paths-1:0] failed,
    input logic [PathBits-1:0] pick
);

  // Whose write was the last one, and whether one waits.
  logic [PathBits-1:0] last_q;
  logic waits_q;
  logic [Paths-1:0] others;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      last_q  <= PathBits'(Paths - 1);
      waits_q <= 1'b0;
    end else begin
      waits_q <= write_valid_o && !write_ready_i;
      if (write_valid_o && write_ready_i) last_q <= pick;
    end
  end

  always_comb begin
    others = write_valid;
    others[last_q] = 1'b0;
  end

  `CHECK_NEXT(write_held, write_valid_o && !write_ready_i, error_o || (write_valid_o && $stable
              (write_o)))
  `CHECK(in_turn, write_valid_o && !waits_q, write_valid[pick] && (others == '0 || others[pick]))
  `CHECK(no_cause_without_an_error, !error_o, cause_o == chip_pkg::CauseNone && error_job_o == '0)
  `CHECK(error_has_a_cause, error_o, cause_o != chip_pkg::CauseNone && !write_valid_o)

  `COVER(several_write, $countones(write_valid) > 1)
  `COVER(write_waits, write_valid_o && !write_ready_i)
  `COVER(one_is_busy, $onehot(busy))
  `COVER(all_are_busy, busy == '1)
  `COVER(one_has_failed, failed != '0)

endmodule

bind result_paths result_paths_checks #(.Paths(Paths)) i_checks (.*);
