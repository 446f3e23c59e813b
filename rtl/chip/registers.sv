// What software sees of the chip: the register block made from chip_regs.rdl, and its rules.
//
// The job at hand is locked from the cycle of start_o until busy_i falls; busy_i rises in the cycle
// after start_o.
module registers #(
    parameter int unsigned Cores = 1,
    parameter int unsigned Lines = 2,
    parameter int unsigned Pes = 2,
    parameter int unsigned Rows = 8,
    localparam int unsigned AddrBits = chip_regs_pkg::CHIP_REGS_MIN_ADDR_WIDTH,
    localparam int unsigned DataBits = chip_regs_pkg::CHIP_REGS_DATA_WIDTH
) (
    input  logic                                     clk_i,
    input  logic                                     rst_ni,
    // AXI4-Lite
    input  logic                                     s_axil_awvalid_i,
    output logic                                     s_axil_awready_o,
    input  logic             [         AddrBits-1:0] s_axil_awaddr_i,
    input  logic             [                  2:0] s_axil_awprot_i,
    input  logic                                     s_axil_wvalid_i,
    output logic                                     s_axil_wready_o,
    input  logic             [         DataBits-1:0] s_axil_wdata_i,
    input  logic             [       DataBits/8-1:0] s_axil_wstrb_i,
    output logic                                     s_axil_bvalid_o,
    input  logic                                     s_axil_bready_i,
    output logic             [                  1:0] s_axil_bresp_o,
    input  logic                                     s_axil_arvalid_i,
    output logic                                     s_axil_arready_o,
    input  logic             [         AddrBits-1:0] s_axil_araddr_i,
    input  logic             [                  2:0] s_axil_arprot_i,
    output logic                                     s_axil_rvalid_o,
    input  logic                                     s_axil_rready_i,
    output logic             [         DataBits-1:0] s_axil_rdata_o,
    output logic             [                  1:0] s_axil_rresp_o,
    // To the control
    output logic                                     start_o,             // one cycle
    output logic                                     abort_o,             // one cycle
    output chip_pkg::line_t                          descriptor_o,
    output logic             [                 15:0] patience_o,
    output logic             [                 31:0] watchdog_o,          // 0: off
    output logic             [                  7:0] counter_core_o,
    output logic             [                  7:0] counter_index_o,
    // From the control
    input  logic                                     busy_i,
    input  logic                                     done_i,              // one cycle
    input  logic                                     error_i,             // one cycle
    input  chip_pkg::cause_e                         cause_i,
    input  logic             [chip_pkg::JobBits-1:0] error_job_i,
    input  chip_pkg::line_t                          error_descriptor_i,
    input  logic             [                 31:0] descriptors_i,
    input  logic             [                 63:0] counter_i,
    output logic                                     irq_o
);

  chip_regs_pkg::chip_regs__in_t  from_chip;
  chip_regs_pkg::chip_regs__out_t to_chip;
  logic start, locked, refused;

  // The block hands a start over one cycle after its write, and the next write may be right behind it.
  assign start = to_chip.CONTROL.start.value;
  assign locked = busy_i || start;
  assign refused = (busy_i && start) || (locked && (to_chip.DESCRIPTOR.line.swmod ||
                                                    to_chip.PATIENCE.cycles.swmod ||
                                                    to_chip.WATCHDOG.cycles.swmod));

  assign start_o = start && !busy_i;
  assign abort_o = to_chip.CONTROL.abort.value && busy_i;
  assign descriptor_o = to_chip.DESCRIPTOR.line.value;
  assign patience_o = to_chip.PATIENCE.cycles.value;
  assign watchdog_o = to_chip.WATCHDOG.cycles.value;
  assign counter_core_o = to_chip.COUNTER_SELECT.core.value;
  assign counter_index_o = to_chip.COUNTER_SELECT.index.value;
  assign irq_o = to_chip.IRQ_STATUS.intr;

  always_comb begin
    from_chip.CONFIG.cores.next           = 8'(Cores);
    from_chip.CONFIG.lines.next           = 8'(Lines);
    from_chip.CONFIG.pes.next             = 8'(Pes);
    from_chip.CONFIG.rows.next            = 8'(Rows);
    from_chip.STATUS.busy.next            = locked;
    from_chip.STATUS.done.hwset           = done_i;
    from_chip.STATUS.done.hwclr           = start_o;
    from_chip.STATUS.error.hwset          = error_i;
    from_chip.STATUS.error.hwclr          = start_o;
    from_chip.STATUS.busy_write.hwset     = refused;
    from_chip.STATUS.busy_write.hwclr     = start_o;
    from_chip.STATUS.cause.we             = error_i || start_o;
    from_chip.STATUS.cause.next           = error_i ? cause_i : chip_pkg::CauseNone;
    from_chip.IRQ_STATUS.done.next        = done_i;
    from_chip.IRQ_STATUS.error.next       = error_i;
    from_chip.IRQ_STATUS.busy_write.next  = refused;
    from_chip.DESCRIPTORS_DONE.count.next = descriptors_i;
    from_chip.ERROR_JOB.job.we            = error_i;
    from_chip.ERROR_JOB.job.next          = error_job_i;
    from_chip.ERROR_DESCRIPTOR.line.we    = error_i;
    from_chip.ERROR_DESCRIPTOR.line.next  = error_descriptor_i;
    from_chip.COUNTER_LOW.value.next      = counter_i[31:0];
    from_chip.COUNTER_HIGH.value.we       = to_chip.COUNTER_LOW.value.swacc;
    from_chip.COUNTER_HIGH.value.next     = counter_i[63:32];
  end

  chip_regs i_block (
      .clk           (clk_i),
      .arst_n        (rst_ni),
      .locked,
      .s_axil_awready(s_axil_awready_o),
      .s_axil_awvalid(s_axil_awvalid_i),
      .s_axil_awaddr (s_axil_awaddr_i),
      .s_axil_awprot (s_axil_awprot_i),
      .s_axil_wready (s_axil_wready_o),
      .s_axil_wvalid (s_axil_wvalid_i),
      .s_axil_wdata  (s_axil_wdata_i),
      .s_axil_wstrb  (s_axil_wstrb_i),
      .s_axil_bready (s_axil_bready_i),
      .s_axil_bvalid (s_axil_bvalid_o),
      .s_axil_bresp  (s_axil_bresp_o),
      .s_axil_arready(s_axil_arready_o),
      .s_axil_arvalid(s_axil_arvalid_i),
      .s_axil_araddr (s_axil_araddr_i),
      .s_axil_arprot (s_axil_arprot_i),
      .s_axil_rready (s_axil_rready_i),
      .s_axil_rvalid (s_axil_rvalid_o),
      .s_axil_rdata  (s_axil_rdata_o),
      .s_axil_rresp  (s_axil_rresp_o),
      .hwif_in       (from_chip),
      .hwif_out      (to_chip)
  );

endmodule
