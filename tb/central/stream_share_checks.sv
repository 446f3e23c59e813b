`include "tb/checks.svh"

// Checks of shared fetches: who gets a chunk has asked for it, and nobody is given another one.
module stream_share_checks #(
    parameter  int unsigned Cores     = 1,
    parameter  int unsigned TimerBits = 17,
    localparam int unsigned CoreBits  = Cores > 1 ? $clog2(Cores) : 1
) (
    input logic                                                            clk_i,
    input logic                                                            rst_ni,
    input logic                                                            enable_i,
    input logic                   [               Cores-1:0]               attached_i,
    input logic                                                            dealing_i,
    input logic                   [               Cores-1:0]               detach_o,
    input chip_pkg::fetch_state_t [   chip_pkg::Streams-1:0][   Cores-1:0] fetch_i,
    input logic                   [   chip_pkg::Streams-1:0][   Cores-1:0] grant_o,
    input logic                                                            valid_o,
    input logic                                                            ready_i,
    input chip_pkg::line_t                                                 line_o,
    input logic                   [ chip_pkg::ChunkBits-1:0]               beats_o,
    input chip_pkg::stream_e                                               stream_o,
    input logic                   [               Cores-1:0]               members_o,
    input logic                                                            held_o,
    input logic                   [   chip_pkg::Streams-1:0]               go,
    input logic                   [   chip_pkg::Streams-1:0]               held,
    input logic                   [   chip_pkg::Streams-1:0][   Cores-1:0] expired,
    input logic                   [               Cores-1:0]               blamed_o,
    input logic                   [           TimerBits-1:0]               now_q,
    input logic                   [chip_pkg::StreamBits-1:0]               turn_q,
    input logic                   [   chip_pkg::Streams-1:0][CoreBits-1:0] core,
    input logic                   [   chip_pkg::Streams-1:0][CoreBits-1:0] last_q,
    input logic                   [   chip_pkg::Streams-1:0][   Cores-1:0] since_valid_q
);

  // The first cycle after a reset.
  logic fresh_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) fresh_q <= 1'b1;
    else fresh_q <= 1'b0;
  end

  // A burst stays within 4 KB.
  localparam int unsigned PageLines = 4096 / chip_pkg::LineBytes;
  localparam int unsigned PageBits = $clog2(PageLines);

  function automatic logic members_ask();
    members_ask = 1'b1;
    for (int unsigned c = 0; c < Cores; c++) begin
      if (members_o[c] && !(fetch_i[stream_o][c].valid && fetch_i[stream_o][c].next == line_o &&
                            fetch_i[stream_o][c].beats == beats_o)) begin
        members_ask = 1'b0;
      end
    end
  endfunction

  // An attached core that still needs the chunk is not passed over.
  function automatic logic nobody_is_left();
    nobody_is_left = 1'b1;
    for (int unsigned m = 0; m < Cores; m++) begin
      for (int unsigned c = 0; c < Cores; c++) begin
        if (members_o[m] && !members_o[c] && attached_i[m] && attached_i[c] &&
            fetch_i[stream_o][c].active &&
            fetch_i[stream_o][c].base == fetch_i[stream_o][m].base &&
            fetch_i[stream_o][c].wave == fetch_i[stream_o][m].wave &&
            fetch_i[stream_o][c].next <= line_o && (members_o & ~attached_i) == '0) begin
          nobody_is_left = 1'b0;
        end
      end
    end
  endfunction

  // Whoever simulates gates would have them undefined for ever.
  `CHECK(counts_after_a_reset, fresh_q, now_q == '0 && turn_q == '0 && last_q == '0)
  `CHECK(nobody_waits_after_a_reset, fresh_q, since_valid_q == '0)

  // Who was not taken keeps its turn.
  `CHECK_NEXT(turn_of_streams, grant_o == '0, $stable(turn_q))
  for (genvar s = 0; s < chip_pkg::Streams; s++) begin : gen_turns
    `CHECK_NEXT(turn_of_cores, go[s] && !grant_o[s][core[s]], $stable(last_q[s]))
  end

  `CHECK(somebody_gets_it, valid_o, members_o != '0 && enable_i)
  `CHECK(members_asked, valid_o, members_ask())
  `CHECK(none_left_behind, valid_o, nobody_is_left())
  `CHECK(grants_are_taken, grant_o != '0, valid_o && ready_i && grant_o[stream_o] == members_o)
  `CHECK(chunk_in_page, valid_o, 32'(line_o[PageBits-1:0]) + 32'(beats_o) <= PageLines)
  `CHECK(only_attached_detach, detach_o != '0, (detach_o & ~attached_i) == '0)

  `COVER(chunk_for_one, valid_o && ready_i && $onehot(members_o))
  `COVER(chunk_for_all, valid_o && ready_i && members_o == '1)
  `COVER(burst_of_two,
         valid_o && ready_i && beats_o == chip_pkg::ChunkBits'(chip_pkg::MaxChunkBeats))
  `COVER(stream_a, valid_o && ready_i && stream_o == chip_pkg::StreamA)
  `COVER(stream_b, valid_o && ready_i && stream_o == chip_pkg::StreamB)
  `COVER(stream_c, valid_o && ready_i && stream_o == chip_pkg::StreamC)
  `COVER(stream_d, valid_o && ready_i && stream_o == chip_pkg::StreamD)
  `COVER(held_for_laggard, held_o)
  // Each stream may be the one for which somebody waits.
  `COVER(held_a, held[chip_pkg::StreamA] && go == '0)
  `COVER(held_b, held[chip_pkg::StreamB] && go == '0)
  `COVER(held_c, held[chip_pkg::StreamC] && go == '0)
  `COVER(held_d, held[chip_pkg::StreamD] && go == '0)
  `COVER(held_while_another_goes, held != '0 && go != '0)
  `COVER(expired_a, expired[chip_pkg::StreamA] != '0)
  `COVER(expired_b, expired[chip_pkg::StreamB] != '0)
  `COVER(blamed, blamed_o != '0)
  `COVER(several_streams, valid_o && ready_i && $countones(go) > 1)
  `COVER(chunk_for_some, valid_o && ready_i && !$onehot(members_o) && members_o != '1)
  `COVER(chunk_of_one, valid_o && ready_i && 32'(beats_o) == 1)
  `COVER(chunk_ends_a_page,
         valid_o && ready_i && 32'(line_o[PageBits-1:0]) + 32'(beats_o) == PageLines)
  `COVER(chunk_begins_a_page, valid_o && ready_i && line_o[PageBits-1:0] == '0)
  `COVER(not_enabled, go != '0 && !enable_i)
  `COVER(detached_core_asks, valid_o && ready_i && (members_o & ~attached_i) != '0)
  `COVER(held_while_dealing, dealing_i && fetch_i[chip_pkg::StreamB] != '0 && !valid_o)
  `COVER(memory_not_ready, valid_o && !ready_i)

endmodule

bind stream_share stream_share_checks #(
    .Cores(Cores),
    .TimerBits(TimerBits)
) i_checks (
    .last_q({
      gen_streams[3].last_q, gen_streams[2].last_q, gen_streams[1].last_q, gen_streams[0].last_q
    }),
    .since_valid_q({
      gen_streams[3].since_valid_q,
      gen_streams[2].since_valid_q,
      gen_streams[1].since_valid_q,
      gen_streams[0].since_valid_q
    }),
    .*
);
