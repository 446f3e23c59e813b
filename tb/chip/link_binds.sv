// The rules of both links, at the pins of the chip.
bind lnpu_chip axi_checks #(
    .AddrBits (chip_pkg::AxiAddrBits),
    .IdBits   (chip_pkg::TagBits),
    .MaxBeats (chip_pkg::MaxChunkBeats),
    .MaxReads (chip_pkg::Tags),
    .MaxWrites(32)
) i_memory_checks (
    .clk_i,
    .rst_ni,
    .arvalid(m_axi_arvalid_o),
    .arready(m_axi_arready_i),
    .arid   (m_axi_arid_o),
    .araddr (m_axi_araddr_o),
    .arlen  (m_axi_arlen_o),
    .arsize (m_axi_arsize_o),
    .arburst(m_axi_arburst_o),
    .rvalid (m_axi_rvalid_i),
    .rready (m_axi_rready_o),
    .rid    (m_axi_rid_i),
    .rdata  (m_axi_rdata_i),
    .rresp  (m_axi_rresp_i),
    .rlast  (m_axi_rlast_i),
    .awvalid(m_axi_awvalid_o),
    .awready(m_axi_awready_i),
    .awid   (m_axi_awid_o),
    .awaddr (m_axi_awaddr_o),
    .awlen  (m_axi_awlen_o),
    .awsize (m_axi_awsize_o),
    .awburst(m_axi_awburst_o),
    .wvalid (m_axi_wvalid_o),
    .wready (m_axi_wready_i),
    .wdata  (m_axi_wdata_o),
    .wstrb  (m_axi_wstrb_o),
    .wlast  (m_axi_wlast_o),
    .bvalid (m_axi_bvalid_i),
    .bready (m_axi_bready_o),
    .bid    (m_axi_bid_i),
    .bresp  (m_axi_bresp_i)
);

bind lnpu_chip axi_lite_checks #(
    .AddrBits(AxilAddrBits)
) i_register_checks (
    .clk_i,
    .rst_ni,
    .awvalid(s_axil_awvalid_i),
    .awready(s_axil_awready_o),
    .awaddr (s_axil_awaddr_i),
    .wvalid (s_axil_wvalid_i),
    .wready (s_axil_wready_o),
    .wdata  (s_axil_wdata_i),
    .wstrb  (s_axil_wstrb_i),
    .bvalid (s_axil_bvalid_o),
    .bready (s_axil_bready_i),
    .bresp  (s_axil_bresp_o),
    .arvalid(s_axil_arvalid_i),
    .arready(s_axil_arready_o),
    .araddr (s_axil_araddr_i),
    .rvalid (s_axil_rvalid_o),
    .rready (s_axil_rready_i),
    .rdata  (s_axil_rdata_o),
    .rresp  (s_axil_rresp_o)
);
