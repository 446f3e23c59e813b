// Puts the halves of a row together and lays it out as it stands in memory: FP32, FP16 or FGMP.
module row_format #(
    parameter int unsigned Pes = 2,
    parameter int unsigned MetaWidth = 1,
    localparam int unsigned Columns = core_pkg::PeColumns * Pes,
    localparam int unsigned RowBytes = Columns * fp_pkg::Fp32Bits / core_pkg::ByteBits,
    localparam int unsigned CountBits = $clog2(RowBytes + 1)
) (
    input logic clk_i,
    input logic rst_ni,
    input logic advance_i,
    input chip_pkg::out_mode_e mode_i,
    input logic fmt_i,  // of FGMP
    input logic [fp_pkg::Fp8BiasBits-1:0] bias_i,
    input logic valid_i,  // half a row, the lower one first
    input logic upper_i,
    input logic [MetaWidth-1:0] meta_i,  // comes out with the row
    input logic [Pes-1:0][fp_pkg::Fp32Bits-1:0] data_i,  // FP16 in the lower half
    output logic valid_o,
    output logic [MetaWidth-1:0] meta_o,
    output logic [RowBytes-1:0][core_pkg::ByteBits-1:0] row_o,  // FGMP: 0 beyond the block
    output logic [CountBits-1:0] bytes_o,
    output logic [Columns-1:0] nonzero_o,  // FGMP, for the channels' costs
    output logic [Columns-1:0] wide_o
);

  localparam int unsigned MaskBytes = (Columns + core_pkg::ByteBits - 1) / core_pkg::ByteBits;
  localparam int unsigned HalfwordBytes = fp_pkg::Fp16Bits / core_pkg::ByteBits;
  localparam int unsigned BlockBytes = 2 * MaskBytes + Columns * HalfwordBytes;
  localparam int unsigned BlockCountBits = $clog2(BlockBytes + 1);

  // An element of an FGMP row that waits to be laid out.
  typedef struct packed {
    logic                        nonzero;
    logic                        wide;
    logic [fp_pkg::Fp16Bits-1:0] element;
  } element_t;

  function automatic element_t classify(input logic [fp_pkg::Fp16Bits-1:0] value, input logic fmt,
                                        input logic [fp_pkg::Fp8BiasBits-1:0] fp8_bias);
    fp_pkg::fp8_encoding_t encoding;
    encoding = fp_pkg::to_fp8(value, fmt, fp8_bias);
    return
    '{
        nonzero: !encoding.flush && value[fp_pkg::Fp16Bits-2:0] != '0,
        wide: encoding.wide,
        element: encoding.wide ? value : fp_pkg::Fp16Bits'(encoding.code)
    }
    ;
  endfunction

  // ---------------------------------------------------------------------------------------------
  // A row: an element of FGMP takes part of the place of an FP32 word
  // ---------------------------------------------------------------------------------------------
  logic [Columns-1:0][fp_pkg::Fp32Bits-1:0] words_q;
  logic whole_q;
  logic [MetaWidth-1:0] whole_meta_q;
  logic is_fgmp;

  assign is_fgmp = mode_i == chip_pkg::OutFgmp;

  always_ff @(posedge clk_i) begin
    if (advance_i && valid_i) begin
      for (int unsigned p = 0; p < Pes; p++) begin
        words_q[(upper_i?Pes : 0)+p] <= is_fgmp ?
            fp_pkg::Fp32Bits'(classify(data_i[p][fp_pkg::Fp16Bits-1:0], fmt_i, bias_i)) : data_i[p];
      end
      whole_meta_q <= meta_i;
    end
  end

  // ---------------------------------------------------------------------------------------------
  // Its bytes
  // ---------------------------------------------------------------------------------------------
  logic [Columns-1:0] nonzero, wide;
  logic [Columns-1:0][fp_pkg::Fp16Bits-1:0] element;
  logic [BlockBytes-1:0][core_pkg::ByteBits-1:0] block;
  logic [BlockCountBits-1:0] block_bytes;

  for (genvar c = 0; c < Columns; c++) begin : gen_columns
    assign {nonzero[c], wide[c], element[c]} = words_q[c][$bits(element_t)-1:0];
  end

  fgmp_encode #(
      .Pes(Pes)
  ) i_encode (
      .valid_i  (whole_q && is_fgmp),
      .nonzero_i(nonzero),
      .wide_i   (wide),
      .element_i(element),
      .block_o  (block),
      .bytes_o  (block_bytes)
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      whole_q <= 1'b0;
      valid_o <= 1'b0;
    end else if (advance_i) begin
      whole_q <= valid_i && upper_i;
      valid_o <= whole_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (advance_i && whole_q) begin
      meta_o <= whole_meta_q;
      unique case (mode_i)
        chip_pkg::OutFgmp: begin
          row_o     <= (RowBytes * core_pkg::ByteBits)'(block);
          bytes_o   <= CountBits'(block_bytes);
          nonzero_o <= nonzero;
          wide_o    <= wide;
        end
        chip_pkg::OutFp16: begin
          row_o     <= (RowBytes * core_pkg::ByteBits)'(element);
          bytes_o   <= CountBits'(Columns * HalfwordBytes);
          nonzero_o <= '0;
          wide_o    <= '0;
        end
        default: begin
          row_o     <= words_q;
          bytes_o   <= CountBits'(RowBytes);
          nonzero_o <= '0;
          wide_o    <= '0;
        end
      endcase
    end
  end

endmodule
