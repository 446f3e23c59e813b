// Zero skipping: issues the non-zero elements of a part of a row one after the other, an FP8 element in one
// cycle and an FP16 element in two.
//
// The end of a row rides on its last element; only a row (or the last part of one) without any
// non-zero costs a cycle of its own. A row may end only if the queue behind the PEs has room for it.
module nonzero_walker #(
    parameter int unsigned Rows = 8,
    parameter int unsigned RowQueue = 2,
    localparam int unsigned PartWords = Rows / core_pkg::WordLen,
    localparam int unsigned IndexBits = $clog2(Rows)
) (
    input logic clk_i,
    input logic rst_ni,
    // Parts of rows
    input logic valid_i,
    output logic ready_o,
    input logic [Rows-1:0] mask_i,
    input logic [Rows-1:0] group_i,
    input core_pkg::word_place_t [PartWords-1:0] places_i,
    input logic [core_pkg::AddrBits-1:0] base_i,
    input logic row_end_i,
    input logic tile_end_i,
    input logic [core_pkg::CountBits-1:0] release_i,
    input logic parity_i,
    input logic [core_pkg::TileBits-1:0] tile_i,
    input logic [core_pkg::RowsBits-1:0] row_i,
    input logic row_taken_i,  // the queue gave a row away
    // Elements
    output logic issue_o,
    output logic fetch_o,  // first cycle of an element
    output logic wide_o,  // FP16
    output logic phase_o,  // second cycle of FP16
    output logic first_o,  // the row starts here
    output logic [core_pkg::AddrBits-1:0] a_addr_o,
    output logic [1:0] a_slot_o,
    output logic [core_pkg::KBits-1:0] k_o,
    output logic row_end_o,
    output logic row_empty_o,
    output logic parity_o,
    output logic [core_pkg::TileBits-1:0] tile_o,
    output logic [core_pkg::RowsBits-1:0] row_o,
    // Back to the ring and the sequencer
    output logic [core_pkg::CountBits-1:0] release_o,
    output logic tile_end_o,
    output logic wait_queue_o
);

  localparam int unsigned CreditBits = $clog2(RowQueue + 1);

  logic busy_q, phase_q, begun_q;
  logic [Rows-1:0] mask_q, group_q;
  core_pkg::word_place_t [PartWords-1:0] places_q;
  logic [core_pkg::AddrBits-1:0] base_q;
  logic row_end_q, tile_end_q, parity_q;
  logic [core_pkg::CountBits-1:0] release_q;
  logic [core_pkg::TileBits-1:0] tile_q;
  logic [core_pkg::RowsBits-1:0] row_q;
  logic [CreditBits-1:0] credits_q;

  logic [Rows-1:0] onehot, rest;
  logic [IndexBits-1:0] index;
  core_pkg::word_place_t place;
  logic some, wide, step_done, done, free, load;

  // Bit b of the index of the lowest set bit: the OR of the one-hot positions whose number has bit b.
  function automatic logic [IndexBits-1:0][Rows-1:0] index_masks();
    for (int unsigned b = 0; b < IndexBits; b++) begin
      for (int unsigned r = 0; r < Rows; r++) index_masks[b][r] = ((r >> b) & 1) == 1;
    end
  endfunction
  localparam logic [IndexBits-1:0][Rows-1:0] IndexMasks = index_masks();

  assign onehot = mask_q & (~mask_q + 1'b1);
  assign rest   = mask_q & ~onehot;
  always_comb begin
    for (int unsigned b = 0; b < IndexBits; b++) index[b] = |(onehot & IndexMasks[b]);
  end
  assign some = busy_q && mask_q != '0;
  assign wide = |(onehot & group_q);
  assign step_done = !wide || phase_q;
  assign done = busy_q && rest == '0 && step_done;

  assign free = !busy_q || done;
  assign ready_o = free && (!row_end_i || credits_q != '0);
  assign load = valid_i && ready_o;
  assign wait_queue_o = valid_i && free && !ready_o;

  assign place = places_q[index[IndexBits-1:$clog2(core_pkg::WordLen)]];
  assign issue_o = some;
  assign fetch_o = some && !phase_q;
  assign wide_o = wide;
  assign phase_o = phase_q;
  assign first_o = !begun_q;
  assign a_slot_o = index[1:0];
  assign a_addr_o = base_q + place.offset;
  assign k_o = place.k_base + core_pkg::KBits'(index[1:0]);
  assign row_end_o = done && row_end_q;
  assign row_empty_o = !some && !begun_q;
  assign parity_o = parity_q;
  assign tile_o = tile_q;
  assign row_o = row_q;
  assign release_o = done ? release_q : '0;
  assign tile_end_o = done && tile_end_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      busy_q    <= 1'b0;
      phase_q   <= 1'b0;
      begun_q   <= 1'b0;
      credits_q <= CreditBits'(RowQueue);
    end else begin
      if (load) busy_q <= 1'b1;
      else if (done) busy_q <= 1'b0;
      if (some) phase_q <= wide && !phase_q;
      // An FP16 element starts its row in both its cycles, one for each column.
      if (done && row_end_q) begun_q <= 1'b0;
      else if (some && step_done) begun_q <= 1'b1;
      if ((load && row_end_i) != row_taken_i) begin
        credits_q <= row_taken_i ? credits_q + 1'b1 : credits_q - 1'b1;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (load) begin
      mask_q     <= mask_i;
      group_q    <= group_i & mask_i;
      places_q   <= places_i;
      base_q     <= base_i;
      row_end_q  <= row_end_i;
      tile_end_q <= tile_end_i;
      release_q  <= release_i;
      parity_q   <= parity_i;
      tile_q     <= tile_i;
      row_q      <= row_i;
    end else if (some && step_done) begin
      mask_q <= rest;
    end
  end

endmodule
