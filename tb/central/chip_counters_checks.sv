`include "tb/checks.svh"

// Checks of the chip's counters: they hold one another's sums, and what is selected is what is read.
module chip_counters_checks #(
    parameter int unsigned Cores = 1,
    parameter int unsigned DoneBits = 1,
    localparam int unsigned SelectBits = 8,
    localparam int unsigned ValueBits = 64
) (
    input logic clk_i,
    input logic rst_ni,
    input logic clear_i,
    input logic busy_i,
    input logic fill_valid_i,
    input chip_pkg::stream_e fill_stream_i,
    input logic fill_other_i,
    input logic read_burst_i,
    input logic write_i,
    input logic [chip_pkg::LineBytes-1:0] write_strobe_i,
    input logic [DoneBits-1:0] jobs_done_i,
    input logic held_i,
    input logic begin_i,
    input logic [Cores-1:0] lost,
    input logic [SelectBits-1:0] core_i,
    input logic [SelectBits-1:0] index_i,
    input logic [ValueBits-1:0] counter_o,
    input counter_pkg::chip_counters_t chip_q
);

  localparam int unsigned Bits = counter_pkg::CounterBits;
  localparam int unsigned CoreCounters = $bits(counter_pkg::counters_t) / Bits;
  localparam logic [SelectBits-1:0] Chip = '1;

  logic look, counts, of_chip, of_core, beyond;
  logic [Bits-1:0] lines;
  assign look = busy_i && chip_q.cycles[3:0] == '0;  // they only grow
  assign counts = busy_i && !clear_i;
  assign of_chip = core_i == Chip;
  assign of_core = 32'(core_i) < Cores;
  assign beyond = of_chip ? 32'(index_i) >= counter_pkg::ChipCounters :
      !of_core || 32'(index_i) >= CoreCounters;
  assign lines = chip_q.a_lines + chip_q.b_lines + chip_q.c_lines + chip_q.d_lines +
      chip_q.control_lines;

  // Lines come by bursts of one or two; bytes by lines that have at least one.
  `CHECK(lines_come_by_bursts, look, lines <= Bits'(chip_pkg::MaxChunkBeats) * chip_q.read_bursts)
  `CHECK(beats_have_bytes, look, chip_q.write_bytes >= chip_q.write_beats)
  `CHECK(bytes_fit_beats, look,
         chip_q.write_bytes <= Bits'(chip_pkg::LineBytes) * chip_q.write_beats)
  // A job is done when its last write leaves, and one write leaves at a time.
  `CHECK(one_job_at_a_time, jobs_done_i != '0, 32'(jobs_done_i) == 1)
  `CHECK(held_while_busy, look, chip_q.held <= chip_q.cycles)
  `CHECK_NEXT(cleared, clear_i, chip_q == '0)
  `CHECK_NEXT(counts_cycles, counts, chip_q.cycles == $past(chip_q.cycles) + 1'b1)
  `CHECK_NEXT(stands_when_idle, !busy_i && !clear_i, $stable(chip_q))
  `CHECK(nothing_beyond, beyond, counter_o == '0)
  `CHECK(fits_a_counter, !beyond, counter_o >> Bits == '0)

  // Each event, counted.
  `COVER(line_of_a, counts && fill_valid_i && !fill_other_i && fill_stream_i == chip_pkg::StreamA)
  `COVER(line_of_b, counts && fill_valid_i && !fill_other_i && fill_stream_i == chip_pkg::StreamB)
  `COVER(line_of_c, counts && fill_valid_i && !fill_other_i && fill_stream_i == chip_pkg::StreamC)
  `COVER(line_of_d, counts && fill_valid_i && !fill_other_i && fill_stream_i == chip_pkg::StreamD)
  `COVER(line_for_control, counts && fill_valid_i && fill_other_i)
  `COVER(burst, counts && read_burst_i)
  `COVER(whole_line, counts && write_i && write_strobe_i == '1)
  `COVER(part_of_a_line, counts && write_i && write_strobe_i != '1)
  `COVER(read_and_write, counts && fill_valid_i && write_i)
  `COVER(job, counts && jobs_done_i != '0)
  `COVER(held, counts && held_i)
  `COVER(detached, counts && lost != '0)
  `COVER(attached_anew, begin_i && chip_q.detached != '0)
  `COVER(cleared_with_counts, clear_i && chip_q != '0)

  // What software looks at.
  `COVER(looks_at_the_chip, of_chip && !beyond && counter_o != '0)
  `COVER(looks_at_the_first_core, core_i == '0 && !beyond && counter_o != '0)
  `COVER(looks_at_the_last_core, 32'(core_i) == Cores - 1 && !beyond && counter_o != '0)
  `COVER(looks_at_no_core, !of_chip && !of_core)
  `COVER(looks_beyond_the_chip, of_chip && beyond)
  `COVER(looks_beyond_a_core, of_core && beyond)
  `COVER(looks_while_busy, busy_i && !beyond && counter_o != '0)

endmodule

bind chip_counters chip_counters_checks #(
    .Cores   (Cores),
    .DoneBits(DoneBits)
) i_checks (.*);
