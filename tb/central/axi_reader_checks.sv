`include "tb/checks.svh"

// Checks of the read master: a tag is used by one burst at a time, and every beat belongs to one.
module axi_reader_checks (
    input logic                                     clk_i,
    input logic                                     rst_ni,
    input logic                                     valid_i,
    input logic                                     ready_o,
    input logic           [chip_pkg::ChunkBits-1:0] beats_i,
    input logic                                     fill_valid_o,
    input logic                                     error_o,
    input logic                                     m_axi_arvalid_o,
    input logic                                     m_axi_arready_i,
    input logic                                     m_axi_rvalid_i,
    input logic                                     m_axi_rready_o,
    input logic           [                    1:0] m_axi_rresp_i,
    input chip_pkg::tag_t                           m_axi_rid_i,
    input logic                                     m_axi_rlast_i,
    input logic           [     chip_pkg::Tags-1:0] used_q,
    input chip_pkg::tag_t                           tag,
    input logic                                     accept
);

  `CHECK(tag_is_free, accept, !used_q[tag])
  `CHECK(beat_is_due, m_axi_rvalid_i, used_q[m_axi_rid_i])
  `CHECK(beats_in_range, accept,
         beats_i != '0 && beats_i <= chip_pkg::ChunkBits'(chip_pkg::MaxChunkBeats))
  // Room has been kept for every beat: the channel never stands.
  `CHECK(beats_are_taken, m_axi_rvalid_i, m_axi_rready_o)

  `COVER(burst, accept)
  `COVER(burst_ends, m_axi_rvalid_i && m_axi_rlast_i)
  `COVER(beat_inside, m_axi_rvalid_i && !m_axi_rlast_i)
  `COVER(address_waits, m_axi_arvalid_o && !m_axi_arready_i)
  `COVER(no_tag_left, valid_i && !ready_o && used_q == '1)
  `COVER(error, error_o)
  `COVER(slave_error, m_axi_rvalid_i && m_axi_rresp_i == 2'b10)
  `COVER(decode_error, m_axi_rvalid_i && m_axi_rresp_i == 2'b11)
  `COVER(error_inside, m_axi_rvalid_i && m_axi_rresp_i[1] && !m_axi_rlast_i)
  `COVER(single_beat, accept && beats_i == 1)
  `COVER(longest_burst, accept && 32'(beats_i) == chip_pkg::MaxChunkBeats)
  `COVER(last_tag, accept && 32'(tag) == chip_pkg::Tags - 1)
  `COVER(tag_comes_back_at_once, accept && m_axi_rvalid_i && m_axi_rlast_i)
  `COVER(back_to_back, fill_valid_o && m_axi_rvalid_i)

endmodule

bind axi_reader axi_reader_checks i_checks (.*);
