// AXI4 write master: single-beat bursts of a line with strobes, in order, many under way.
module axi_writer #(
    parameter  int unsigned Outstanding = 32,
    localparam int unsigned CountBits   = $clog2(Outstanding + 1)
) (
    input logic clk_i,
    input logic rst_ni,
    // Writes
    input logic valid_i,
    output logic ready_o,
    input chip_pkg::write_t write_i,
    // Status
    output logic busy_o,
    output logic error_o,  // a write was answered with an error
    // AXI
    output logic m_axi_awvalid_o,
    input logic m_axi_awready_i,
    output chip_pkg::tag_t m_axi_awid_o,
    output logic [chip_pkg::AxiAddrBits-1:0] m_axi_awaddr_o,
    output logic [7:0] m_axi_awlen_o,
    output logic [2:0] m_axi_awsize_o,
    output logic [1:0] m_axi_awburst_o,
    output logic m_axi_wvalid_o,
    input logic m_axi_wready_i,
    output chip_pkg::data_t m_axi_wdata_o,
    output logic [chip_pkg::LineBytes-1:0] m_axi_wstrb_o,
    output logic m_axi_wlast_o,
    input logic m_axi_bvalid_i,
    output logic m_axi_bready_o,
    input logic [1:0] m_axi_bresp_i
);

  localparam logic [1:0] BurstIncr = 2'b01;
  localparam logic [1:0] RespOkay = 2'b00;

  logic [CountBits-1:0] count_q;
  logic accept, aw_free, w_free;

  assign aw_free = !m_axi_awvalid_o || m_axi_awready_i;
  assign w_free  = !m_axi_wvalid_o || m_axi_wready_i;
  assign ready_o = aw_free && w_free && count_q != CountBits'(Outstanding);
  assign accept  = valid_i && ready_o;
  assign busy_o  = count_q != '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      m_axi_awvalid_o <= 1'b0;
      m_axi_wvalid_o  <= 1'b0;
      count_q         <= '0;
      error_o         <= 1'b0;
    end else begin
      if (accept) m_axi_awvalid_o <= 1'b1;
      else if (m_axi_awready_i) m_axi_awvalid_o <= 1'b0;
      if (accept) m_axi_wvalid_o <= 1'b1;
      else if (m_axi_wready_i) m_axi_wvalid_o <= 1'b0;
      count_q <= count_q + CountBits'(accept) - CountBits'(m_axi_bvalid_i);
      error_o <= m_axi_bvalid_i && m_axi_bresp_i != RespOkay;
    end
  end

  always_ff @(posedge clk_i) begin
    if (accept) begin
      m_axi_awaddr_o <= {write_i.line, {chip_pkg::LineShift{1'b0}}};
      m_axi_wdata_o  <= write_i.data;
      m_axi_wstrb_o  <= write_i.strobe;
    end
  end

  // One identifier: writes stay in order.
  assign m_axi_awid_o    = '0;
  assign m_axi_awlen_o   = 8'd0;
  assign m_axi_awsize_o  = 3'(chip_pkg::LineShift);
  assign m_axi_awburst_o = BurstIncr;
  assign m_axi_wlast_o   = 1'b1;
  assign m_axi_bready_o  = 1'b1;

endmodule
