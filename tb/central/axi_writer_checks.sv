`include "tb/checks.svh"

// Checks of the write master: answers belong to writes, and every write moves at least a byte.
module axi_writer_checks #(
    parameter  int unsigned Outstanding = 32,
    localparam int unsigned CountBits   = $clog2(Outstanding + 1)
) (
    input logic                             clk_i,
    input logic                             rst_ni,
    input logic                             valid_i,
    input logic                             ready_o,
    input chip_pkg::write_t                 write_i,
    input logic                             error_o,
    input logic                             m_axi_awvalid_o,
    input logic                             m_axi_awready_i,
    input logic                             m_axi_wvalid_o,
    input logic                             m_axi_wready_i,
    input logic                             m_axi_bvalid_i,
    input logic             [CountBits-1:0] count_q,
    input logic                             accept
);

  `CHECK(answer_is_due, m_axi_bvalid_i, count_q != '0)
  `CHECK(write_has_bytes, accept, write_i.strobe != '0)
  `CHECK(count_in_range, accept, count_q < CountBits'(Outstanding))

  `COVER(whole_line, accept && write_i.strobe == '1)
  `COVER(part_of_a_line, accept && write_i.strobe != '1)
  `COVER(address_first, m_axi_wvalid_o && !m_axi_awvalid_o && !m_axi_wready_i)
  `COVER(data_first, m_axi_awvalid_o && !m_axi_wvalid_o && !m_axi_awready_i)
  `COVER(many_under_way, valid_i && !ready_o && count_q == CountBits'(Outstanding))
  `COVER(error, error_o)

endmodule

bind axi_writer axi_writer_checks #(.Outstanding(Outstanding)) i_checks (.*);
