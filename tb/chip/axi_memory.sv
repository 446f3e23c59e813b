// AXI4 slave: a memory whose contents are an array of the testbench's, with settable speed and manners.
//
// Policy and storage are in axi_memory.cpp; here are the pins. Bursts are whole beats, incrementing.
module axi_memory #(
    parameter int unsigned AddrBits = 38,
    parameter int unsigned IdBits   = 5
) (
    input  logic                clk_i,
    input  logic                rst_ni,
    input  logic                arvalid_i,
    output logic                arready_o,
    input  logic [  IdBits-1:0] arid_i,
    input  logic [AddrBits-1:0] araddr_i,
    input  logic [         7:0] arlen_i,
    input  logic [         2:0] arsize_i,
    input  logic [         1:0] arburst_i,
    output logic                rvalid_o,
    input  logic                rready_i,
    output logic [  IdBits-1:0] rid_o,
    output logic [       511:0] rdata_o,
    output logic [         1:0] rresp_o,
    output logic                rlast_o,
    input  logic                awvalid_i,
    output logic                awready_o,
    input  logic [  IdBits-1:0] awid_i,
    input  logic [AddrBits-1:0] awaddr_i,
    input  logic [         7:0] awlen_i,
    input  logic [         2:0] awsize_i,
    input  logic [         1:0] awburst_i,
    input  logic                wvalid_i,
    output logic                wready_o,
    input  logic [       511:0] wdata_i,
    input  logic [        63:0] wstrb_i,
    input  logic                wlast_i,
    output logic                bvalid_o,
    input  logic                bready_i,
    output logic [  IdBits-1:0] bid_o,
    output logic [         1:0] bresp_o
);

  import "DPI-C" function void axi_memory_reset();
  import "DPI-C" function void axi_memory_read(
    input longint unsigned cycle,
    input int unsigned id,
    input longint unsigned address,
    input int unsigned length,
    input int unsigned size,
    input int unsigned kind
  );
  import "DPI-C" function void axi_memory_write(
    input longint unsigned cycle,
    input int unsigned id,
    input longint unsigned address,
    input int unsigned length,
    input int unsigned size,
    input int unsigned kind
  );
  import "DPI-C" function void axi_memory_write_beat(
    input bit [511:0] data,
    input longint unsigned strobe,
    input bit last
  );
  import "DPI-C" function bit axi_memory_step(
    input longint unsigned cycle,
    input bit r_taken,
    input bit r_free,
    input bit b_free,
    output bit r_valid,
    output int unsigned r_id,
    output bit [511:0] r_data,
    output int unsigned r_response,
    output bit r_last,
    output bit b_valid,
    output int unsigned b_id,
    output int unsigned b_response,
    output bit ar_ready,
    output bit aw_ready,
    output bit w_ready
  );

  logic [63:0] cycle_q;
  logic active_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    automatic bit r_valid = 1'b0;
    automatic int unsigned r_id = 0;
    automatic bit [511:0] r_data = '0;
    automatic int unsigned r_response = 0;
    automatic bit r_last = 1'b0;
    automatic bit b_valid = 1'b0;
    automatic int unsigned b_id = 0;
    automatic int unsigned b_response = 0;
    automatic bit ar_ready = 1'b1;
    automatic bit aw_ready = 1'b1;
    automatic bit w_ready = 1'b1;
    if (!rst_ni) begin
      axi_memory_reset();
      cycle_q   <= '0;
      active_q  <= 1'b0;
      arready_o <= 1'b0;
      awready_o <= 1'b0;
      wready_o  <= 1'b0;
      rvalid_o  <= 1'b0;
      bvalid_o  <= 1'b0;
      rid_o     <= '0;
      rdata_o   <= '0;
      rresp_o   <= '0;
      rlast_o   <= 1'b0;
      bid_o     <= '0;
      bresp_o   <= '0;
    end else begin
      cycle_q <= cycle_q + 1'b1;
      if (arvalid_i && arready_o) begin
        axi_memory_read(cycle_q, 32'(arid_i), 64'(araddr_i), 32'(arlen_i), 32'(arsize_i),
                        32'(arburst_i));
      end
      if (awvalid_i && awready_o) begin
        axi_memory_write(cycle_q, 32'(awid_i), 64'(awaddr_i), 32'(awlen_i), 32'(awsize_i),
                         32'(awburst_i));
      end
      if (wvalid_i && wready_o) axi_memory_write_beat(wdata_i, wstrb_i, wlast_i);
      // An idle memory costs the simulation nothing.
      if (active_q || arvalid_i || awvalid_i || wvalid_i || !arready_o) begin
        active_q <= axi_memory_step(
            cycle_q,
            rvalid_o && rready_i,
            !rvalid_o || rready_i,
            !bvalid_o || bready_i,
            r_valid,
            r_id,
            r_data,
            r_response,
            r_last,
            b_valid,
            b_id,
            b_response,
            ar_ready,
            aw_ready,
            w_ready
        );
        arready_o <= ar_ready;
        awready_o <= aw_ready;
        wready_o <= w_ready;
        if (!rvalid_o || rready_i) begin
          rvalid_o <= r_valid;
          rid_o    <= IdBits'(r_id);
          rdata_o  <= r_data;
          rresp_o  <= 2'(r_response);
          rlast_o  <= r_last;
        end
        if (!bvalid_o || bready_i) begin
          bvalid_o <= b_valid;
          bid_o    <= IdBits'(b_id);
          bresp_o  <= 2'(b_response);
        end
      end
    end
  end

endmodule
