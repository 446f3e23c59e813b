"""Faults in what happens when something is wrong: input, answers of the memory, software that interferes."""

from __future__ import annotations

from typing import Any

from tb.chip.memory import Response
from tb.faults.fault import Fault

DESCRIPTORS = "tb/chip/test_chip_descriptors.py"
STREAMS = "tb/chip/test_chip_streams.py"
MEMORY_ERRORS = "tb/chip/test_chip_memory_errors.py"
INTERRUPTIONS = "tb/chip/test_chip_interruptions.py"

CYCLES = 1_700
"""About what the run takes with which software interferes."""


def _memory_error(kind: str, name: str, symptom: str) -> dict[str, Any]:
    arguments = {"name": name, "response": Response.SLVERR}
    test = f"{MEMORY_ERRORS}::test_{kind}_answered_with_an_error"
    return {"test": test, "symptom": symptom, "arguments": arguments}


ERROR_FAULTS = {
    "errors of reads": Fault(
        "chip/lnpu_chip.sv",
        "if («read_error») fault_cause",
        "1'b0",
        **_memory_error("reads", "a", "instead of READ_RESPONSE"),
    ),
    "errors of writes": Fault(
        "chip/lnpu_chip.sv",
        "else if («write_error») fault_cause",
        "1'b0",
        **_memory_error("writes", "results", "done=True"),
    ),
    "error in the last answer": Fault(
        "central/control.sv",
        "state_q == Settle && !axi_busy_i && «!stops»;",
        "1'b1",
        test=f"{MEMORY_ERRORS}::test_the_last_answer_of_all_is_an_error",
        symptom="a_done_or_error|done=True",
        arguments={"latency": 300, "last": True},
    ),
    "record before its results": Fault(
        "central/control.sv",
        "state_q == Sum && !sums && «!axi_busy_i»;",
        "1'b1",
        test=f"{MEMORY_ERRORS}::test_the_completion_record_waits_for_every_answer",
        symptom="more are written",
        arguments={"latency": 1000},
    ),
    "reset under bursts": Fault(
        "central/control.sv",
        "Stop: if («!axi_busy_i») state_q <= Clear;",
        "1'b1",
        **_memory_error("reads", "b", "a_clear_is_quiet"),
    ),
    "writes after an error": Fault(
        "central/control.sv",
        "assign run_o = «state_q inside {Run, Sum, Threshold, Record, Settle}»;",
        "state_q inside {Run, Sum, Threshold, Record, Settle, Stop}",
        **_memory_error("reads", "c", "a_error_has_cause|a_fault_stops"),
    ),
    "abort without a cause": Fault(
        "central/control.sv",
        "else if («own_fault») stop_cause = state_q == Check ? parsed_cause : chip_pkg::CauseField;",
        "state_q == Check || own_fault",
        test=f"{INTERRUPTIONS}::test_an_abort_at_once",
        symptom="a_error_has_cause",
    ),
    "arc that there is not": Fault(
        "central/control.sv",
        "if (done_q == layer_q.jobs && !work_busy_i) state_q <= «Sum»;",
        "Threshold",
        test=f"{INTERRUPTIONS}::test_an_abort_at_once",
        symptom="a_arc_is_listed",
    ),
    "operands of the run before": Fault(
        "central/control.sv",
        "if (start_i) begin state_q <= «Clear»;",
        "Fetch",
        test=f"{STREAMS}::test_operands_left_behind_are_an_error",
        symptom="a_start_resets",
        arguments={"alone": False},
    ),
    "operands left behind": Fault(
        "line/pe_line.sv",
        "assign left_o = beat_valid || «written != released_q»;",
        "1'b0",
        test=f"{STREAMS}::test_operands_left_behind_are_an_error",
        symptom="done=True",
        arguments={"alone": False},
    ),
    "job of another core": Fault(
        "chip/lnpu_chip.sv",
        "fault_cause = feeder_cause[c]; fault_job = «feeding_q[c]»;",
        "feeding_q[c == Cores - 1 ? 0 : c + 1]",
        test=f"{STREAMS}::test_streams_of_another_length",
        symptom="job [0-9]+, wrong: ",
        arguments={"name": "a"},
    ),
    "job that is done as work stops": Fault(
        "central/control.sv",
        "fault ? fault_job_i : «done»;",
        "done_q",
        test=f"{INTERRUPTIONS}::test_an_abort_as_jobs_end",
        symptom="[0-9]+ jobs done, [0-9]+ records",
    ),
    "jobs of the run before": Fault(
        "central/control.sv",
        "done_q <= «state_q == Idle || ends ? '0 : done»;",
        "done",
        test=f"{INTERRUPTIONS}::test_an_abort_as_jobs_end",
        symptom="a_job_is_owed|[0-9]+ jobs done, [0-9]+ records",
    ),
    "watchdog that sleeps": Fault(
        "central/control.sv",
        "watchdog_i != '0 && «quiet_q >= watchdog_i»;",
        "1'b0",
        test=f"{MEMORY_ERRORS}::test_a_memory_that_is_too_slow",
        symptom="done=True",
    ),
    "abort that nobody hears": Fault(
        "chip/registers.sv",
        "assign abort_o = «to_chip.CONTROL.abort.value» && busy_i;",
        "1'b0",
        test=f"{INTERRUPTIONS}::test_an_abort",
        symptom="caught",
        arguments={"cycles": CYCLES},
    ),
    "writes of the job at hand": Fault(
        "chip/registers.sv",
        "assign locked = «busy_i || start»;",
        "start",
        test=f"{INTERRUPTIONS}::test_a_write_while_busy",
        symptom="caught",
        arguments={"cycles": CYCLES, "register": "WATCHDOG"},
    ),
    "overlap of what is written": Fault(
        "central/descriptor_check.sv",
        "if («overlap(writes[w], reads[r])») overlaps = 1'b1;",
        "1'b0",
        test=f"{DESCRIPTORS}::test_overlaps",
        symptom="instead of OVERLAP|more are written|done=True",
        arguments={"written": "output", "other": "b"},
    ),
    "job outside its window": Fault(
        "central/job_fetch.sv",
        "assign good = «in_window» && fields;",
        "1'b1",
        test=f"{DESCRIPTORS}::test_streams_outside_their_windows",
        symptom="instead of JOB_RANGE|done=True",
        arguments={"name": "output"},
    ),
    "rows of B too few": Fault(
        "feeder/b_ledger.sv",
        "done_q && (row_i || «taken_q < due_q»);",
        "1'b0",
        test=f"{STREAMS}::test_rows_of_b_that_are_missing",
        symptom="WATCHDOG instead of STREAM_LENGTH",
    ),
}
