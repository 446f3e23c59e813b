// Sends a row of results in two beats, lower columns first (32 bytes a cycle for 16 columns).
module result_out #(
    parameter int unsigned Columns = 4,
    localparam int unsigned BeatColumns = Columns / 2
) (
    input  logic                                          clk_i,
    input  logic                                          rst_ni,
    input  logic                                          valid_i,
    output logic                                          ready_o,
    input  logic [    Columns-1:0][core_pkg::SumBits-1:0] sum_i,
    output logic                                          valid_o,
    input  logic                                          ready_i,
    output logic                                          upper_o,
    output logic [BeatColumns-1:0][core_pkg::SumBits-1:0] data_o
);

  logic upper_q;

  assign valid_o = valid_i;
  assign upper_o = upper_q;
  assign data_o  = upper_q ? sum_i[Columns-1:BeatColumns] : sum_i[BeatColumns-1:0];
  assign ready_o = ready_i && upper_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) upper_q <= 1'b0;
    else if (valid_o && ready_i) upper_q <= !upper_q;
  end

endmodule
