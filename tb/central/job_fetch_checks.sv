`include "tb/checks.svh"

// Checks of the job table's reader: jobs leave in order, each once, and none that is wrong.
module job_fetch_checks #(
    parameter  int unsigned Ahead    = 16,
    parameter  int unsigned PsumRows = 16,
    localparam int unsigned SlotBits = $clog2(Ahead)
) (
    input logic                                           clk_i,
    input logic                                           rst_ni,
    input logic                                           start_i,
    input logic                                           read_valid_o,
    input logic                                           read_ready_i,
    input logic                  [          SlotBits-1:0] read_slot_o,
    input logic                                           fill_valid_i,
    input logic                  [          SlotBits-1:0] fill_slot_i,
    input logic                                           valid_o,
    input logic                                           ready_i,
    input chip_pkg::result_job_t                          result_o,
    input logic                                           more_o,
    input logic                                           error_o,
    input chip_pkg::cause_e                               cause_o,
    input logic                  [             Ahead-1:0] arrived_q,
    input logic                  [            SlotBits:0] head_q,
    input logic                  [            SlotBits:0] tail_q,
    input logic                                           full,
    input chip_pkg::window_t     [ chip_pkg::Streams-1:0] windows_i,
    input chip_pkg::window_t                              out_window_i,
    input chip_pkg::extent_t     [ chip_pkg::Streams-1:0] extent,
    input chip_pkg::extent_t                              out,
    input logic                  [core_pkg::RowsBits-1:0] rows,
    input logic                                           zero,
    input logic                  [ chip_pkg::JobBits-1:0] to_read_q,
    input logic                  [ chip_pkg::JobBits-1:0] index_o
);

  // The first cycle after a reset.
  logic fresh_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) fresh_q <= 1'b1;
    else fresh_q <= 1'b0;
  end

  // The wave may change while a job waits: it is known when the job is given out.
  `CHECK_NEXT(job_held, valid_o && !ready_i && !start_i, valid_o && $stable(result_o.index)
              && $stable(result_o.rows) && $stable(result_o.out.line))
  `CHECK(room_for_read, read_valid_o, !full && (tail_q - head_q) < (SlotBits + 1)'(Ahead))
  `CHECK(fill_is_due, fill_valid_i, !arrived_q[fill_slot_i])
  `CHECK(wrong_job_stays, error_o, !valid_o && cause_o != chip_pkg::CauseNone)
  `CHECK(job_is_left, valid_o, more_o)
  `CHECK(starts_empty, start_i, arrived_q == '0 && head_q == tail_q && !more_o && to_read_q == '0)
  `CHECK(no_table_after_a_reset, fresh_q, !read_valid_o && !more_o && to_read_q == '0)
  `CHECK(empty_after_a_reset, fresh_q,
         arrived_q == '0 && head_q == '0 && tail_q == '0 && index_o == '0)

  `COVER(read, read_valid_o && read_ready_i)
  `COVER(job, valid_o && ready_i)
  `COVER(job_waits, valid_o && !ready_i)
  `COVER(ahead_full, full)
  `COVER(bad_field, error_o && cause_o == chip_pkg::CauseField)
  `COVER(bad_range, error_o && cause_o == chip_pkg::CauseJobRange)
  // What is wrong with a job.
  function automatic logic outside(input chip_pkg::stream_e stream);
    return extent[stream].bytes != '0 &&
        !chip_pkg::holds(windows_i[stream], extent[stream].line, extent[stream].bytes);
  endfunction
  `COVER(a_outside, error_o && outside(chip_pkg::StreamA))
  `COVER(b_outside, error_o && outside(chip_pkg::StreamB))
  `COVER(c_outside, error_o && outside(chip_pkg::StreamC))
  `COVER(d_outside, error_o && outside(chip_pkg::StreamD))
  `COVER(output_outside, error_o && !chip_pkg::holds(out_window_i, out.line, out.bytes))
  `COVER(output_before_its_window, error_o && out.line < out_window_i.first)
  `COVER(no_rows, error_o && rows == '0)
  `COVER(too_many_rows, error_o && 32'(rows) > PsumRows)
  `COVER(zeros_with_a, error_o && zero && extent[chip_pkg::StreamA].bytes != '0)
  `COVER(zeros_with_b, error_o && zero && extent[chip_pkg::StreamB].bytes != '0)
  `COVER(job_of_zeros, valid_o && ready_i && zero)
  `COVER(all_rows, valid_o && ready_i && 32'(rows) == PsumRows)
  `COVER(one_row, valid_o && ready_i && 32'(rows) == 1)
  `COVER(read_waits, read_valid_o && !read_ready_i)
  `COVER(read_and_job, read_valid_o && read_ready_i && valid_o && ready_i)
  `COVER(out_of_order,
         fill_valid_i && fill_slot_i != head_q[SlotBits-1:0] && !arrived_q[head_q[SlotBits-1:0]])
  `COVER(ahead_empty, more_o && head_q == tail_q)
  `COVER(table_is_read, more_o && to_read_q == '0 && head_q != tail_q)
  `COVER(slot_wraps, read_valid_o && read_ready_i && read_slot_o == '1)

endmodule

bind job_fetch job_fetch_checks #(
    .Ahead(Ahead),
    .PsumRows(PsumRows)
) i_checks (.*);
