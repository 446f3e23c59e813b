`include "tb/checks.svh"

// Checks where the chip's blocks meet: who reads, who writes, and which fault is told.
module lnpu_chip_checks #(
    parameter int unsigned Cores = 1
) (
    input logic clk_i,
    input logic rst_ni,
    input logic busy,
    input logic run,
    input logic clear,
    input logic control_read_valid,
    input logic control_read_ready,
    input logic job_read_valid,
    input logic job_read_ready,
    input logic share_valid,
    input logic share_ready,
    input logic control_write_valid,
    input logic control_write_ready,
    input logic result_write_valid,
    input logic result_write_ready,
    input logic read_error,
    input logic write_error,
    input logic job_error,
    input logic result_error,
    input logic threshold_start,
    input logic [Cores-1:0] feeder_error,
    input logic [Cores-1:0] core_left,
    input logic [Cores-1:0] core_busy,
    input logic [Cores-1:0] core_open,
    input logic [Cores-1:0] feeder_idle,
    input logic result_busy,
    input logic fault,
    input logic axi_busy,
    input logic fill_valid,
    input logic control_fill,
    input logic job_fill,
    input logic [chip_pkg::Streams-1:0][Cores-1:0] stream_fill,
    input logic read_valid,
    input chip_pkg::line_t read_line,
    input chip_pkg::line_t control_read_line,
    input chip_pkg::line_t job_read_line,
    input chip_pkg::line_t share_line,
    input logic [Cores-1:0] share_blamed,
    input logic [Cores-1:0] wave_blamed,
    input logic [Cores-1:0] blamed,
    input logic [Cores-1:0] share_detach,
    input logic [Cores-1:0] late_detach,
    input logic [Cores-1:0] detach
);

  int unsigned faults;
  assign faults = 32'(read_error) + 32'(write_error) + 32'(job_error) + 32'(result_error) +
      32'(feeder_error != '0);

  `CHECK(one_reader, control_read_ready || job_read_ready || share_ready,
         $onehot({control_read_ready, job_read_ready, share_ready}))
  `CHECK(one_writer, control_write_ready && control_write_valid,
         !(result_write_ready && result_write_valid))
  `CHECK(line_for_control, control_read_ready && read_valid, read_line == control_read_line)
  `CHECK(line_for_jobs, job_read_ready && read_valid, read_line == job_read_line)
  `CHECK(line_for_streams, share_ready && read_valid, read_line == share_line)
  // Whoever says so: one is enough.
  if (Cores > 1) begin : gen_late
    `CHECK(blamed_for_a_stream, share_blamed != '0, (share_blamed & ~blamed) == '0)
    `CHECK(blamed_for_a_wave, wave_blamed != '0, (wave_blamed & ~blamed) == '0)
    `CHECK(detached_for_a_stream, share_detach != '0, (share_detach & ~detach) == '0)
    `CHECK(detached_for_lateness, late_detach != '0, (late_detach & ~detach) == '0)
  end
  `CHECK(line_has_an_owner, fill_valid, $onehot({control_fill, job_fill, stream_fill != '0}))
  `CHECK(line_of_one_stream, stream_fill != '0, $countones
         ({stream_fill[0] != '0, stream_fill[1] != '0, stream_fill[2] != '0, stream_fill[3] != '0})
         == 1)
  `CHECK_NEXT(fault_stops_requests, fault && run, !run)
  `CHECK(idle_is_idle, !busy, !axi_busy && !run)

  `COVER(jobs_before_streams, job_read_valid && run && share_valid && !control_read_valid)
  `COVER(table_and_results_at_once,
         job_read_valid && job_read_ready && result_write_valid && result_write_ready)
  `COVER(stream_waits_for_link,
         share_valid && !share_ready && !job_read_valid && !control_read_valid)
  `COVER(result_waits_for_link, result_write_valid && !result_write_ready && run)
  `COVER(record_waits_for_link, control_write_valid && !control_write_ready && run)
  `COVER(result_under_a_stop, result_write_valid && !run)
  `COVER(all_cores_busy, core_busy == '1)
  if (Cores > 1) begin : gen_cores
    `COVER(only_one_core_busy, $onehot(core_busy))
    `COVER(line_for_all, stream_fill[1] == '1)
    `COVER(several_feeders_fail, $countones(feeder_error) > 1)
  end
  `COVER(only_results_left,
         run && core_busy == '0 && core_open == '0 && feeder_idle == '1 && result_busy)
  `COVER(only_answers_left,
         run && !result_busy && core_busy == '0 && axi_busy && feeder_idle == '1 && core_open == '0)
  `COVER(fault_of_a_read, read_error && run)
  `COVER(fault_of_a_write, write_error && run)
  `COVER(fault_of_a_job, job_error && run)
  `COVER(fault_of_a_result, result_error && run)
  `COVER(fault_of_a_feeder, feeder_error != '0 && run)
  `COVER(fault_of_left_operands, threshold_start && core_left != '0)
  `COVER(several_faults, faults > 1)
  `COVER(fault_while_stopping, fault && !run && busy && !clear)

endmodule

bind lnpu_chip lnpu_chip_checks #(
    .Cores(Cores)
) i_checks (
    .blamed(i_lateness.blamed_i),
    .*
);
