// Carries out the core's commands: opens tiles, fills the segment table, tells lines their runs.
//
// Lines work on two tiles at a time (two halves of their B memory); results of up to four tiles may
// be on their way to the partial sums. A tile opens when both have room for it and the channels of its
// group have their lines.
module sequencer #(
    parameter int unsigned Lines = 2,
    parameter int unsigned Rows = 8,
    localparam int unsigned PartWords = Rows / core_pkg::WordLen
) (
    input logic clk_i,
    input logic rst_ni,
    // Commands
    input logic valid_i,
    output logic ready_o,
    input logic [core_pkg::CmdBits-1:0] cmd_i,
    // Tiles
    output logic open_o,
    output logic open_parity_o,
    output logic open_intra_o,
    output core_pkg::b_rows_t open_b_o,
    // Channel groups
    input logic group_valid_i,  // the next tile's group has its lines
    output logic group_ready_o,  // the group's last tile opens
    input logic [Lines-1:0] tile_end_i,
    input logic [Lines-1:0] tile_end_parity_i,
    // Segment table
    output logic table_write_o,
    output logic [core_pkg::TableBits:0] table_index_o,
    output core_pkg::seg_entry_t [PartWords-1:0] entries_o,
    // Runs
    output logic [Lines-1:0] run_valid_o,
    input logic [Lines-1:0] run_ready_i,
    output core_pkg::line_run_t [Lines-1:0] run_o,
    // Lines have a tile: A may flow, the way `intra` says
    output logic a_enable_o,
    // Rows of WG, for the dispatcher to place
    output logic intra_o,
    output logic row_valid_o,
    input logic row_ready_i,
    output logic [core_pkg::RowsBits-1:0] row_o,
    input logic [Lines-1:0] row_run_i,
    // What the reduction and the partial sums need to know of the open tiles
    output core_pkg::tile_cmd_t [core_pkg::TileSlots-1:0] tile_o,
    output logic [core_pkg::TileSlots-1:0][core_pkg::BlockBits-1:0] block_o,
    output logic [core_pkg::TileSlots-1:0] tile_valid_o,  // rows still to come
    output logic [core_pkg::TileSlots-1:0] tile_zero_o,  // all rows are +0
    output logic [core_pkg::TileBits:0] opened_o,  // tiles opened, mod 8
    input logic [core_pkg::TileBits:0] reduced_i,  // tiles reduced, mod 8
    input logic row_done_i,
    input logic [core_pkg::TileBits-1:0] row_done_tile_i
);

  localparam int unsigned SegBits = PartWords * $bits(core_pkg::seg_entry_t);

  core_pkg::op_e op;
  core_pkg::tile_cmd_t tile_cmd;
  core_pkg::run_cmd_t run_cmd;

  assign op = core_pkg::op_e'(cmd_i[core_pkg::CmdBits-1-:core_pkg::OpBits]);
  assign tile_cmd = core_pkg::tile_cmd_t'(cmd_i[$bits(core_pkg::tile_cmd_t)-1:0]);
  assign run_cmd = core_pkg::run_cmd_t'(cmd_i[$bits(core_pkg::run_cmd_t)-1:0]);

  logic [core_pkg::TileBits:0] opened_q;
  logic [core_pkg::TileBits-1:0] next, open_q;
  logic [core_pkg::TileSlots-1:0][core_pkg::RowsBits-1:0] remaining_q;
  logic [1:0] line_busy_q;
  logic [1:0][Lines-1:0] ended_q, ended;
  logic [core_pkg::BlockBits-1:0] block_q;
  logic [core_pkg::RowsBits-1:0] row_q;
  logic intra_q;
  logic parity_q;  // half of the lines' B memory that the open tile uses; tiles of zeros use none

  logic slot_free, way_free, results_due, rows_done, run_all, accept;
  logic open_zero, is_open, is_zero, is_run, is_segment;
  logic intra;

  assign next = opened_q[core_pkg::TileBits-1:0];
  assign slot_free = remaining_q[next] == '0 &&
                     (opened_q - reduced_i) != (core_pkg::TileBits + 1)'(core_pkg::TileSlots);
  assign is_open = valid_i && op == core_pkg::OpTile;
  assign is_zero = valid_i && op == core_pkg::OpZero;
  assign is_run = valid_i && op == core_pkg::OpRun;
  assign is_segment = valid_i && op == core_pkg::OpSegment;

  // A run of WG is given out row by row; when all rows have lines, the tile's end goes to all.
  assign rows_done = !intra_q || row_q == run_cmd.rows;
  assign run_all = is_run && rows_done && (&run_ready_i);

  // A tile of zeros is one of the other steps, also if it is the first after a WG or a reset.
  assign intra = tile_cmd.intra && !is_zero;

  // Between WG and the other steps rows take another way to the partial sums: all must have arrived. In
  // WG rows come in any order: a block's last tile waits until all results of the block before have gone,
  // so that they leave block by block.
  always_comb begin
    results_due = 1'b0;
    for (int unsigned s = 0; s < core_pkg::TileSlots; s++) begin
      if (tile_valid_o[s] && tile_o[s].last) results_due = 1'b1;
    end
  end
  assign way_free = intra != intra_q ? line_busy_q == '0 && tile_valid_o == '0 :
                    !(intra && tile_cmd.last && results_due);
  assign open_o = is_open && slot_free && way_free && !line_busy_q[!parity_q] &&
                  (tile_cmd.intra || group_valid_i);
  assign group_ready_o = open_o && !tile_cmd.intra && tile_cmd.b.group_end;
  // One tile of zeros at a time: its rows are counted in one place.
  assign open_zero = is_zero && slot_free && way_free && (tile_valid_o & tile_zero_o) == '0;
  assign open_parity_o = !parity_q;
  assign open_intra_o = tile_cmd.intra;
  assign open_b_o = tile_cmd.b;
  assign table_write_o = is_segment;
  assign table_index_o = {parity_q, cmd_i[SegBits+:core_pkg::TableBits]};
  assign entries_o = cmd_i[SegBits-1:0];

  assign accept = open_o || is_segment || run_all || open_zero;
  assign ready_o = accept;

  assign a_enable_o = line_busy_q != '0;
  assign intra_o = intra_q;
  assign row_valid_o = is_run && intra_q && !rows_done;
  assign row_o = row_q;

  always_comb begin
    for (int unsigned l = 0; l < Lines; l++) begin
      run_o[l] = '{
          advance: run_cmd.advance,
          rows: run_cmd.rows,
          step: run_cmd.step,
          window: run_cmd.window,
          phase: run_cmd.phase,
          parts: run_cmd.parts,
          tile_end: run_cmd.tile_end,
          parity: parity_q,
          tile: open_q,
          row: row_q
      };
      run_valid_o[l] = run_all;
      if (intra_q) begin
        run_o[l].rows = run_all ? '0 : core_pkg::RowsBits'(1);
        run_o[l].tile_end = run_all && run_cmd.tile_end;
        run_valid_o[l] = run_all || row_run_i[l];
      end else if (!tile_o[open_q].line_mask[l]) begin
        // A line without a channel of this tile only learns that the tile has ended.
        run_o[l].rows  = '0;
        run_valid_o[l] = run_all && run_cmd.tile_end;
      end
    end
  end

  always_comb begin
    ended = ended_q;
    for (int unsigned l = 0; l < Lines; l++) begin
      if (tile_end_i[l]) ended[tile_end_parity_i[l]][l] = 1'b1;
    end
  end

  always_comb begin
    for (int unsigned s = 0; s < core_pkg::TileSlots; s++) tile_valid_o[s] = remaining_q[s] != '0;
  end
  assign opened_o = opened_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      opened_q    <= '0;
      open_q      <= '0;
      remaining_q <= '0;
      line_busy_q <= '0;
      ended_q     <= '0;
      block_q     <= '0;
      row_q       <= '0;
      parity_q    <= 1'b0;
      tile_zero_o <= '0;
    end else begin
      for (int unsigned p = 0; p < 2; p++) begin
        ended_q[p] <= &ended[p] ? '0 : ended[p];
        if (&ended[p]) line_busy_q[p] <= 1'b0;
      end
      if (row_done_i) remaining_q[row_done_tile_i] <= remaining_q[row_done_tile_i] - 1'b1;
      if (open_o || open_zero) begin
        opened_q          <= opened_q + 1'b1;
        open_q            <= next;
        remaining_q[next] <= is_zero ? run_cmd.rows : tile_cmd.rows;
        tile_zero_o[next] <= is_zero;
        if (is_zero || tile_cmd.first) block_q <= block_q + 1'b1;
      end
      if (open_o) begin
        parity_q               <= !parity_q;
        line_busy_q[!parity_q] <= 1'b1;
      end
      if (run_all) row_q <= '0;
      else if (row_ready_i) row_q <= row_q + 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (open_o || open_zero) begin
      intra_q <= intra;
      tile_o[next] <= is_zero ?
      '{last: 1'b1, first: 1'b1, rows: run_cmd.rows, default: '0}
      : tile_cmd;
      block_o[next] <= is_zero || tile_cmd.first ? block_q + 1'b1 : block_q;
    end
  end

endmodule
