// Where the words of a row lie from its base: one table for each phase, written with its tile.
//
// Two tiles are open at a time, so there are two copies; every line reads its own part each cycle.
module segment_table #(
    parameter int unsigned Lines = 2,
    parameter int unsigned Rows = 8,
    localparam int unsigned PartWords = Rows / core_pkg::WordLen
) (
    input  logic                                                                clk_i,
    input  logic                                                                write_i,
    input  logic                 [core_pkg::TableBits:0]                        write_index_i,
    input  core_pkg::seg_entry_t [        PartWords-1:0]                        entries_i,
    input  logic                 [            Lines-1:0][core_pkg::TableBits:0] index_i,
    output core_pkg::seg_entry_t [            Lines-1:0][        PartWords-1:0] entries_o
);

  core_pkg::seg_entry_t [PartWords-1:0] table_q[2*core_pkg::TableDepth];

  always_ff @(posedge clk_i) begin
    if (write_i) table_q[write_index_i] <= entries_i;
  end

  always_comb begin
    for (int unsigned l = 0; l < Lines; l++) entries_o[l] = table_q[index_i[l]];
  end

endmodule
