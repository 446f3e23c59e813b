`include "tb/checks.svh"

// Checks of the registers' rules beyond the block that is made from chip_regs.rdl: what is locked, what starts.
module registers_checks #(
    parameter int unsigned Cores = 1,
    parameter int unsigned Lines = 2,
    parameter int unsigned Pes   = 2,
    parameter int unsigned Rows  = 8
) (
    input logic clk_i,
    input logic rst_ni,
    input logic start_o,
    input logic abort_o,
    input chip_pkg::line_t descriptor_o,
    input logic [15:0] patience_o,
    input logic [31:0] watchdog_o,
    input logic busy_i,
    input logic done_i,
    input logic error_i,
    input chip_pkg::cause_e cause_i,
    input logic irq_o,
    input logic [chip_pkg::JobBits-1:0] error_job_i,
    input chip_pkg::line_t error_descriptor_i,
    input logic [31:0] descriptors_i,
    input logic [63:0] counter_i,
    input logic [7:0] counter_core_o,
    input logic [7:0] counter_index_o,
    input logic start,
    input logic locked,
    input logic refused,
    input chip_regs_pkg::chip_regs__in_t from_chip,
    input chip_regs_pkg::chip_regs__out_t to_chip
);

  `CHECK(starts_when_idle, start_o, !busy_i)
  `CHECK(aborts_when_busy, abort_o, busy_i)
  `CHECK_NEXT(one_start, start_o, !start_o)
  // The job at hand stands still.
  `CHECK_NEXT(descriptor_locked, locked, $stable(descriptor_o))
  `CHECK_NEXT(patience_locked, locked, $stable(patience_o))
  `CHECK_NEXT(watchdog_locked, locked, $stable(watchdog_o))
  `CHECK(error_has_cause, error_i, cause_i != chip_pkg::CauseNone)
  `CHECK(done_or_error, done_i, !error_i)
  `CHECK(start_is_refused, start && busy_i, refused)
  `CHECK(descriptor_is_refused, locked && to_chip.DESCRIPTOR.line.swmod, refused)
  `CHECK(patience_is_refused, locked && to_chip.PATIENCE.cycles.swmod, refused)
  `CHECK(watchdog_is_refused, locked && to_chip.WATCHDOG.cycles.swmod, refused)
  // All bits of what is written go out, and all of what comes in can be read.
  logic job_passed, selection_passed, sizes_passed, error_passed;
  assign job_passed = descriptor_o == to_chip.DESCRIPTOR.line.value &&
      patience_o == to_chip.PATIENCE.cycles.value && watchdog_o == to_chip.WATCHDOG.cycles.value;
  assign selection_passed = counter_core_o == to_chip.COUNTER_SELECT.core.value &&
      counter_index_o == to_chip.COUNTER_SELECT.index.value &&
      {from_chip.COUNTER_HIGH.value.next, from_chip.COUNTER_LOW.value.next} == counter_i;
  assign sizes_passed = 32'(from_chip.CONFIG.cores.next) == Cores &&
      32'(from_chip.CONFIG.lines.next) == Lines && 32'(from_chip.CONFIG.pes.next) == Pes &&
      32'(from_chip.CONFIG.rows.next) == Rows;
  assign error_passed = from_chip.ERROR_JOB.job.next == error_job_i &&
      from_chip.ERROR_DESCRIPTOR.line.next == error_descriptor_i &&
      from_chip.STATUS.cause.next == cause_i;
  `CHECK(job_as_written, start_o, job_passed)
  `CHECK(selection_as_written, to_chip.COUNTER_LOW.value.swacc, selection_passed)
  `CHECK(sizes_as_built, start_o, sizes_passed)
  `CHECK(descriptors_as_counted, done_i, from_chip.DESCRIPTORS_DONE.count.next == descriptors_i)
  `CHECK(error_as_told, error_i, error_passed)
  `CHECK(refusal_is_reported, refused, from_chip.STATUS.busy_write.hwset && locked)

  `COVER(start, start_o)
  `COVER(abort, abort_o)
  `COVER(abort_when_idle, to_chip.CONTROL.abort.value && !busy_i)
  `COVER(start_with_abort, start && to_chip.CONTROL.abort.value)
  `COVER(start_refused, busy_i && start)
  `COVER(descriptor_refused, locked && to_chip.DESCRIPTOR.line.swmod)
  `COVER(patience_refused, locked && to_chip.PATIENCE.cycles.swmod)
  `COVER(watchdog_refused, locked && to_chip.WATCHDOG.cycles.swmod)
  `COVER(refused_behind_a_start, start && !busy_i && refused)
  `COVER(patience_set, !locked && to_chip.PATIENCE.cycles.swmod)
  `COVER(watchdog_set, !locked && to_chip.WATCHDOG.cycles.swmod)
  `COVER(done, done_i)
  `COVER(error, error_i)
  `COVER(interrupt, irq_o)
  `COVER(event_without_interrupt, !irq_o && (done_i || error_i))
  `COVER(low_half_read, to_chip.COUNTER_LOW.value.swacc)

endmodule

bind registers registers_checks #(
    .Cores(Cores),
    .Lines(Lines),
    .Pes  (Pes),
    .Rows (Rows)
) i_checks (.*);
