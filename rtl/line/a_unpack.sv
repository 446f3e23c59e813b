// Turns beats of packed A values into words of four 16-bit slots, two words a cycle.
//
// A beat carries up to `Rows` entries: their masks, group bits and real zeros, and the values of the
// non-zero ones packed in order, one byte (FP8) or two (FP16) each.
module a_unpack #(
    parameter int unsigned Rows = 8,
    localparam int unsigned BeatWords = Rows / core_pkg::WordLen,
    localparam int unsigned WordsBits = $clog2(BeatWords + 1),
    localparam int unsigned ZerosWidth = BeatWords * core_pkg::ZerosBits
) (
    input  logic                                                              clk_i,
    input  logic                                                              rst_ni,
    // Beats
    input  logic                                                              valid_i,
    output logic                                                              ready_o,
    input  logic                 [                             WordsBits-1:0] words_i,
    input  logic                 [                                  Rows-1:0] mask_i,
    input  logic                 [                                  Rows-1:0] group_i,
    input  logic                 [                            ZerosWidth-1:0] zeros_i,
    input  logic                 [                   core_pkg::ABeatBits-1:0] data_i,
    // Words, to an even and an odd half of a ring row
    input  logic                 [                   core_pkg::CountBits-1:0] free_i,
    output logic                 [                                       1:0] write_o,
    output logic                 [                   core_pkg::CountBits-1:0] position_o,
    output core_pkg::word_meta_t [                                       1:0] meta_o,
    output logic                 [2*core_pkg::WordLen*core_pkg::ElemBits-1:0] data_o
);

  localparam int unsigned PairLen = 2 * core_pkg::WordLen;
  // Bytes of a pair of words, modulo those of a beat: a pair that has them all is the beat's last with values.
  localparam int unsigned OffsetBits = $clog2(core_pkg::ABeatBytes);
  // A beat of one word still fills a pair of entries below.
  localparam int unsigned EntryBits = Rows < PairLen ? PairLen : Rows;
  localparam int unsigned ZeroEntryBits = (EntryBits / core_pkg::WordLen) * core_pkg::ZerosBits;

  logic [WordsBits-1:0] left_q, left_d;
  logic [EntryBits-1:0] mask_q, group_q;
  logic [ZeroEntryBits-1:0] zeros_q;
  logic [core_pkg::ABeatBits-1:0] data_q;
  logic [core_pkg::CountBits-1:0] position_q;

  logic odd, take_two, take;
  logic [PairLen-1:0][core_pkg::ElemBits-1:0] slots;
  logic [PairLen:0][OffsetBits-1:0] offsets;
  logic [OffsetBits-1:0] bytes_taken;
  core_pkg::word_meta_t low, high;

  // An odd position fills the upper half of a ring row alone.
  assign odd = position_q[0];
  assign take_two = !odd && left_q > WordsBits'(1);
  assign take     = left_q != '0 && free_i >= (take_two ? core_pkg::CountBits'(2)
                                                          : core_pkg::CountBits'(1));

  always_comb begin
    offsets = '0;
    slots   = '0;
    if (take) begin
      for (int unsigned e = 0; e < PairLen; e++) begin
        offsets[e+1] = offsets[e] + OffsetBits'(mask_q[e]) + OffsetBits'(mask_q[e] & group_q[e]);
        if (mask_q[e]) begin
          slots[e] = data_q[{offsets[e], 3'b000}+:core_pkg::ElemBits];
          if (!group_q[e]) slots[e][core_pkg::ElemBits-1:core_pkg::ByteBits] = '0;
        end
      end
    end
  end

  assign bytes_taken = take_two ? offsets[PairLen] : offsets[core_pkg::WordLen];
  assign low = '{
          zeros: zeros_q[0+:core_pkg::ZerosBits],
          group: group_q[0+:core_pkg::WordLen],
          mask: mask_q[0+:core_pkg::WordLen]
      };
  assign high = '{
          zeros: zeros_q[core_pkg::ZerosBits+:core_pkg::ZerosBits],
          group: group_q[core_pkg::WordLen+:core_pkg::WordLen],
          mask: mask_q[core_pkg::WordLen+:core_pkg::WordLen]
      };

  assign write_o = !take ? 2'b00 : odd ? 2'b10 : take_two ? 2'b11 : 2'b01;
  assign meta_o[0] = low;
  assign meta_o[1] = odd ? low : high;
  assign data_o = {
    odd ? slots[core_pkg::WordLen-1:0] : slots[PairLen-1:core_pkg::WordLen],
    slots[core_pkg::WordLen-1:0]
  };
  assign position_o = position_q;

  assign left_d = !take ? left_q : left_q - (take_two ? WordsBits'(2) : WordsBits'(1));
  assign ready_o = left_d == '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      left_q     <= '0;
      position_q <= '0;
    end else begin
      left_q <= valid_i && ready_o ? words_i : left_d;
      if (take)
        position_q <= position_q + (take_two ? core_pkg::CountBits'(2) : core_pkg::CountBits'(1));
    end
  end

  always_ff @(posedge clk_i) begin
    if (ready_o) begin
      mask_q  <= EntryBits'(mask_i);
      group_q <= EntryBits'(group_i);
      zeros_q <= ZeroEntryBits'(zeros_i);
      data_q  <= data_i;
    end else if (take) begin
      mask_q  <= take_two ? mask_q >> PairLen : mask_q >> core_pkg::WordLen;
      group_q <= take_two ? group_q >> PairLen : group_q >> core_pkg::WordLen;
      zeros_q <= take_two ? zeros_q >> (2 * core_pkg::ZerosBits) : zeros_q >> core_pkg::ZerosBits;
      data_q  <= data_q >> {bytes_taken, 3'b000};
    end
  end

endmodule
