// Stream B to rows of FP16: one FGMP block a row, FP8 widened.
//
// A stream ends with a row: bytes that remain, or that are missing, contradict its length.
module b_feeder #(
    parameter int unsigned Pes = 2,
    localparam int unsigned Columns = Pes * core_pkg::PeColumns
) (
    input logic clk_i,
    input logic rst_ni,
    input logic fmt_i,
    input logic [fp_pkg::Fp8BiasBits-1:0] bias_i,
    // Lines
    input logic valid_i,
    output logic ready_o,
    input chip_pkg::data_t data_i,
    input logic [6:0] bytes_i,
    input logic last_i,
    // Rows
    output logic row_valid_o,
    input logic row_ready_i,
    output logic [Columns-1:0][core_pkg::ElemBits-1:0] row_o,
    output logic row_last_o,  // of its stream
    // Status
    output logic idle_o,
    output logic error_o
);

  localparam int unsigned MaskBytes = (Columns + 7) / 8;
  localparam int unsigned BlockBytes = 2 * MaskBytes + 2 * Columns;
  localparam int unsigned LengthBits = $clog2(BlockBytes + 1);
  localparam int unsigned ElementsBits = $clog2(Columns + 1);

  logic show, decode, take, fill, at_end, flush;
  logic [8*BlockBytes-1:0] window;
  logic [LengthBits-1:0] count, length;
  logic [Columns-1:0] mask, group;
  logic [Columns-1:0][core_pkg::ElemBits-1:0] values, row;

  byte_window #(
      .Bytes(BlockBytes)
  ) i_window (
      .clk_i,
      .rst_ni,
      .valid_i,
      .ready_o,
      .data_i,
      .bytes_i,
      .last_i,
      .show_i (decode),
      .bytes_o(window),
      .count_o(count),
      .end_o  (at_end),
      .take_i (take ? length : '0),
      .flush_i(flush)
  );

  fgmp_block #(
      .Elements(Columns)
  ) i_block (
      .valid_i   (decode),
      .bytes_i   (window),
      .elements_i(ElementsBits'(Columns)),
      .mask_o    (mask),
      .group_o   (group),
      .values_o  (values),
      .length_o  (length),
      .fill_o    (fill)
  );

  assign show = !row_valid_o || row_ready_i;
  assign decode = show && count != '0;
  assign take = decode && length <= count && !fill;
  assign error_o = decode && (length > count ? at_end : fill);
  assign flush = take && at_end && length == count;

  always_comb begin
    row = '0;
    if (take) begin
      for (int unsigned c = 0; c < Columns; c++) begin
        if (mask[c]) begin
          row[c] = group[c] ? values[c] :
              fp_pkg::from_fp8(values[c][core_pkg::ByteBits-1:0], fmt_i, bias_i);
        end
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) row_valid_o <= 1'b0;
    else row_valid_o <= take || (row_valid_o && !row_ready_i);
  end

  always_ff @(posedge clk_i) begin
    if (take) begin
      row_o      <= row;
      row_last_o <= flush;
    end
  end

  assign idle_o = !row_valid_o && count == '0;

endmodule
