// Adds the lines' sums of one row, balanced over line number: ((0+1)+(2+3)) + ((4+5)+(6+7)).
//
// A quarter of the columns enters each cycle, so a row takes four; one register stage a level. A line
// without a channel of the tile counts as +0. Rows come in the order of the tiles.
module reduction_tree #(
    parameter int unsigned Lines = 2,
    parameter int unsigned Columns = 4,
    localparam int unsigned Beats = 4,
    localparam int unsigned BeatColumns = Columns / Beats
) (
    input logic clk_i,
    input logic rst_ni,
    // Finished rows of the lines
    input logic [Lines-1:0] valid_i,
    output logic [Lines-1:0] ready_o,
    input logic [Lines-1:0][Columns-1:0][core_pkg::SumBits-1:0] sum_i,
    // Tiles
    input core_pkg::tile_cmd_t [core_pkg::TileSlots-1:0] tile_i,
    input logic [core_pkg::TileSlots-1:0] tile_zero_i,
    input logic [core_pkg::TileBits:0] opened_i,
    output logic [core_pkg::TileBits:0] reduced_o,
    // Rows
    output logic valid_o,
    input logic ready_i,
    output logic [Columns-1:0][core_pkg::SumBits-1:0] sum_o,
    output logic [core_pkg::RowsBits-1:0] row_o,
    output logic [core_pkg::TileBits-1:0] tile_o
);

  localparam int unsigned Levels = $clog2(Lines);
  localparam int unsigned BeatBits = $clog2(Beats);

  typedef struct packed {
    logic                          valid;
    logic [BeatBits-1:0]           beat;
    logic [core_pkg::RowsBits-1:0] row;
    logic [core_pkg::TileBits-1:0] tile;
  } tag_t;

  // ---------------------------------------------------------------------------------------------
  // Which row is next
  // ---------------------------------------------------------------------------------------------
  logic [core_pkg::TileBits:0] reduced_q;
  logic [core_pkg::TileBits-1:0] slot;
  logic [core_pkg::RowsBits-1:0] row_q;
  logic [BeatBits-1:0] beat_q;
  logic [Lines-1:0] active;
  logic open, inter, advance, start, row_end, tile_end;

  assign slot = reduced_q[core_pkg::TileBits-1:0];
  assign open = reduced_q != opened_i;
  assign inter = open && !tile_zero_i[slot] && !tile_i[slot].intra;
  assign active = tile_i[slot].line_mask[Lines-1:0];
  assign advance = !valid_o || ready_i;
  assign start = inter && advance && (valid_i & active) == active;
  assign row_end = start && beat_q == BeatBits'(Beats - 1);
  assign tile_end = row_end && row_q + 1'b1 == tile_i[slot].rows;
  assign ready_o = row_end ? active : '0;
  assign reduced_o = reduced_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      reduced_q <= '0;
      row_q     <= '0;
      beat_q    <= '0;
    end else begin
      if (start) beat_q <= beat_q + 1'b1;
      if (row_end) row_q <= tile_end ? '0 : row_q + 1'b1;
      // Tiles of WG and of zeros pass by the tree.
      if (tile_end || (open && !inter)) reduced_q <= reduced_q + 1'b1;
    end
  end

  // ---------------------------------------------------------------------------------------------
  // Levels: level k holds Lines >> k sums of each column of the beat
  // ---------------------------------------------------------------------------------------------
  typedef logic [BeatColumns-1:0][core_pkg::SumBits-1:0] sums_t;
  tag_t [Levels:0] tag_q;
  sums_t root;

  assign tag_q[0] = '{valid: start, beat: beat_q, row: row_q, tile: slot};

  for (genvar k = 0; k <= Levels; k++) begin : gen_levels
    sums_t sums[Lines>>k];
    if (k == 0) begin : gen_leaves
      always_comb begin
        for (int unsigned l = 0; l < Lines; l++) begin
          sums[l] = '0;
          if (start && active[l]) sums[l] = sum_i[l][beat_q*BeatColumns+:BeatColumns];
        end
      end
    end else begin : gen_adders
      always_ff @(posedge clk_i) begin
        if (advance && tag_q[k-1].valid) begin
          for (int unsigned n = 0; n < (Lines >> k); n++) begin
            for (int unsigned c = 0; c < BeatColumns; c++) begin
              sums[n][c] <=
                  fp_pkg::acc_add(gen_levels[k-1].sums[2*n][c], gen_levels[k-1].sums[2*n+1][c]);
            end
          end
        end
      end
      always_ff @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) tag_q[k] <= '0;
        else if (advance) tag_q[k] <= tag_q[k-1];
      end
    end
  end
  assign root = gen_levels[Levels].sums[0];

  // ---------------------------------------------------------------------------------------------
  // Beats back to a row
  // ---------------------------------------------------------------------------------------------
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) valid_o <= 1'b0;
    else if (advance) begin
      valid_o <= tag_q[Levels].valid && tag_q[Levels].beat == BeatBits'(Beats - 1);
    end
  end
  always_ff @(posedge clk_i) begin
    if (advance && tag_q[Levels].valid) begin
      sum_o[tag_q[Levels].beat*BeatColumns+:BeatColumns] <= root;
      row_o <= tag_q[Levels].row;
      tile_o <= tag_q[Levels].tile;
    end
  end

endmodule
