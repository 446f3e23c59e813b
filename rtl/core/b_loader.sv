// Writes the B rows of each tile into the lines' memories, one row a cycle, in the order of the tiles.
//
// FP, BP, FC: `b_rows` rows for each line of the mask, lines ascending. WG: each row goes to all lines.
module b_loader #(
    parameter int unsigned Lines = 2
) (
    input  logic                       clk_i,
    input  logic                       rst_ni,
    // Tiles opened
    input  logic                       open_i,
    input  logic                       open_parity_i,
    input  logic                       open_all_i,     // WG
    input  logic [core_pkg::KBits-1:0] open_rows_i,
    input  logic [          Lines-1:0] open_lines_i,
    // Rows of B
    input  logic                       valid_i,
    output logic                       ready_o,
    output logic [          Lines-1:0] write_o,
    output logic [  core_pkg::KBits:0] addr_o,
    // By half of the B memory
    output logic [                1:0] loaded_o
);

  localparam int unsigned JobBits = 1 + 1 + core_pkg::KBits + Lines;

  logic job_valid, job_done, job_parity, job_all;
  logic [core_pkg::KBits-1:0] job_rows, row_q;
  logic [Lines-1:0] job_lines, done_q, todo, line;
  logic unused_ready;  // two tiles at most are open, and the queue holds both

  stream_fifo #(
      .Width(JobBits),
      .Depth(2)
  ) i_jobs (
      .clk_i,
      .rst_ni,
      .valid_i(open_i),
      .ready_o(unused_ready),
      .data_i ({open_parity_i, open_all_i, open_rows_i, open_lines_i}),
      .valid_o(job_valid),
      .ready_i(job_done),
      .data_o ({job_parity, job_all, job_rows, job_lines})
  );

  logic none, last_row, last_line;

  assign todo = job_lines & ~done_q;
  assign line = todo & (~todo + 1'b1);
  assign none = job_rows == '0 || job_lines == '0;
  assign last_row = row_q + 1'b1 == job_rows;
  assign last_line = job_all || (todo & ~line) == '0;
  assign job_done = job_valid && (none || (valid_i && last_row && last_line));

  assign ready_o = job_valid && !none;
  assign write_o = !(valid_i && ready_o) ? '0 : job_all ? '1 : line;
  assign addr_o = {job_parity, row_q};

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      row_q    <= '0;
      done_q   <= '0;
      loaded_o <= '0;
    end else begin
      if (open_i) loaded_o[open_parity_i] <= 1'b0;
      if (valid_i && ready_o) begin
        row_q <= last_row ? '0 : row_q + 1'b1;
        if (last_row) done_q <= last_line ? '0 : done_q | line;
      end
      if (job_done) loaded_o[job_parity] <= 1'b1;
    end
  end

endmodule
