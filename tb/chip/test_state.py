"""The message of a hung run leaves out no state machine."""

from __future__ import annotations

import re

from tb.chip.build import CHIP_TB
from tb.toolchain import RTL_ROOT

MACHINE = re.compile(r"^\s*\w*state\w*_e\s+(\w+_q)\b|\bstate_e (\w+_q)", re.MULTILINE)


def test_every_state_machine_is_reported() -> None:
    binds = (CHIP_TB / "state_binds.sv").read_text(encoding="utf-8")
    bound = set(re.findall(r"^bind (\w+) state_report", binds, re.MULTILINE))
    machines = {
        path.stem for path in RTL_ROOT.rglob("*.sv") if MACHINE.search(path.read_text(encoding="utf-8"))
    }
    assert machines, "the design has state machines: they are looked for by the wrong name"
    assert bound == machines
