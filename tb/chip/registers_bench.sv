// The registers with the names that cocotbext-axi looks for, and the rules of the link.
module registers_bench #(
    localparam int unsigned AddrBits = chip_regs_pkg::CHIP_REGS_MIN_ADDR_WIDTH
) (
    input  logic                clk,
    input  logic                rst_n,
    input  logic                s_axil_awvalid,
    output logic                s_axil_awready,
    input  logic [AddrBits-1:0] s_axil_awaddr,
    input  logic [         2:0] s_axil_awprot,
    input  logic                s_axil_wvalid,
    output logic                s_axil_wready,
    input  logic [        31:0] s_axil_wdata,
    input  logic [         3:0] s_axil_wstrb,
    output logic                s_axil_bvalid,
    input  logic                s_axil_bready,
    output logic [         1:0] s_axil_bresp,
    input  logic                s_axil_arvalid,
    output logic                s_axil_arready,
    input  logic [AddrBits-1:0] s_axil_araddr,
    input  logic [         2:0] s_axil_arprot,
    output logic                s_axil_rvalid,
    input  logic                s_axil_rready,
    output logic [        31:0] s_axil_rdata,
    output logic [         1:0] s_axil_rresp,
    input  logic                busy,
    input  logic                done,
    input  logic                error,
    input  logic [         3:0] cause,
    input  logic [        31:0] error_job,
    input  logic [        31:0] error_descriptor,
    input  logic [        31:0] descriptors,
    input  logic [        63:0] counter,
    output logic [        31:0] descriptor,
    output logic [        15:0] patience,
    output logic [        31:0] watchdog,
    output logic [         7:0] counter_core,
    output logic [         7:0] counter_index,
    output logic                irq,
    // Pulses, counted
    output logic [        31:0] starts,
    output logic [        31:0] aborts
);

  logic start, abort;

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
      starts <= '0;
      aborts <= '0;
    end else begin
      starts <= starts + 32'(start);
      aborts <= aborts + 32'(abort);
    end
  end

  // The control is busy from the cycle after a start, as the real one; the test says for how long.
  logic busy_q;
  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) busy_q <= 1'b0;
    else busy_q <= busy && (start || busy_q);
  end

  registers #(
      .Cores(12),
      .Lines(8),
      .Pes  (4),
      .Rows (36)
  ) i_registers (
      .clk_i             (clk),
      .rst_ni            (rst_n),
      .s_axil_awvalid_i  (s_axil_awvalid),
      .s_axil_awready_o  (s_axil_awready),
      .s_axil_awaddr_i   (s_axil_awaddr),
      .s_axil_awprot_i   (s_axil_awprot),
      .s_axil_wvalid_i   (s_axil_wvalid),
      .s_axil_wready_o   (s_axil_wready),
      .s_axil_wdata_i    (s_axil_wdata),
      .s_axil_wstrb_i    (s_axil_wstrb),
      .s_axil_bvalid_o   (s_axil_bvalid),
      .s_axil_bready_i   (s_axil_bready),
      .s_axil_bresp_o    (s_axil_bresp),
      .s_axil_arvalid_i  (s_axil_arvalid),
      .s_axil_arready_o  (s_axil_arready),
      .s_axil_araddr_i   (s_axil_araddr),
      .s_axil_arprot_i   (s_axil_arprot),
      .s_axil_rvalid_o   (s_axil_rvalid),
      .s_axil_rready_i   (s_axil_rready),
      .s_axil_rdata_o    (s_axil_rdata),
      .s_axil_rresp_o    (s_axil_rresp),
      .start_o           (start),
      .abort_o           (abort),
      .descriptor_o      (descriptor),
      .patience_o        (patience),
      .watchdog_o        (watchdog),
      .counter_core_o    (counter_core),
      .counter_index_o   (counter_index),
      .busy_i            (busy_q),
      .done_i            (done),
      .error_i           (error),
      .cause_i           (chip_pkg::cause_e'(cause)),
      .error_job_i       (error_job),
      .error_descriptor_i(error_descriptor),
      .descriptors_i     (descriptors),
      .counter_i         (counter),
      .irq_o             (irq)
  );

  axi_lite_checks #(
      .AddrBits(AddrBits)
  ) i_checks (
      .clk_i  (clk),
      .rst_ni (rst_n),
      .awvalid(s_axil_awvalid),
      .awready(s_axil_awready),
      .awaddr (s_axil_awaddr),
      .wvalid (s_axil_wvalid),
      .wready (s_axil_wready),
      .wdata  (s_axil_wdata),
      .wstrb  (s_axil_wstrb),
      .bvalid (s_axil_bvalid),
      .bready (s_axil_bready),
      .bresp  (s_axil_bresp),
      .arvalid(s_axil_arvalid),
      .arready(s_axil_arready),
      .araddr (s_axil_araddr),
      .rvalid (s_axil_rvalid),
      .rready (s_axil_rready),
      .rdata  (s_axil_rdata),
      .rresp  (s_axil_rresp)
  );

endmodule
