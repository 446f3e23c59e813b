// The masters of the memory's link, each with ports of its own; lines are words that C++ reads one by one.
module links_bench #(
    parameter  int unsigned OwnerBits   = 16,
    parameter  int unsigned Outstanding = 32,
    localparam int unsigned LineWords   = 16
) (
    input logic clk_i,
    input logic rst_ni,
    // Reads
    input logic read_valid_i,
    output logic read_ready_o,
    input logic [31:0] read_line_i,
    input logic [1:0] read_beats_i,
    input logic [OwnerBits-1:0] read_owner_i,
    output logic [4:0] tag_o,
    output logic fill_valid_o,
    output logic [4:0] fill_tag_o,
    output logic fill_index_o,
    output logic [31:0] fill_data_o[LineWords],
    output logic [OwnerBits-1:0] fill_owner_o,
    output logic read_busy_o,
    output logic read_error_o,
    output logic arvalid_o,
    input logic arready_i,
    output logic [4:0] arid_o,
    output logic [63:0] araddr_o,
    output logic [7:0] arlen_o,
    output logic [2:0] arsize_o,
    output logic [1:0] arburst_o,
    input logic rvalid_i,
    output logic rready_o,
    input logic [4:0] rid_i,
    input logic [31:0] rdata_i[LineWords],
    input logic [1:0] rresp_i,
    input logic rlast_i,
    // Writes
    input logic write_valid_i,
    output logic write_ready_o,
    input logic [31:0] write_line_i,
    input logic [63:0] write_strobe_i,
    input logic [31:0] write_data_i[LineWords],
    output logic write_busy_o,
    output logic write_error_o,
    output logic awvalid_o,
    input logic awready_i,
    output logic [4:0] awid_o,
    output logic [63:0] awaddr_o,
    output logic [7:0] awlen_o,
    output logic [2:0] awsize_o,
    output logic [1:0] awburst_o,
    output logic wvalid_o,
    input logic wready_i,
    output logic [31:0] wdata_o[LineWords],
    output logic [63:0] wstrb_o,
    output logic wlast_o,
    input logic bvalid_i,
    output logic bready_o,
    input logic [1:0] bresp_i
);

  chip_pkg::fill_t fill;
  chip_pkg::data_t rdata, wdata, write_data;
  logic [chip_pkg::AxiAddrBits-1:0] araddr, awaddr;

  for (genvar w = 0; w < LineWords; w++) begin : gen_words
    assign fill_data_o[w] = fill.data[32*w+:32];
    assign wdata_o[w] = wdata[32*w+:32];
    assign rdata[32*w+:32] = rdata_i[w];
    assign write_data[32*w+:32] = write_data_i[w];
  end
  assign fill_tag_o = fill.tag;
  assign fill_index_o = fill.index;
  assign araddr_o = 64'(araddr);
  assign awaddr_o = 64'(awaddr);

  axi_reader #(
      .OwnerBits(OwnerBits)
  ) i_reader (
      .clk_i,
      .rst_ni,
      .valid_i        (read_valid_i),
      .ready_o        (read_ready_o),
      .line_i         (read_line_i),
      .beats_i        (read_beats_i),
      .owner_i        (read_owner_i),
      .tag_o,
      .fill_valid_o,
      .fill_o         (fill),
      .fill_owner_o,
      .busy_o         (read_busy_o),
      .error_o        (read_error_o),
      .m_axi_arvalid_o(arvalid_o),
      .m_axi_arready_i(arready_i),
      .m_axi_arid_o   (arid_o),
      .m_axi_araddr_o (araddr),
      .m_axi_arlen_o  (arlen_o),
      .m_axi_arsize_o (arsize_o),
      .m_axi_arburst_o(arburst_o),
      .m_axi_rvalid_i (rvalid_i),
      .m_axi_rready_o (rready_o),
      .m_axi_rid_i    (rid_i),
      .m_axi_rdata_i  (rdata),
      .m_axi_rresp_i  (rresp_i),
      .m_axi_rlast_i  (rlast_i)
  );

  axi_writer #(
      .Outstanding(Outstanding)
  ) i_writer (
      .clk_i,
      .rst_ni,
      .valid_i        (write_valid_i),
      .ready_o        (write_ready_o),
      .write_i        ('{line: write_line_i, strobe: write_strobe_i, data: write_data}),
      .busy_o         (write_busy_o),
      .error_o        (write_error_o),
      .m_axi_awvalid_o(awvalid_o),
      .m_axi_awready_i(awready_i),
      .m_axi_awid_o   (awid_o),
      .m_axi_awaddr_o (awaddr),
      .m_axi_awlen_o  (awlen_o),
      .m_axi_awsize_o (awsize_o),
      .m_axi_awburst_o(awburst_o),
      .m_axi_wvalid_o (wvalid_o),
      .m_axi_wready_i (wready_i),
      .m_axi_wdata_o  (wdata),
      .m_axi_wstrb_o  (wstrb_o),
      .m_axi_wlast_o  (wlast_o),
      .m_axi_bvalid_i (bvalid_i),
      .m_axi_bready_o (bready_o),
      .m_axi_bresp_i  (bresp_i)
  );

endmodule
