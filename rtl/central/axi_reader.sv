// AXI4 read master: one burst a request, under a tag of its own, so that the memory may answer in any order.
//
// Whoever asks has kept room for the data: they are taken in the cycle in which they come.
module axi_reader #(
    parameter int unsigned OwnerBits = 8
) (
    input logic clk_i,
    input logic rst_ni,
    // Requests; the owner comes back with each beat
    input logic valid_i,
    output logic ready_o,
    input chip_pkg::line_t line_i,
    input logic [chip_pkg::ChunkBits-1:0] beats_i,
    input logic [OwnerBits-1:0] owner_i,
    output chip_pkg::tag_t tag_o,  // of the request that is taken
    // Data
    output logic fill_valid_o,
    output chip_pkg::fill_t fill_o,
    output logic [OwnerBits-1:0] fill_owner_o,
    // Status
    output logic busy_o,
    output logic error_o,  // a beat came with an error
    // AXI
    output logic m_axi_arvalid_o,
    input logic m_axi_arready_i,
    output chip_pkg::tag_t m_axi_arid_o,
    output logic [chip_pkg::AxiAddrBits-1:0] m_axi_araddr_o,
    output logic [7:0] m_axi_arlen_o,
    output logic [2:0] m_axi_arsize_o,
    output logic [1:0] m_axi_arburst_o,
    input logic m_axi_rvalid_i,
    output logic m_axi_rready_o,
    input chip_pkg::tag_t m_axi_rid_i,
    input chip_pkg::data_t m_axi_rdata_i,
    input logic [1:0] m_axi_rresp_i,
    input logic m_axi_rlast_i
);

  localparam logic [1:0] BurstIncr = 2'b01;
  localparam logic [1:0] RespOkay = 2'b00;

  logic [chip_pkg::Tags-1:0] used_q, free, pick;
  logic [chip_pkg::Tags-1:0][OwnerBits-1:0] owner_q;
  logic [chip_pkg::Tags-1:0][chip_pkg::ChunkIndexBits-1:0] index_q;
  chip_pkg::tag_t tag;
  logic accept, beat, ends;

  // ---------------------------------------------------------------------------------------------
  // Requests
  // ---------------------------------------------------------------------------------------------
  assign free = ~used_q;
  assign pick = free & (~free + 1'b1);
  always_comb begin
    tag = '0;
    for (int unsigned t = 0; t < chip_pkg::Tags; t++) begin
      if (pick[t]) tag = chip_pkg::tag_t'(t);
    end
  end
  assign tag_o   = tag;
  assign ready_o = free != '0 && (!m_axi_arvalid_o || m_axi_arready_i);
  assign accept  = valid_i && ready_o;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) m_axi_arvalid_o <= 1'b0;
    else if (accept) m_axi_arvalid_o <= 1'b1;
    else if (m_axi_arready_i) m_axi_arvalid_o <= 1'b0;
  end

  always_ff @(posedge clk_i) begin
    if (accept) begin
      m_axi_arid_o   <= tag;
      m_axi_araddr_o <= {line_i, {chip_pkg::LineShift{1'b0}}};
      m_axi_arlen_o  <= 8'(beats_i) - 8'd1;
      owner_q[tag]   <= owner_i;
    end
  end

  assign m_axi_arsize_o = 3'(chip_pkg::LineShift);
  assign m_axi_arburst_o = BurstIncr;

  // ---------------------------------------------------------------------------------------------
  // Data
  // ---------------------------------------------------------------------------------------------
  assign m_axi_rready_o = 1'b1;
  assign beat = m_axi_rvalid_i;
  assign ends = beat && m_axi_rlast_i;
  assign busy_o = used_q != '0 || fill_valid_o;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      used_q       <= '0;
      index_q      <= '0;
      fill_valid_o <= 1'b0;
      error_o      <= 1'b0;
    end else begin
      fill_valid_o <= beat;
      error_o      <= beat && m_axi_rresp_i != RespOkay;
      if (beat) index_q[m_axi_rid_i] <= ends ? '0 : index_q[m_axi_rid_i] + 1'b1;
      if (ends) used_q[m_axi_rid_i] <= 1'b0;
      if (accept) used_q[tag] <= 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (beat) begin
      fill_o       <= '{tag: m_axi_rid_i, index: index_q[m_axi_rid_i], data: m_axi_rdata_i};
      fill_owner_o <= owner_q[m_axi_rid_i];
    end
  end

endmodule
