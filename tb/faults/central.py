"""Faults of the central core and the chip around it."""

from __future__ import annotations

from typing import Any

from golden.geometry import Step
from tb.faults.fault import Fault

CHIP = "tb/chip/test_chip.py"
DISPATCH = "tb/central/test_dispatch.py"
LINKS = "tb/central/test_links.py"
TABLES = "tb/central/test_tables.py"

MEMORY = "bytes of memory differ|an assertion of the RTL failed"
COUNTS = "caught"


def _chains(symptom: str) -> dict[str, Any]:
    return {"test": f"{CHIP}::test_chains_of_steps", "symptom": symptom, "arguments": {"cores": 3}}


def _waves(symptom: str) -> dict[str, Any]:
    test = f"{DISPATCH}::test_each_stream_of_a_wave_is_read_once"
    return {"test": test, "symptom": symptom, "arguments": {"cores": 4}}


def _descriptors(end: int) -> dict[str, Any]:
    return {"test": f"{TABLES}::test_good_descriptors", "symptom": "caught", "arguments": {"end": end}}


CENTRAL_FAULTS = {
    "second beat in the first one's place": Fault(
        "central/axi_reader.sv",
        "index: «index_q[m_axi_rid_i]»",
        "'0",
        test=f"{LINKS}::test_reads",
        symptom="not handed on",
        arguments={"order": "in order"},
    ),
    "error of a read that is over": Fault(
        "central/axi_reader.sv",
        "error_o <= beat && «m_axi_rresp_i != RespOkay»;",
        "m_axi_rresp_i != RespOkay && m_axi_rlast_i",
        test=f"{LINKS}::test_read_errors",
        symptom="an error is not told with its beat",
        arguments={"order": "interleaved"},
    ),
    "strobes of a whole line": Fault(
        "central/axi_writer.sv",
        "m_axi_wstrb_o <= «write_i.strobe»;",
        "'1",
        test=f"{LINKS}::test_writes",
        symptom="data or strobes are wrong",
    ),
    "address before its data": Fault(
        "central/axi_writer.sv",
        "ready_o = aw_free && «w_free» &&",
        "1'b1",
        test=f"{LINKS}::test_writes",
        symptom="an offer is not held",
    ),
    "lines of A not counted": Fault(
        "central/chip_counters.sv",
        "chip_q.a_lines <= «chip_q.a_lines + 1'b1»;",
        "chip_q.a_lines",
        **_chains(COUNTS),
    ),
    "jobs done in the record": Fault(
        "central/control.sv", "words[2] = «done_q»;", "layer_q.jobs - 1'b1", **_chains(MEMORY)
    ),
    "real columns of a descriptor": Fault(
        "central/descriptor_check.sv",
        "columns: «flags[ColumnsBit+:ColumnsWidth]»",
        "ColumnsWidth'(1)",
        **_descriptors(3000),
    ),
    "neighbours that overlap": Fault(
        "central/descriptor_check.sv",
        "return «a.first < b.past» &&",
        "a.first <= b.past",
        **_descriptors(3000),
    ),
    "next descriptor overwritten": Fault(
        "central/descriptor_check.sv",
        "span(layer.next, «layer.last» ? '0",
        "1'b1",
        test=f"{TABLES}::test_windows_that_are_moved",
        symptom="caught",
    ),
    "job for several cores": Fault(
        "central/dispatcher.sv", "give = «next» & can_take_i;", "todo", **_waves("a_one_core|several cores")
    ),
    "wave of those who are there": Fault(
        "central/dispatcher.sv",
        "assign ready_all = «late == '0» && attached_q != '0;",
        "1'b1",
        **_waves("a_wave_starts_together|all attached cores together"),
    ),
    "nothing for a core left behind": Fault(
        "central/dispatcher.sv",
        "give = «single & (~single + 1'b1)»;",
        "'0",
        test=f"{DISPATCH}::test_laggards_are_left_behind",
        symptom="a_fed",
        arguments={"cores": 4, "patience": 20},
    ),
    "number of the job before": Fault(
        "central/job_fetch.sv",
        "index_q <= «index_q + 1'b1»;",
        "index_q",
        test=f"{TABLES}::test_good_tables",
        symptom="caught",
    ),
    "a core that is late each time": Fault(
        "central/lateness.sv",
        "detach_o[c] = «late[c] && late_q[c] >= patience_i[PatienceBits-1:LateShift]»;",
        "1'b0",
        test=f"{DISPATCH}::test_a_core_that_is_late_each_time",
        symptom="caught",
        arguments={"patience": 1000},
    ),
    "laggards left behind": Fault(
        "central/stream_share.sv",
        "go[s] = some && !waits && «laggards[s] == '0»;",
        "1'b1",
        **_waves("a_none_left_behind"),
    ),
    "chunk for two waves": Fault(
        "central/stream_share.sv",
        "(«fetch_i[s][c].wave == fetch_i[s][candidate].wave» || !(attached_i[c]",
        "1'b1",
        test=f"{DISPATCH}::test_a_stream_that_another_core_reads_in_the_next_wave",
        symptom="a_none_left_behind|planned|may share it",
        arguments={"cores": 4},
    ),
    "chunk for every core": Fault(
        "chip/lnpu_chip.sv",
        "stream_fill[fill_owner.stream] = «fill_owner.members»;",
        "'1",
        **_chains(MEMORY),
    ),
    "descriptor at line 0": Fault(
        "chip/registers.sv", "descriptor_o = «to_chip.DESCRIPTOR.line.value»;", "'0", **_chains("caught")
    ),
    "start that is refused": Fault(
        "chip/registers.sv",
        "assign refused = («busy_i && start») ||",
        "busy_i || start",
        **_chains("a write was refused"),
    ),
    "histogram of one path": Fault(
        "result/result_paths.sv",
        "histogram_o.bin[b] = histogram_o.bin[b] + «part[p].bin[b]»;",
        "'0",
        **_chains(MEMORY),
    ),
    "clock that never rests": Fault(
        "chip/core_clock.sv",
        "enable_q <= «enable_i»;",
        "1'b1",
        test="tb/chip/test_chip_cores.py::test_a_core_that_stands_still_for_long",
        symptom="a_no_edge_comes",
        arguments={"cores": 3, "step": Step.FP},
    ),
    "last line of a stream": Fault(
        "pkg/chip_pkg.sv",
        "(LineAddrBits + 1)'(bytes) + «(LineAddrBits + 1)'(LineBytes - 1)»",
        "'0",
        **_chains("caught"),
    ),
}
