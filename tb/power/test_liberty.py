"""The reader of Liberty: cells, functions, tables; and what it says of files that are none."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from tb.power import small_library as small
from tb.power.clock_gate import ClockGate
from tb.power.expression import FunctionError, parse
from tb.power.liberty import LibertyError, read_library
from tb.power.small_library import library_text, write_library
from tb.power.weights import interpolate


def test_cells_of_a_library(tmp_path: Path) -> None:
    library = read_library(write_library(tmp_path))
    assert (library.name, library.voltage, library.temperature) == ("small", 1.0, 25.0)
    assert set(library.cells) == {*small.FUNCTIONS, "DFF", "DFFR", "LATCH"}
    nand = library.cell("NAND2")
    assert nand.leakage == pytest.approx(small.LEAKAGE_W)
    assert nand.pins["A"].capacitance == pytest.approx(small.PIN_F)
    assert [one.related for one in nand.pins["Y"].energy] == ["A", "B"]
    edge = nand.pins["Y"].transition[0].rise
    assert edge is not None
    # Loads of 1 and 100 fF, edges of 0.1 and 1 ns: 0.05 and 0.1, 0.2 and 0.4 ns.
    points = np.array([1e-15, 100e-15, 50.5e-15, 1e-12]), np.array([0.1e-9, 1e-9, 0.55e-9, 1e-6])
    assert interpolate(edge, *points) == pytest.approx(np.array([0.05, 0.4, 0.1875, 0.4]) * 1e-9)
    clock = library.cell("DFF").pins["CK"]
    assert clock.clock
    fall = clock.energy[0].fall
    assert fall is not None
    assert (fall.variables, fall.values) == (("slew",), (small.CLOCK_J,) * 2)
    assert fall.axes[0] == pytest.approx((0.1e-9, 1e-9))
    state = library.cell("DFFR").state
    assert state is not None
    assert state.text("clear") == "(!R)"


def test_the_clock_gate_takes_the_smallest_cells(tmp_path: Path) -> None:
    gate = ClockGate.of(read_library(write_library(tmp_path)))
    assert [gate.inverter.name, gate.latch.name, gate.both.name] == ["INV", "LATCH", "AND2"]


@pytest.mark.parametrize(
    ("function", "python"),
    [
        ("(!(A B))", lambda a, b, c: not (a and b)),
        ("A * !B + C", lambda a, b, c: (a and not b) or c),
        ("(A+B)' C", lambda a, b, c: not (a or b) and c),
        ("A ^ B C", lambda a, b, c: (a != b) and c),
        ("!A & B | C'", lambda a, b, c: (not a and b) or not c),
        ("(((A B)+(B C))+(C A))", lambda a, b, c: a + b + c > 1),
        ("A B + 1", lambda a, b, c: True),
    ],
)
def test_functions(function: str, python: object) -> None:
    assert callable(python)
    expression = parse(function)
    for a, b, c in product((False, True), repeat=3):
        assert expression.value({"A": a, "B": b, "C": c}) == bool(python(a, b, c)), (a, b, c)


@pytest.mark.parametrize("function", ["(A B", "A +", "A ? B", "A ) B", ""])
def test_what_is_no_function(function: str) -> None:
    with pytest.raises(FunctionError, match="function"):
        parse(function)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[: len(text) // 2], "cut off"),
        (lambda text: text.replace("made up */", "made up"), "line 2: .* no end"),
        (lambda text: "module top;\nendmodule\n", "line 1: 'module' is neither"),
        (lambda text: text.replace('voltage_unit : "1V";', ""), "voltage_unit is missing"),
        (lambda text: text.replace("capacitive_load_unit (1,ff);", ""), "capacitive_load_unit is missing"),
        (lambda text: text.replace("nom_voltage : 1.0;", ""), "nom_voltage is missing"),
        (lambda text: text.replace('values ("3, 3"', 'values ("3, 3, 3"'), "a table of 5 values"),
        (lambda text: text + "}\n", "after the library's end"),
        (lambda text: small.HEAD + "}\n", "has no cells"),
        (lambda text: "", "give a Liberty file"),
    ],
)
def test_what_is_no_library(tmp_path: Path, change: object, message: str) -> None:
    assert callable(change)
    path = tmp_path / "bad.lib"
    path.write_text(change(library_text()), encoding="utf-8")
    with pytest.raises(LibertyError, match=message) as caught:
        read_library(path)
    assert str(path) in str(caught.value)


def test_a_library_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(LibertyError, match=r"nothing.lib: cannot be read .* --liberty"):
        read_library(tmp_path / "nothing.lib")


def test_a_library_without_a_latch(tmp_path: Path) -> None:
    path = write_library(tmp_path)
    path.write_text(path.read_text(encoding="utf-8").replace("latch (IQ", "register (IQ"), encoding="utf-8")
    with pytest.raises(LibertyError, match="no cell that is a latch"):
        ClockGate.of(read_library(path))
