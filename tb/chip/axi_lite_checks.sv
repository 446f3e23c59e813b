// Rules of an AXI4-Lite link.
module axi_lite_checks #(
    parameter int unsigned AddrBits = 12
) (
    input logic clk_i,
    input logic rst_ni,
    input logic awvalid,
    input logic awready,
    input logic [AddrBits-1:0] awaddr,
    input logic wvalid,
    input logic wready,
    input logic [31:0] wdata,
    input logic [3:0] wstrb,
    input logic bvalid,
    input logic bready,
    input logic [1:0] bresp,
    input logic arvalid,
    input logic arready,
    input logic [AddrBits-1:0] araddr,
    input logic rvalid,
    input logic rready,
    input logic [31:0] rdata,
    input logic [1:0] rresp
);

  localparam logic [1:0] Okay = 2'b00, SlaveError = 2'b10;

  `CHECK_HELD(AwHeld, awvalid, awready, awaddr)
  `CHECK_HELD(WHeld, wvalid, wready, ({wdata, wstrb}))
  `CHECK_HELD(BHeld, bvalid, bready, bresp)
  `CHECK_HELD(ArHeld, arvalid, arready, araddr)
  `CHECK_HELD(RHeld, rvalid, rready, ({rdata, rresp}))

  // Answers so far are never more than requests so far.
  logic [31:0] aw_q, w_q, b_q, ar_q, r_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      {aw_q, w_q, b_q, ar_q, r_q} <= '0;
    end else begin
      aw_q <= aw_q + 32'(awvalid && awready);
      w_q  <= w_q + 32'(wvalid && wready);
      b_q  <= b_q + 32'(bvalid && bready);
      ar_q <= ar_q + 32'(arvalid && arready);
      r_q  <= r_q + 32'(rvalid && rready);
    end
  end

  `CHECK(BRequested, bvalid, aw_q != b_q && w_q != b_q)
  `CHECK(RRequested, rvalid, ar_q != r_q)
  `CHECK(BResponse, bvalid, bresp inside {Okay, SlaveError})
  `CHECK(RResponse, rvalid, rresp inside {Okay, SlaveError})

  `COVER_STREAM(Aw, awvalid, awready)
  `COVER_STREAM(W, wvalid, wready)
  `COVER_STREAM(B, bvalid, bready)
  `COVER_STREAM(Ar, arvalid, arready)
  `COVER_STREAM(R, rvalid, rready)
  // The order in which a write's address and data are taken.
  `COVER(AddressFirst, awvalid && awready && aw_q == w_q && !(wvalid && wready))
  `COVER(DataFirst, wvalid && wready && aw_q == w_q && !(awvalid && awready))
  `COVER(AddressWithData, awvalid && awready && wvalid && wready && aw_q == w_q)
  `COVER(PartOfAWord, wvalid && wready && wstrb != '0 && wstrb != '1)
  `COVER(SeveralReads, ar_q - r_q > 1)
  `COVER(WriteError, bvalid && bready && bresp != Okay)
  `COVER(ReadError, rvalid && rready && rresp != Okay)
  `COVER(BothAtOnce, awvalid && awready && arvalid && arready)

endmodule
