"""Each fault in the RTL is caught by the test that is named for it, and for the reason that is named."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace

import pytest

from tb.faults.catalogue import FAULTS
from tb.faults.run import CAUGHT
from tb.faults.schemata import FaultError, design_files, faulty_files, number_of, with_fault
from tb.toolchain import REPO_ROOT, RTL_ROOT

TIMEOUT_S = 1200
"""All models may have to be built first, on a machine with other work; the tests themselves take seconds."""

CONSTANTS = {"feeder/feeder_pkg.sv", "pkg/core_pkg.sv", "pkg/counter_pkg.sv"}
"""Files that hold types and sizes, and nothing that could be computed wrongly."""


def run(*names: str) -> subprocess.CompletedProcess[str]:
    """Run one fault's test, or all tests without a fault, in a process."""
    command = [sys.executable, "-m", "tb.faults.run", *names]
    return subprocess.run(
        command, cwd=REPO_ROOT, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )


def test_without_a_fault_all_tests_pass() -> None:
    done = run()
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_caught(name: str) -> None:
    fault = FAULTS[name]
    done = run(name)
    said = done.stdout + done.stderr
    assert done.returncode == CAUGHT, f"{fault.test} does not catch '{name}' in {fault.file}:\n{said}"
    assert re.search(fault.symptom, said), f"'{name}' is caught, but not as '{fault.symptom}':\n{said}"


def test_each_module_has_a_fault() -> None:
    """All but the arithmetic modules, whose faults are put into their package (tb/arith)."""
    missing = {file for file in design_files() if not file.startswith("arith/")} - CONSTANTS - faulty_files()
    assert not missing


@pytest.mark.parametrize("name", FAULTS)
def test_fault_fits_its_source(name: str) -> None:
    fault = FAULTS[name]
    text = (RTL_ROOT / fault.file).read_text(encoding="utf-8")
    assert f"fault_pkg::selected == {number_of(name)} ?" in with_fault(text, fault, number_of(name))


def test_a_place_must_be_there_once() -> None:
    fault = replace(FAULTS["full queue"], place="assign y = «a  && b»;", faulty="a")
    assert (
        with_fault("assign y =\n  a && b;", fault, 7)
        == "assign y =\n  (fault_pkg::selected == 7 ? (a) : (a && b));"
    )
    for text in ("assign y = a || b;", "assign y = a && b; assign y = a && b;"):
        with pytest.raises(FaultError, match="must be once"):
            with_fault(text, fault, 7)
