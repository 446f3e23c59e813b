// Adds finished rows to the partial sums of the block; a block's last tile sends them out instead.
//
// One row a cycle, from three sources: rows of the reduction tree, of the lines themselves (WG), and
// rows of +0 (phases without a tap). Read, add, write: a row whose predecessor at the same address is
// still on its way waits.
module partial_sum #(
    parameter int unsigned Lines = 2,
    parameter int unsigned Columns = 4,
    parameter int unsigned PsumRows = 16,
    localparam int unsigned PsumBits = $clog2(PsumRows)
) (
    input logic clk_i,
    input logic rst_ni,
    // Tiles
    input core_pkg::tile_cmd_t [core_pkg::TileSlots-1:0] tile_i,
    input logic [core_pkg::TileSlots-1:0][core_pkg::BlockBits-1:0] block_i,
    input logic [core_pkg::TileSlots-1:0] tile_valid_i,
    input logic [core_pkg::TileSlots-1:0] tile_zero_i,
    // Rows of the tree
    input logic tree_valid_i,
    output logic tree_ready_o,
    input logic [Columns-1:0][core_pkg::SumBits-1:0] tree_sum_i,
    input logic [core_pkg::RowsBits-1:0] tree_row_i,
    input logic [core_pkg::TileBits-1:0] tree_tile_i,
    // Rows of the lines (WG)
    input logic intra_i,
    input logic [Lines-1:0] line_valid_i,
    output logic [Lines-1:0] line_ready_o,
    input logic [Lines-1:0][Columns-1:0][core_pkg::SumBits-1:0] line_sum_i,
    input logic [Lines-1:0][core_pkg::RowsBits-1:0] line_row_i,
    input logic [Lines-1:0][core_pkg::TileBits-1:0] line_tile_i,
    // A row was taken
    output logic row_done_o,
    output logic [core_pkg::TileBits-1:0] row_done_tile_o,
    // A row's sum has arrived
    output logic commit_o,
    output logic [core_pkg::RowsBits-1:0] commit_row_o,
    // Results
    output logic valid_o,
    input logic ready_i,
    output logic [Columns-1:0][core_pkg::SumBits-1:0] sum_o,
    output logic [core_pkg::RowsBits-1:0] row_o,
    output logic [core_pkg::BlockBits-1:0] block_o,
    // Rows on their way
    output logic busy_o,
    // Counters
    output logic psum_read_o,
    output logic psum_write_o
);

  localparam int unsigned RowWidth = Columns * core_pkg::SumBits;
  localparam int unsigned ResultDepth = 4;
  localparam int unsigned CreditBits = $clog2(ResultDepth + 1);
  localparam int unsigned LineBits = $clog2(Lines);

  typedef struct packed {
    logic                           valid;
    logic                           last;
    logic [core_pkg::RowsBits-1:0]  row;
    logic [core_pkg::BlockBits-1:0] block;
  } tag_t;

  // ---------------------------------------------------------------------------------------------
  // Choice of a row
  // ---------------------------------------------------------------------------------------------
  logic [core_pkg::RowsBits-1:0] zero_row_q;
  logic [core_pkg::TileBits-1:0] zero_tile;
  logic zero_valid;
  logic [LineBits-1:0] turn_q, chosen;
  logic any_line, valid, accept, room, clash;
  logic [core_pkg::TileBits-1:0] tile;
  logic [core_pkg::RowsBits-1:0] row;
  logic [CreditBits-1:0] credits_q;
  tag_t read_d, read_q, add_q;
  logic first_q;

  always_comb begin
    zero_valid = 1'b0;
    zero_tile  = '0;
    for (int unsigned s = 0; s < core_pkg::TileSlots; s++) begin
      if (tile_valid_i[s] && tile_zero_i[s]) begin
        zero_valid = 1'b1;
        zero_tile  = core_pkg::TileBits'(s);
      end
    end
  end

  // Round robin over the lines, so that none starves.
  always_comb begin
    any_line = 1'b0;
    chosen   = '0;
    if (intra_i && line_valid_i != '0) begin
      any_line = 1'b1;
      for (int unsigned l = Lines; l > 0; l--) begin
        if (line_valid_i[LineBits'(turn_q+LineBits'(l-1))]) begin
          chosen = LineBits'(turn_q + LineBits'(l - 1));
        end
      end
    end
  end

  always_comb begin
    if (tree_valid_i) begin
      tile = tree_tile_i;
      row  = tree_row_i;
    end else if (any_line) begin
      tile = line_tile_i[chosen];
      row  = line_row_i[chosen];
    end else begin
      tile = zero_tile;
      row  = zero_row_q;
    end
  end

  assign valid = tree_valid_i || any_line || zero_valid;
  assign room = !tile_i[tile].last || credits_q != '0;
  assign clash = (read_q.valid && read_q.row == row) || (add_q.valid && add_q.row == row);
  assign accept = valid && room && !clash;
  assign tree_ready_o = accept;
  assign row_done_o = accept;
  assign row_done_tile_o = tile;

  always_comb begin
    line_ready_o = '0;
    line_ready_o[chosen] = accept && !tree_valid_i && any_line;
  end

  assign read_d = '{valid: accept, last: tile_i[tile].last, row: row, block: block_i[tile]};

  // ---------------------------------------------------------------------------------------------
  // Read, add, write
  // ---------------------------------------------------------------------------------------------
  logic [Columns-1:0][core_pkg::SumBits-1:0] row_q, sum_q;
  logic [Columns-1:0][core_pkg::SumBits-1:0] old;
  logic result_valid;
  logic unused_result_ready;  // credits keep a place

  assign psum_read_o  = accept && !tile_i[tile].first;
  assign psum_write_o = add_q.valid && !add_q.last;

  sram #(
      .Words    (PsumRows),
      .WordWidth(RowWidth)
  ) i_psum (
      .clk_i,
      .write_i     (psum_write_o),
      .write_addr_i(add_q.row[PsumBits-1:0]),
      .write_data_i(sum_q),
      .read_i      (psum_read_o),
      .read_addr_i (row[PsumBits-1:0]),
      .read_data_o (old)
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      read_q     <= '0;
      add_q      <= '0;
      turn_q     <= '0;
      zero_row_q <= '0;
      credits_q  <= CreditBits'(ResultDepth);
    end else begin
      read_q <= read_d;
      add_q  <= read_q;
      if (accept && !tree_valid_i && any_line) turn_q <= chosen + 1'b1;
      if (accept && !tree_valid_i && !any_line) begin
        zero_row_q <= zero_row_q + 1'b1 == tile_i[tile].rows ? '0 : zero_row_q + 1'b1;
      end
      if ((accept && read_d.last) != (valid_o && ready_i)) begin
        credits_q <= accept && read_d.last ? credits_q - 1'b1 : credits_q + 1'b1;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (accept) first_q <= tile_i[tile].first;
    if (accept) row_q <= tree_valid_i ? tree_sum_i : any_line ? line_sum_i[chosen] : '0;
    if (read_q.valid) begin
      for (int unsigned c = 0; c < Columns; c++) begin
        sum_q[c] <= fp_pkg::acc_add(first_q ? '0 : old[c], row_q[c]);
      end
    end
  end

  assign busy_o = read_q.valid || add_q.valid || valid_o;
  assign commit_o = add_q.valid;
  assign commit_row_o = add_q.row;
  assign result_valid = add_q.valid && add_q.last;

  stream_fifo #(
      .Width(core_pkg::BlockBits + core_pkg::RowsBits + RowWidth),
      .Depth(ResultDepth)
  ) i_results (
      .clk_i,
      .rst_ni,
      .valid_i(result_valid),
      .ready_o(unused_result_ready),
      .data_i ({add_q.block, add_q.row, sum_q}),
      .valid_o,
      .ready_i,
      .data_o ({block_o, row_o, sum_o})
  );

endmodule
