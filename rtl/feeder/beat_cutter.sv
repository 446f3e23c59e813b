// Cuts words of A into beats: as many whole words as their values fit 16 bytes, packed in order.
module beat_cutter #(
    parameter int unsigned Lines = 2,
    parameter int unsigned Rows = 8,
    localparam int unsigned LineBits = $clog2(Lines),
    localparam int unsigned BeatWords = Rows / core_pkg::WordLen,
    localparam int unsigned WordsBits = $clog2(BeatWords + 1)
) (
    input logic clk_i,
    input logic rst_ni,
    // Words of one PE line
    input logic valid_i,
    output logic ready_o,
    input logic first_i,  // the first beat is to be marked
    input logic [LineBits-1:0] line_i,
    input logic [WordsBits-1:0] words_i,  // at least 1
    input logic [Rows-1:0] mask_i,
    input logic [Rows-1:0] group_i,
    input logic [Rows-1:0][core_pkg::ElemBits-1:0] values_i,
    // Beats
    output logic valid_o,
    input logic ready_i,
    output logic first_o,
    output logic [LineBits-1:0] line_o,
    output logic [WordsBits-1:0] words_o,
    output logic [Rows-1:0] mask_o,
    output logic [Rows-1:0] group_o,
    output logic [core_pkg::ABeatBits-1:0] data_o,
    output logic idle_o
);

  // Bytes of a beat, and of one word more than fits.
  localparam int unsigned MaxElementBytes = core_pkg::ElemBits / core_pkg::ByteBits;
  localparam int unsigned MaxWordBytes = core_pkg::WordLen * MaxElementBytes;
  localparam int unsigned BytesBits = $clog2(core_pkg::ABeatBytes + MaxWordBytes + 1);

  logic first_q;
  logic [LineBits-1:0] line_q;
  logic [WordsBits-1:0] left_q, taken;
  logic [Rows-1:0] mask_q, group_q, mask, group;
  logic [Rows-1:0][core_pkg::ElemBits-1:0] values_q;
  logic [core_pkg::ABeatBits-1:0] data;
  logic [BytesBits-1:0] bytes;
  logic cut, full;

  assign cut = left_q != '0 && (!valid_o || ready_i);

  // One word after the other, as long as it fits.
  always_comb begin
    taken = '0;
    mask  = '0;
    group = '0;
    data  = '0;
    bytes = '0;
    full  = 1'b0;
    if (cut) begin
      for (int unsigned w = 0; w < BeatWords; w++) begin
        if (!full && WordsBits'(w) != left_q) begin
          // A byte for each non-zero, and one more for each of FP16.
          full = bytes + BytesBits'($countones(mask_q[w*core_pkg::WordLen+:core_pkg::WordLen])) +
              BytesBits'($countones(group_q[w*core_pkg::WordLen+:core_pkg::WordLen])) >
              BytesBits'(core_pkg::ABeatBytes);
          if (!full) begin
            taken = WordsBits'(w + 1);
            mask[w*core_pkg::WordLen+:core_pkg::WordLen] =
                mask_q[w*core_pkg::WordLen+:core_pkg::WordLen];
            group[w*core_pkg::WordLen+:core_pkg::WordLen] =
                group_q[w*core_pkg::WordLen+:core_pkg::WordLen];
            for (int unsigned e = w * core_pkg::WordLen; e < (w + 1) * core_pkg::WordLen; e++) begin
              if (mask_q[e]) begin
                data  = data | core_pkg::ABeatBits'(values_q[e]) << {bytes, 3'b000};
                bytes = bytes + (group_q[e] ? BytesBits'(2) : BytesBits'(1));
              end
            end
          end
        end else begin
          full = 1'b1;
        end
      end
    end
  end

  assign ready_o = left_q == '0 || (cut && taken == left_q);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      left_q  <= '0;
      valid_o <= 1'b0;
    end else begin
      left_q  <= valid_i && ready_o ? words_i : left_q - taken;
      valid_o <= cut || (valid_o && !ready_i);
    end
  end

  always_ff @(posedge clk_i) begin
    if (valid_i && ready_o) begin
      first_q  <= first_i;
      line_q   <= line_i;
      mask_q   <= mask_i;
      group_q  <= group_i;
      values_q <= values_i;
    end else if (cut) begin
      first_q  <= 1'b0;
      mask_q   <= mask_q >> {taken, 2'b00};
      group_q  <= group_q >> {taken, 2'b00};
      values_q <= values_q >> {taken, 6'b00_0000};
    end
    if (cut) begin
      first_o <= first_q;
      line_o  <= line_q;
      words_o <= taken;
      mask_o  <= mask;
      group_o <= group;
      data_o  <= data;
    end
  end

  assign idle_o = left_q == '0 && !valid_o;

endmodule
