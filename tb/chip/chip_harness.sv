// The chip with its memory, driven by scripts of register accesses, one run after the other.
//
// All per-cycle work is here and in the C++ beside it; whoever starts a run sets its script, raises start_i
// and waits for done_o. A run that comes to no end is given up, after every state machine and queue of the
// design has been asked for its state.
module chip_harness #(
    parameter int unsigned Cores = 1,
    parameter int unsigned Lines = 2,
    parameter int unsigned Pes = 2,
    parameter int unsigned Rows = 8,
    parameter int unsigned RowQueue = 2,
    parameter int unsigned RunQueue = 8,
    parameter int unsigned PsumRows = 16,
    parameter bit GatedCores = 1'b0
) (
    input  logic clk_i,
    input  logic powering_i,  // high and low before the first clock edge: a reset is an edge
    input  logic start_i,
    output logic done_o
);

  localparam int unsigned RegAddrBits = chip_regs_pkg::CHIP_REGS_MIN_ADDR_WIDTH;
  localparam int unsigned ResetCycles = 4;

  import "DPI-C" function void chip_begin(
    output bit resets,
    output longint unsigned quiet_limit,
    output int slow_core,
    output int unsigned slow_factor,
    output int stopped_core,
    output longint unsigned stopped_from,
    output longint unsigned stopped_to,
    output int unsigned missed_permille,
    output longint unsigned seed
  );
  import "DPI-C" function bit chip_step(
    output int unsigned kind,
    output int unsigned address,
    output longint unsigned value
  );
  import "DPI-C" function void chip_answer(
    input longint unsigned value,
    input int unsigned response,
    input longint unsigned cycle
  );
  import "DPI-C" function void chip_end(
    input int unsigned outcome,
    input longint unsigned cycles
  );

  // Kinds of steps, in the order of tb/chip/device.py.
  localparam int unsigned StepWrite = 0, StepRead = 1, StepInterrupt = 2, StepReset = 4;
  localparam int unsigned Finished = 0, NoInterrupt = 1, Quiet = 2;

  typedef enum logic [3:0] {
    Idle,
    Reset,
    Next,
    Write,
    WriteAnswer,
    Read,
    ReadAnswer,
    Interrupt,
    Pause,
    Report,
    Done
  } state_e;

  state_e state_q;
  logic rst_nq, rst_n;
  logic [63:0] cycle_q, quiet_q, quiet_limit_q, value_q, waited_q;
  int slow_core_q, stopped_core_q;
  int unsigned slow_factor_q, slow_count_q, missed_permille_q, outcome_q;
  logic [63:0] stopped_from_q, stopped_to_q, seed_q, random_q;
  logic [Cores-1:0] core_enable_q;

  logic awvalid_q, awready, wvalid_q, wready, bvalid, arvalid_q, arready, rvalid, irq;
  logic [RegAddrBits-1:0] reg_addr_q;
  logic [31:0] reg_wdata_q, reg_rdata;
  logic [1:0] bresp, reg_rresp;
  logic moved;

  assign done_o = state_q == Done;
  assign rst_n  = rst_nq || powering_i;

  initial begin
    state_q           = Idle;
    rst_nq            = 1'b0;
    awvalid_q         = 1'b0;
    wvalid_q          = 1'b0;
    arvalid_q         = 1'b0;
    core_enable_q     = '1;
    slow_core_q       = -1;
    stopped_core_q    = -1;
    missed_permille_q = 0;
    seed_q            = 1;
    random_q          = 1;
  end

  // ---------------------------------------------------------------------------------------------
  // Script
  // ---------------------------------------------------------------------------------------------
  always_ff @(posedge clk_i) begin
    automatic bit resets = 1'b0;
    automatic longint unsigned quiet_limit = 0;
    automatic int slow_core = -1;
    automatic int unsigned slow_factor = 1;
    automatic int stopped_core = -1;
    automatic longint unsigned stopped_from = 0;
    automatic longint unsigned stopped_to = 0;
    automatic int unsigned missed_permille = 0;
    automatic longint unsigned seed = 1;
    automatic int unsigned kind = 0;
    automatic int unsigned address = 0;
    automatic longint unsigned value = 0;
    cycle_q <= cycle_q + 1'b1;
    quiet_q <= moved ? '0 : quiet_q + 1'b1;
    report_pkg::request <= 1'b0;
    unique case (state_q)
      Idle: begin
        if (start_i) begin
          chip_begin(resets, quiet_limit, slow_core, slow_factor, stopped_core, stopped_from,
                     stopped_to, missed_permille, seed);
          quiet_limit_q     <= quiet_limit;
          slow_core_q       <= slow_core;
          slow_factor_q     <= slow_factor;
          stopped_core_q    <= stopped_core;
          stopped_from_q    <= stopped_from;
          stopped_to_q      <= stopped_to;
          missed_permille_q <= missed_permille;
          seed_q            <= seed;
          cycle_q           <= '0;
          waited_q          <= 64'(ResetCycles);
          outcome_q         <= Finished;
          if (resets) begin
            rst_nq  <= 1'b0;
            state_q <= Reset;
          end else state_q <= Next;
        end
      end
      Reset: begin
        waited_q <= waited_q - 1'b1;
        if (waited_q == 0) begin
          rst_nq  <= 1'b1;
          state_q <= Next;
        end
      end
      Next: begin
        quiet_q <= '0;
        if (!chip_step(kind, address, value)) begin
          chip_end(outcome_q, cycle_q);
          state_q <= Done;
        end else begin
          reg_addr_q  <= RegAddrBits'(address);
          reg_wdata_q <= value[31:0];
          value_q     <= value;
          waited_q    <= '0;
          unique case (kind)
            StepWrite: begin
              awvalid_q <= 1'b1;
              wvalid_q  <= 1'b1;
              state_q   <= Write;
            end
            StepRead: begin
              arvalid_q <= 1'b1;
              state_q   <= Read;
            end
            StepInterrupt: state_q <= Interrupt;
            StepReset: begin
              chip_answer(0, 0, cycle_q);
              rst_nq   <= 1'b0;
              waited_q <= value;
              state_q  <= Reset;
            end
            default: state_q <= Pause;
          endcase
        end
      end
      Write: begin
        if (awready) awvalid_q <= 1'b0;
        if (wready) wvalid_q <= 1'b0;
        if ((awready || !awvalid_q) && (wready || !wvalid_q)) state_q <= WriteAnswer;
      end
      WriteAnswer: if (bvalid) answer(64'd0, 32'(bresp));
      Read: begin
        if (arready) begin
          arvalid_q <= 1'b0;
          state_q   <= ReadAnswer;
        end
      end
      ReadAnswer: if (rvalid) answer(64'(reg_rdata), 32'(reg_rresp));
      Interrupt: begin
        waited_q <= waited_q + 1'b1;
        if (irq) answer(64'd1, 32'd0);
        else if (waited_q >= value_q) give_up(NoInterrupt);
      end
      Pause: begin
        waited_q <= waited_q + 1'b1;
        quiet_q  <= '0;
        if (waited_q >= value_q) answer(64'd0, 32'd0);
      end
      // The reporters have spoken in the cycle before.
      Report: begin
        chip_end(outcome_q, cycle_q);
        rst_nq    <= 1'b0;
        awvalid_q <= 1'b0;
        wvalid_q  <= 1'b0;
        arvalid_q <= 1'b0;
        if (!report_pkg::request) state_q <= Done;
      end
      Done: if (!start_i) state_q <= Idle;
      default: state_q <= Idle;
    endcase
    if (quiet_limit_q != 0 && quiet_q >= quiet_limit_q &&
        state_q inside {Write, WriteAnswer, Read, ReadAnswer, Interrupt}) begin
      give_up(Quiet);
    end
  end

  task automatic answer(input longint unsigned value, input int unsigned response);
    chip_answer(value, response, cycle_q);
    state_q <= Next;
  endtask

  task automatic give_up(input int unsigned outcome);
    report_pkg::request <= 1'b1;
    outcome_q <= outcome;
    state_q <= Report;
  endtask

  // Which cores miss a clock edge, drawn from a state, and the state after that (xorshift64).
  function automatic logic [Cores+63:0] draw(input logic [63:0] state, input int unsigned permille);
    logic [63:0] value;
    logic [Cores-1:0] missed;
    value = state;
    for (int unsigned c = 0; c < Cores; c++) begin
      value = value ^ (value << 13);
      value = value ^ (value >> 7);
      value = value ^ (value << 17);
      missed[c] = value[31:0] % 1000 < permille;
    end
    return {missed, value};
  endfunction

  // A core may get only one of some edges of the clock, or none for a while, and each may miss edges by chance.
  logic [Cores-1:0] missed;
  logic [63:0] random_d;
  assign {missed, random_d} = missed_permille_q == 0 ? {Cores'(0), random_q} : draw(
      random_q, missed_permille_q
  );

  always_ff @(posedge clk_i) begin
    core_enable_q <= ~missed;
    random_q <= cycle_q == 0 ? seed_q : random_d;
    if (stopped_core_q >= 0 && cycle_q >= stopped_from_q && cycle_q < stopped_to_q) begin
      core_enable_q[stopped_core_q] <= 1'b0;
    end
    slow_count_q <= cycle_q == 0 || slow_count_q + 1 >= slow_factor_q ? 0 : slow_count_q + 1;
    if (slow_core_q >= 0 && slow_count_q != 0) core_enable_q[slow_core_q] <= 1'b0;
  end

  // ---------------------------------------------------------------------------------------------
  // Chip and memory
  // ---------------------------------------------------------------------------------------------
  logic m_arvalid, m_arready, m_rvalid, m_rready, m_rlast;
  logic m_awvalid, m_awready, m_wvalid, m_wready, m_wlast, m_bvalid, m_bready;
  logic [chip_pkg::TagBits-1:0] m_arid, m_rid, m_awid, m_bid;
  logic [chip_pkg::AxiAddrBits-1:0] m_araddr, m_awaddr;
  logic [7:0] m_arlen, m_awlen;
  logic [2:0] m_arsize, m_awsize;
  logic [1:0] m_arburst, m_awburst, m_rresp, m_bresp;
  logic [chip_pkg::LineBits-1:0] m_rdata, m_wdata;
  logic [chip_pkg::LineBytes-1:0] m_wstrb;

  assign moved = (m_arvalid && m_arready) || (m_rvalid && m_rready) || (m_awvalid && m_awready) ||
      (m_wvalid && m_wready) || (m_bvalid && m_bready) || bvalid || rvalid;

  lnpu_chip #(
      .Cores     (Cores),
      .Lines     (Lines),
      .Pes       (Pes),
      .Rows      (Rows),
      .RowQueue  (RowQueue),
      .RunQueue  (RunQueue),
      .PsumRows  (PsumRows),
      .GatedCores(GatedCores)
  ) i_chip (
      .clk_i,
      .rst_ni          (rst_n),
      .core_enable_i   (core_enable_q),
      .irq_o           (irq),
      .s_axil_awvalid_i(awvalid_q),
      .s_axil_awready_o(awready),
      .s_axil_awaddr_i (reg_addr_q),
      .s_axil_awprot_i (3'd0),
      .s_axil_wvalid_i (wvalid_q),
      .s_axil_wready_o (wready),
      .s_axil_wdata_i  (reg_wdata_q),
      .s_axil_wstrb_i  (4'hF),
      .s_axil_bvalid_o (bvalid),
      .s_axil_bready_i (1'b1),
      .s_axil_bresp_o  (bresp),
      .s_axil_arvalid_i(arvalid_q),
      .s_axil_arready_o(arready),
      .s_axil_araddr_i (reg_addr_q),
      .s_axil_arprot_i (3'd0),
      .s_axil_rvalid_o (rvalid),
      .s_axil_rready_i (1'b1),
      .s_axil_rdata_o  (reg_rdata),
      .s_axil_rresp_o  (reg_rresp),
      .m_axi_arvalid_o (m_arvalid),
      .m_axi_arready_i (m_arready),
      .m_axi_arid_o    (m_arid),
      .m_axi_araddr_o  (m_araddr),
      .m_axi_arlen_o   (m_arlen),
      .m_axi_arsize_o  (m_arsize),
      .m_axi_arburst_o (m_arburst),
      .m_axi_rvalid_i  (m_rvalid),
      .m_axi_rready_o  (m_rready),
      .m_axi_rid_i     (m_rid),
      .m_axi_rdata_i   (m_rdata),
      .m_axi_rresp_i   (m_rresp),
      .m_axi_rlast_i   (m_rlast),
      .m_axi_awvalid_o (m_awvalid),
      .m_axi_awready_i (m_awready),
      .m_axi_awid_o    (m_awid),
      .m_axi_awaddr_o  (m_awaddr),
      .m_axi_awlen_o   (m_awlen),
      .m_axi_awsize_o  (m_awsize),
      .m_axi_awburst_o (m_awburst),
      .m_axi_wvalid_o  (m_wvalid),
      .m_axi_wready_i  (m_wready),
      .m_axi_wdata_o   (m_wdata),
      .m_axi_wstrb_o   (m_wstrb),
      .m_axi_wlast_o   (m_wlast),
      .m_axi_bvalid_i  (m_bvalid),
      .m_axi_bready_o  (m_bready),
      .m_axi_bid_i     (m_bid),
      .m_axi_bresp_i   (m_bresp)
  );

  axi_memory #(
      .AddrBits(chip_pkg::AxiAddrBits),
      .IdBits  (chip_pkg::TagBits)
  ) i_memory (
      .clk_i,
      .rst_ni   (rst_n),
      .arvalid_i(m_arvalid),
      .arready_o(m_arready),
      .arid_i   (m_arid),
      .araddr_i (m_araddr),
      .arlen_i  (m_arlen),
      .arsize_i (m_arsize),
      .arburst_i(m_arburst),
      .rvalid_o (m_rvalid),
      .rready_i (m_rready),
      .rid_o    (m_rid),
      .rdata_o  (m_rdata),
      .rresp_o  (m_rresp),
      .rlast_o  (m_rlast),
      .awvalid_i(m_awvalid),
      .awready_o(m_awready),
      .awid_i   (m_awid),
      .awaddr_i (m_awaddr),
      .awlen_i  (m_awlen),
      .awsize_i (m_awsize),
      .awburst_i(m_awburst),
      .wvalid_i (m_wvalid),
      .wready_o (m_wready),
      .wdata_i  (m_wdata),
      .wstrb_i  (m_wstrb),
      .wlast_i  (m_wlast),
      .bvalid_o (m_bvalid),
      .bready_i (m_bready),
      .bid_o    (m_bid),
      .bresp_o  (m_bresp)
  );

endmodule
