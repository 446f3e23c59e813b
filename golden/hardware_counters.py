"""Counters that software reads, in the order of their numbers: that of `rtl/pkg/counter_pkg.sv`."""

CORE_COUNTERS = (
    "cycles",
    "macs_fp8",
    "macs_fp16",
    "macs_skipped",
    "elements",
    "line_busy",
    "wait_a",
    "wait_b",
    "wait_queue",
    "idle",
    "a_beats",
    "b_rows",
    "tree_rows",
    "psum_rows",
    "psum_reads",
    "psum_writes",
)
"""Counters of a sparse core (`counter_pkg::counters_t`)."""

CHIP_COUNTERS = (
    "cycles",
    "a_lines",
    "b_lines",
    "c_lines",
    "d_lines",
    "control_lines",
    "read_bursts",
    "write_beats",
    "write_bytes",
    "jobs",
    "held",
    "detached",
)
"""Counters of the whole chip (`counter_pkg::chip_counters_t`), read as those of core `CHIP_COUNTER_CORE`."""

CHIP_COUNTER_CORE = 0xFF
