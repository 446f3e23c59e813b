// Shows the next bytes of a stream of lines, whatever line they begin in.
//
// Lines of the next stream wait until the current one is flushed, so the window never holds bytes of
// two streams. At least three lines have room: one is being used up, one holds what comes next, and
// another may come.
module byte_window #(
    parameter int unsigned Bytes = 18,  // that the window shows
    // A window may begin in the last byte of a line.
    localparam int unsigned Spanned = (Bytes + 2 * chip_pkg::LineBytes - 2) / chip_pkg::LineBytes,
    localparam int unsigned Lines = Spanned < 3 ? 3 : Spanned,
    localparam int unsigned CountBits = $clog2(Bytes + 1)
) (
    input  logic                            clk_i,
    input  logic                            rst_ni,
    // Lines
    input  logic                            valid_i,
    output logic                            ready_o,
    input  chip_pkg::data_t                 data_i,
    input  logic            [          6:0] bytes_i,
    input  logic                            last_i,
    // The window; what lies beyond the available bytes is undefined
    input  logic                            show_i,   // somebody looks: else bytes_o is 0
    output logic            [  8*Bytes-1:0] bytes_o,
    output logic            [CountBits-1:0] count_o,  // available, at most all that it shows
    output logic                            end_o,    // the stream ends with them
    input  logic            [CountBits-1:0] take_i,   // bytes used up, of those that are available
    input  logic                            flush_i   // on to the next stream
);

  localparam int unsigned HeldBits = $clog2(Lines + 1);
  localparam int unsigned SumBits = $clog2(Lines * chip_pkg::LineBytes + 1);
  // First byte of the window and what is taken from there on.
  localparam int unsigned OffsetBits = $clog2(chip_pkg::LineBytes + Bytes);

  chip_pkg::data_t [Lines-1:0] line_q;
  logic [HeldBits-1:0] held_q;
  logic [SumBits-1:0] count_q;
  logic [chip_pkg::LineShift-1:0] offset_q;
  logic [OffsetBits-1:0] offset_d;
  logic [HeldBits-1:0] dropped, place;
  logic end_q, accept;

  assign ready_o = flush_i || (held_q != HeldBits'(Lines) && !end_q);
  assign accept  = valid_i && ready_o;
  assign count_o = count_q > SumBits'(Bytes) ? CountBits'(Bytes) : CountBits'(count_q);
  assign end_o   = end_q && count_q <= SumBits'(Bytes);

  always_comb begin
    bytes_o = '0;
    if (show_i) begin
      bytes_o = (8 * Bytes)'({line_q[Spanned-1:0]} >> {offset_q, 3'b000});
    end
  end

  assign offset_d = OffsetBits'(offset_q) + OffsetBits'(take_i);
  assign dropped = HeldBits'(offset_d >> chip_pkg::LineShift);
  assign place = flush_i ? '0 : held_q - dropped;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      held_q   <= '0;
      count_q  <= '0;
      offset_q <= '0;
      end_q    <= 1'b0;
    end else begin
      held_q   <= place + HeldBits'(accept);
      count_q  <= (flush_i ? '0 : count_q - SumBits'(take_i)) + (accept ? SumBits'(bytes_i) : '0);
      offset_q <= flush_i ? '0 : offset_d[chip_pkg::LineShift-1:0];
      end_q    <= accept ? last_i : end_q && !flush_i;
    end
  end

  always_ff @(posedge clk_i) begin
    for (int unsigned i = 0; i < Lines; i++) begin
      if (accept && HeldBits'(i) == place) begin
        line_q[i] <= data_i;
      end else if (dropped != '0) begin
        for (int unsigned d = 1; d < Lines - i; d++) begin
          if (HeldBits'(d) == dropped) line_q[i] <= line_q[i+d];
        end
      end
    end
  end

endmodule
