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
    input logic                             m_axi_bready_o,
    input logic             [          1:0] m_axi_bresp_i,
    input logic             [CountBits-1:0] count_q,
    input logic                             accept
);

  `CHECK(answer_is_due, m_axi_bvalid_i, count_q != '0)
  `CHECK(write_has_bytes, accept, write_i.strobe != '0)
  `CHECK(count_in_range, accept, count_q < CountBits'(Outstanding))
  `CHECK(answers_are_taken, m_axi_bvalid_i, m_axi_bready_o)

  `COVER(whole_line, accept && write_i.strobe == '1)
  `COVER(part_of_a_line, accept && write_i.strobe != '1)
  `COVER(address_first, m_axi_wvalid_o && !m_axi_awvalid_o && !m_axi_wready_i)
  `COVER(data_first, m_axi_awvalid_o && !m_axi_wvalid_o && !m_axi_awready_i)
  `COVER(many_under_way, valid_i && !ready_o && count_q == CountBits'(Outstanding))
  `COVER(error, error_o)
  `COVER(slave_error, m_axi_bvalid_i && m_axi_bresp_i == 2'b10)
  `COVER(decode_error, m_axi_bvalid_i && m_axi_bresp_i == 2'b11)
  `COVER(both_wait, m_axi_awvalid_o && !m_axi_awready_i && m_axi_wvalid_o && !m_axi_wready_i)
  `COVER(both_at_once, m_axi_awvalid_o && m_axi_awready_i && m_axi_wvalid_o && m_axi_wready_i)
  `COVER(write_and_answer, accept && m_axi_bvalid_i)
  `COVER(one_byte, accept && $onehot(write_i.strobe))
  `COVER(first_byte_not_written,
         accept && !write_i.strobe[0] && write_i.strobe[chip_pkg::LineBytes-1])
  `COVER(last_byte_not_written,
         accept && write_i.strobe[0] && !write_i.strobe[chip_pkg::LineBytes-1])
  `COVER(inside_of_a_line, accept && !write_i.strobe[0] && !write_i.strobe[chip_pkg::LineBytes-1])

endmodule

bind axi_writer axi_writer_checks #(.Outstanding(Outstanding)) i_checks (.*);
