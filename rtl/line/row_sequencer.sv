// Walks a line's runs row by row and fetches the masks of each row's parts, ahead of the PEs.
//
// A row starts when its tile's B rows are loaded and the last word that it spans has reached the
// ring. A row without taps needs neither, but waits for B too: a tile must not end, and free its half of
// the B memory, while that half is still being loaded. One part is fetched a cycle; an empty part is
// dropped unless it ends its row.
module row_sequencer #(
    parameter int unsigned Rows = 8,
    localparam int unsigned PartWords = Rows / core_pkg::WordLen,
    localparam int unsigned SkipBits = $clog2(Rows + 1)
) (
    input logic clk_i,
    input logic rst_ni,
    // Runs
    input logic run_valid_i,
    output logic run_ready_o,
    input core_pkg::line_run_t run_i,
    // What the row waits for
    input logic [1:0] b_loaded_i,  // by half of the B memory
    input logic [core_pkg::CountBits-1:0] written_i,  // ring words so far, mod 128
    // Segment table and ring
    output logic [core_pkg::TableBits:0] table_index_o,
    input core_pkg::seg_entry_t [PartWords-1:0] entries_i,
    output logic gather_o,
    output logic [core_pkg::AddrBits-1:0] base_o,
    input logic [Rows-1:0] mask_i,
    input logic [Rows-1:0] group_i,
    input logic [SkipBits-1:0] zeros_i,
    // Parts of rows
    output logic valid_o,
    input logic ready_i,
    output logic [Rows-1:0] mask_o,
    output logic [Rows-1:0] group_o,
    output core_pkg::word_place_t [PartWords-1:0] places_o,
    output logic [core_pkg::AddrBits-1:0] part_base_o,
    output logic row_end_o,
    output logic tile_end_o,
    output logic [core_pkg::CountBits-1:0] release_o,
    output logic parity_o,
    output logic [core_pkg::TileBits-1:0] tile_o,
    output logic [core_pkg::RowsBits-1:0] row_o,
    // Counters
    output logic [SkipBits-1:0] skipped_o,
    output logic wait_a_o,
    output logic wait_b_o
);

  logic [core_pkg::CountBits-1:0] base_q, available, passed;
  logic [core_pkg::RowsBits-1:0] row_q;
  logic [core_pkg::PartBits-1:0] part_q;

  logic marker, empty_row, b_ready, a_ready, can_step, last_part, last_row, keep;

  assign marker = run_i.rows == '0;
  assign empty_row = run_i.parts == '0;
  assign b_ready = b_loaded_i[run_i.parity];
  assign available = written_i - base_q;
  assign a_ready = available >= run_i.window;

  assign can_step = run_valid_i && (marker || (b_ready && (empty_row || a_ready))) &&
                    (!valid_o || ready_i);
  assign gather_o = can_step && !marker && !empty_row;
  assign base_o = base_q[core_pkg::AddrBits-1:0];
  assign table_index_o = {run_i.parity, run_i.phase, part_q};

  assign last_part = (core_pkg::PartBits + 1)'(part_q) + 1'b1 >= run_i.parts;
  assign last_row = row_q + 1'b1 >= run_i.rows;
  assign run_ready_o = can_step && last_part && last_row;
  // Ring words behind the row, that none later reads. A marker has none.
  assign passed = marker ? '0 : last_row ? run_i.advance : run_i.step;
  assign keep = mask_i != '0 || last_part;

  assign skipped_o = zeros_i;
  assign wait_a_o = run_valid_i && !marker && !empty_row && b_ready && !a_ready;
  assign wait_b_o = run_valid_i && !marker && !b_ready;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      base_q  <= '0;
      row_q   <= '0;
      part_q  <= '0;
      valid_o <= 1'b0;
    end else begin
      if (ready_i) valid_o <= 1'b0;
      if (can_step) begin
        valid_o <= keep;
        part_q  <= last_part ? '0 : part_q + 1'b1;
        if (last_part) begin
          row_q  <= last_row ? '0 : row_q + 1'b1;
          base_q <= base_q + passed;
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (can_step && keep) begin
      mask_o  <= mask_i;
      group_o <= group_i;
      for (int unsigned w = 0; w < PartWords; w++) places_o[w] <= entries_i[w].place;
      part_base_o <= base_q[core_pkg::AddrBits-1:0];
      row_end_o   <= last_part && !marker;
      tile_end_o  <= last_part && last_row && run_i.tile_end;
      release_o   <= last_part ? passed : '0;
      parity_o    <= run_i.parity;
      tile_o      <= run_i.tile;
      row_o       <= run_i.row + row_q;
    end
  end

endmodule
