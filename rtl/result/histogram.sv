// Counts FP16 results: finite non-zeros by floor(log2|x|), zeros, infinities and NaNs.
module histogram #(
    parameter int unsigned Pes = 2
) (
    input logic clk_i,
    input logic rst_ni,
    input logic clear_i,
    input logic [4:0] columns_i,  // real ones: the others are not counted
    input logic valid_i,  // half a row
    input logic upper_i,
    input logic [Pes-1:0][fp_pkg::Fp16Bits-1:0] half_i,
    output chip_pkg::histogram_t histogram_o
);

  // Bins, then what has none.
  localparam int unsigned Zero = chip_pkg::Bins;
  localparam int unsigned Nonfinite = chip_pkg::Bins + 1;
  localparam int unsigned Kinds = chip_pkg::Bins + 2;
  localparam int unsigned KindBits = $clog2(Kinds);
  localparam int unsigned LaneBits = $clog2(Pes + 1);

  // The bin of a normal number is its exponent field with the subnormals' bins below it.
  function automatic logic [KindBits-1:0] kind(input logic [fp_pkg::Fp16Bits-2:0] magnitude);
    logic [fp_pkg::Fp16ExpBits-1:0] exp;
    logic [fp_pkg::Fp16ManBits-1:0] man;
    {exp, man} = magnitude;
    kind = KindBits'(Zero);
    for (int unsigned b = 0; b < fp_pkg::Fp16ManBits; b++) begin
      if (man[b]) kind = KindBits'(b);
    end
    if (exp != '0) kind = KindBits'(exp) + KindBits'(fp_pkg::Fp16ManBits - 1);
    if (exp == '1) kind = KindBits'(Nonfinite);
  endfunction

  logic [Kinds-1:0][chip_pkg::BinBits-1:0] count_q;
  logic [Pes-1:0] real_column;
  logic [Pes-1:0][KindBits-1:0] kinds;
  logic [Kinds-1:0][LaneBits-1:0] met;

  always_comb begin
    real_column = '0;
    kinds = '0;
    met = '0;
    if (valid_i) begin
      for (int unsigned p = 0; p < Pes; p++) begin
        real_column[p] = 5'(p) + (upper_i ? 5'(Pes) : '0) < columns_i;
        kinds[p] = kind(half_i[p][fp_pkg::Fp16Bits-2:0]);
      end
      for (int unsigned k = 0; k < Kinds; k++) begin
        for (int unsigned p = 0; p < Pes; p++) begin
          met[k] = met[k] + LaneBits'(real_column[p] && kinds[p] == KindBits'(k));
        end
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) count_q <= '0;
    else if (clear_i) count_q <= '0;
    else if (valid_i) begin
      for (int unsigned k = 0; k < Kinds; k++) begin
        count_q[k] <= count_q[k] + chip_pkg::BinBits'(met[k]);
      end
    end
  end

  assign histogram_o.bin       = count_q[chip_pkg::Bins-1:0];
  assign histogram_o.zeros     = count_q[Zero];
  assign histogram_o.nonfinite = count_q[Nonfinite];

endmodule
