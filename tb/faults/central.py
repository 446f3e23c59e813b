"""Faults of the central core and the chip around it."""

from __future__ import annotations

from typing import Any

from golden.geometry import Step
from tb.faults.fault import Fault

CHIP = "tb/chip/test_chip.py"

MEMORY = "bytes of memory differ|an assertion of the RTL failed"
COUNTS = "caught"


def _chains(symptom: str) -> dict[str, Any]:
    return {"test": f"{CHIP}::test_chains_of_steps", "symptom": symptom, "arguments": {"cores": 3}}


def _tails(symptom: str) -> dict[str, Any]:
    arguments = {"name": "columns of four cores", "cores": 3}
    return {"test": f"{CHIP}::test_tails", "symptom": symptom, "arguments": arguments}


CENTRAL_FAULTS = {
    "second beat in the first one's place": Fault(
        "central/axi_reader.sv", "index: «index_q[m_axi_rid_i]»", "'0", **_chains(MEMORY)
    ),
    "strobes of a whole line": Fault(
        "central/axi_writer.sv", "m_axi_wstrb_o <= «write_i.strobe»;", "'1", **_chains(MEMORY)
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
        **_chains(COUNTS),
    ),
    "job for several cores": Fault(
        "central/dispatcher.sv", "give = «next» & can_take_i;", "todo", **_chains(MEMORY)
    ),
    "number of the job before": Fault(
        "central/job_fetch.sv", "index_q <= «index_q + 1'b1»;", "index_q", **_chains(MEMORY)
    ),
    "a core that is late each time": Fault(
        "central/lateness.sv",
        "detach_o[c] = «blamed_i[c] && late_q[c] >= patience_i >> 1»;",
        "1'b0",
        test="tb/chip/test_chip_cores.py::test_a_core_that_is_late_each_time",
        symptom="caught",
        arguments={"cores": 3, "step": Step.WG},
    ),
    "laggards left behind": Fault(
        "central/stream_share.sv",
        "go[s] = some && !waits && «laggards[s] == '0»;",
        "1'b1",
        **_tails("caught"),
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
        test="tb/chip/test_harness.py::test_a_slow_core_gives_the_same_bits",
        symptom="caught",
    ),
    "last line of a stream": Fault(
        "pkg/chip_pkg.sv",
        "(LineAddrBits + 1)'(bytes) + «(LineAddrBits + 1)'(LineBytes - 1)»",
        "'0",
        **_chains("caught"),
    ),
}
