"""The counters' names and numbers: software's list against the package that the RTL is built from."""

from __future__ import annotations

import re

import pytest

from golden.hardware_counters import CHIP_COUNTERS, CORE_COUNTERS
from tb.toolchain import REPO_ROOT


@pytest.mark.parametrize(
    ("struct", "names"), [("counters_t", CORE_COUNTERS), ("chip_counters_t", CHIP_COUNTERS)]
)
def test_software_reads_the_counters_of_the_package(struct: str, names: tuple[str, ...]) -> None:
    text = (REPO_ROOT / "rtl" / "pkg" / "counter_pkg.sv").read_text()
    bodies = {name: body for body, name in re.findall(r"struct packed \{(.*?)\} (\w+);", text, re.DOTALL)}
    assert tuple(re.findall(r"logic \[CounterBits-1:0\] (\w+);", bodies[struct])) == names
