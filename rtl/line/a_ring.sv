// A line's window of A: a ring of 64 words that rows of the same image row share.
//
// Values lie in a memory that gives one element a cycle; masks, group bits and zero counts lie in
// registers, so that the masks of a whole part of a row are known in the cycle that asks and an
// empty word never costs one.
module a_ring #(
    parameter int unsigned Rows = 8,
    localparam int unsigned PartWords = Rows / core_pkg::WordLen,
    localparam int unsigned WordBits = core_pkg::WordLen * core_pkg::ElemBits,
    // Real zeros of a part: at most all its entries.
    localparam int unsigned SkipBits = $clog2(Rows + 1)
) (
    input  logic                                          clk_i,
    // Words from the unpacker
    input  logic                 [                   1:0] write_i,
    input  logic                 [core_pkg::AddrBits-1:1] write_pair_i,
    input  core_pkg::word_meta_t [                   1:0] meta_i,
    input  logic                 [        2*WordBits-1:0] data_i,
    // Masks of one part of a row
    input  logic                                          gather_i,
    input  logic                 [core_pkg::AddrBits-1:0] base_i,
    input  core_pkg::seg_entry_t [         PartWords-1:0] entries_i,
    output logic                 [              Rows-1:0] mask_o,
    output logic                 [              Rows-1:0] group_o,
    output logic                 [          SkipBits-1:0] zeros_o,
    // The word of one element, a cycle later, in the half of its address
    input  logic                                          read_i,
    input  logic                 [core_pkg::AddrBits-1:0] read_addr_i,
    output logic                 [        2*WordBits-1:0] read_data_o
);

  core_pkg::word_meta_t meta_q[core_pkg::RingWords];

  always_ff @(posedge clk_i) begin
    if (write_i[0]) meta_q[{write_pair_i, 1'b0}] <= meta_i[0];
    if (write_i[1]) meta_q[{write_pair_i, 1'b1}] <= meta_i[1];
  end

  always_comb begin
    core_pkg::word_meta_t meta;
    zeros_o = '0;
    for (int unsigned w = 0; w < PartWords; w++) begin
      meta = '0;
      if (gather_i && entries_i[w].valid) meta = meta_q[base_i+entries_i[w].place.offset];
      mask_o[w*core_pkg::WordLen+:core_pkg::WordLen]  = meta.mask;
      group_o[w*core_pkg::WordLen+:core_pkg::WordLen] = meta.group;
      zeros_o += SkipBits'(meta.zeros);
    end
  end

  // Even and odd words lie in memories of their own: a single word may be written beside its neighbour
  // that is being read.
  for (genvar half = 0; half < 2; half++) begin : gen_halves
    sram #(
        .Words    (core_pkg::RingWords / 2),
        .WordWidth(WordBits)
    ) i_values (
        .clk_i,
        .write_i     (write_i[half]),
        .write_addr_i(write_pair_i),
        .write_data_i(data_i[half*WordBits+:WordBits]),
        .read_i      (read_i && read_addr_i[0] == half[0]),
        .read_addr_i (read_addr_i[core_pkg::AddrBits-1:1]),
        .read_data_o (read_data_o[half*WordBits+:WordBits])
    );
  end

endmodule
