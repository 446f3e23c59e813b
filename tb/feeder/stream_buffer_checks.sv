`include "tb/checks.svh"

// Checks of a stream buffer: what it asks for, and that lines lie where they are expected.
module stream_buffer_checks #(
    parameter int unsigned Beats = 8,
    parameter int unsigned ChunkBeats = 2,
    localparam int unsigned PtrBits = $clog2(Beats),
    localparam int unsigned UsedBits = $clog2(Beats + 1)
) (
    input logic                                  clk_i,
    input logic                                  rst_ni,
    input logic                                  start_valid_i,
    input logic                                  start_ready_o,
    input chip_pkg::extent_t                     start_i,
    input chip_pkg::fetch_state_t                fetch_o,
    input logic                                  grant_i,
    input logic                                  fill_valid_i,
    input logic                                  valid_o,
    input logic                                  ready_i,
    input chip_pkg::data_t                       data_o,
    input logic                   [         6:0] bytes_o,
    input logic                                  last_o,
    input logic                                  idle_o,
    input logic                                  load,
    input logic                                  pending_q,
    input logic                                  release_line,
    input logic                   [ PtrBits-1:0] head_q,
    input logic                   [ PtrBits-1:0] tail_q,
    input logic                   [ PtrBits-1:0] fill_at,
    input logic                   [UsedBits-1:0] used_q,
    input logic                   [   Beats-1:0] arrived_q
);

  logic start, take;
  chip_pkg::line_t chunk_end;
  logic [PtrBits-1:0] distance;  // of the place that is filled, from the ring's head
  assign start = start_valid_i && start_ready_o && start_i.bytes != '0;
  assign take = valid_o && ready_i;
  assign chunk_end = fetch_o.next + chip_pkg::line_t'(fetch_o.beats) - 1'b1;
  assign distance = fill_at - head_q;

  `CHECK_HELD(line_held, valid_o, ready_i, {data_o, bytes_o, last_o})
  `CHECK_HELD(chunk_held, fetch_o.valid, grant_i, {fetch_o.next, fetch_o.beats, fetch_o.base})
  `CHECK(grant_is_asked_for, grant_i, fetch_o.valid)
  `CHECK(chunk_has_lines, fetch_o.valid, fetch_o.beats != '0 && 32'(fetch_o.beats) <= ChunkBeats)
  `CHECK(chunk_aligned, fetch_o.valid, fetch_o.next / ChunkBeats == chunk_end / ChunkBeats)
  `CHECK(asks_only_while_active, fetch_o.valid, fetch_o.active)
  `CHECK(pending_behind_active, fetch_o.pending, fetch_o.active)
  `CHECK(ring_has_room, grant_i, 32'(used_q) + 32'(fetch_o.beats) <= Beats)
  `CHECK(fill_is_reserved, fill_valid_i, 32'(distance) < 32'(used_q) && !arrived_q[fill_at])
  `CHECK(places_agree, used_q != '0 && 32'(used_q) != Beats, tail_q == head_q + PtrBits'(used_q))
  `CHECK(bytes_in_range, valid_o, bytes_o != '0 && bytes_o <= 7'd64 && (last_o || bytes_o == 7'd64))
  `CHECK(idle_is_empty, idle_o, !fetch_o.active && !valid_o && used_q == '0)

  `COVER(nothing_to_fetch, start_valid_i && start_ready_o && start_i.bytes == '0)
  `COVER(stream_waits, pending_q && load)
  `COVER(next_stream_at_once, load && grant_i)
  `COVER(former_still_in_ring, load && used_q != '0)
  `COVER(ring_full, 32'(used_q) == Beats)
  `COVER(ring_empty, used_q == '0 && fetch_o.active)
  `COVER(ring_wraps, release_line && head_q == '1)
  `COVER(chunk_refused, fetch_o.active && !fetch_o.valid)
  `COVER(chunk_waits, fetch_o.valid && !grant_i)
  `COVER(line_waits, valid_o && !ready_i)
  `COVER(grant_and_release, grant_i && release_line)
  `COVER(grant_and_fill, grant_i && fill_valid_i)
  `COVER(start_refused, start_valid_i && !start_ready_o)
  `COVER(out_of_order, fill_valid_i && distance != '0 && !arrived_q[head_q])
  `COVER(whole_last_line, take && last_o && bytes_o == 7'd64)
  `COVER(one_byte, take && last_o && bytes_o == 7'd1)
  `COVER(fill_and_release, fill_valid_i && release_line)
  `COVER(short_chunk, grant_i && 32'(fetch_o.beats) == 1)

endmodule

bind stream_buffer stream_buffer_checks #(
    .Beats(Beats),
    .ChunkBeats(ChunkBeats)
) i_checks (.*);
