"""Gates without yosys: a small design flattened, simulated, weighed; each against plain Python."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from golden.power.components import Component, Level
from tb.power import small_design, small_library
from tb.power.flat import Flat, flatten
from tb.power.liberty import LibertyError, Library, read_library
from tb.power.mapping import merge_equal
from tb.power.netlist import NetlistError, read_modules
from tb.power.saif import PERIOD, SaifError, read_saif, write_saif
from tb.power.simulator import GateMismatchError, GateSimulator, Toggles
from tb.power.small_design import CYCLES, RESET_CYCLES
from tb.power.small_library import CLOCK_J, EDGE_J, PIN_F
from tb.power.weights import by_component, by_level, weigh

Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return read_library(small_library.write_library(tmp_path))


def flat_design(library: Library, change: Change | None = None) -> Flat:
    mapped = small_design.mapped()
    if change is not None:
        change(dict(mapped.modules))
    return flatten(read_modules(mapped, library), mapped.top, library)


@pytest.fixture
def flat(library: Library) -> Flat:
    return flat_design(library)


@pytest.fixture
def activity(flat: Flat, rng: np.random.Generator) -> tuple[Toggles, np.ndarray]:
    stimulus, expected = small_design.run(rng)
    return GateSimulator(flat, "clk_i").run(stimulus, expected), np.concatenate([stimulus, expected], axis=1)


def test_flat_design(flat: Flat) -> None:
    assert flat.count == 6
    assert [scope.path for scope in flat.scopes] == [(), ("i_bits",)]
    assert flat.ancestors(1) == ["counter", "bits"]
    # One net under two names: what reads the second is connected to the first.
    assert flat.cells["INV"].pins["A"].tolist() == [flat.outputs["count_o"][0]] * 2


def test_toggles_are_those_of_plain_python(
    flat: Flat, activity: tuple[Toggles, np.ndarray], rng: np.random.Generator
) -> None:
    toggles, columns = activity
    assert toggles.cycles == CYCLES
    nets = [*flat.inputs.values(), *flat.outputs.values()]
    for net, column in zip(np.concatenate(nets)[1:], columns.T[1:], strict=True):
        assert toggles.toggles[net] == np.count_nonzero(np.diff(column)), net
        assert toggles.high[net] == column.sum(), net
    enabled = int(columns[:, 2].sum())
    assert toggles.toggles[flat.inputs["clk_i"][0]] == 2 * CYCLES
    assert toggles.toggles[flat.cells["CLOCK_GATE"].pins["GCK"][0]] == 2 * enabled
    assert RESET_CYCLES < enabled < CYCLES, "the clock is gated at times"


def test_a_wrong_gate_is_seen(library: Library, rng: np.random.Generator) -> None:
    def wrong(modules: dict[str, Any]) -> None:
        modules["bits$counter.i_bits"]["cells"]["xor"]["type"] = "OR2"

    stimulus, expected = small_design.run(rng)
    with pytest.raises(
        GateMismatchError, match=r"cycle \d+: output count_o\[1\] of the gates is 1, the RTL's is 0"
    ):
        GateSimulator(flat_design(library, wrong), "clk_i").run(stimulus, expected)


def test_a_record_of_another_width_is_refused(flat: Flat, rng: np.random.Generator) -> None:
    stimulus, expected = small_design.run(rng)
    with pytest.raises(NetlistError, match="a record of 5 inputs"):
        GateSimulator(flat, "clk_i").run(stimulus[:, 1:], expected)


def _loop(modules: dict[str, Any]) -> None:
    modules["counter"]["cells"]["inv"]["connections"]["A"] = [12]


def _own_clock(modules: dict[str, Any]) -> None:
    modules["counter"]["cells"]["i_bits"]["connections"]["clk_i"] = [12]


def _own_reset(modules: dict[str, Any]) -> None:
    modules["counter"]["cells"]["i_bits"]["connections"]["rst_ni"] = [12]


def _latch(modules: dict[str, Any]) -> None:
    cell = modules["bits$counter.i_bits"]["cells"]["low"]
    cell["type"] = "LATCH"
    del cell["connections"]["R"]


def _unknown(modules: dict[str, Any]) -> None:
    modules["counter"]["cells"]["inv"]["type"] = "$not"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_loop, "1 gates go round in a circle"),
        (_own_clock, "2 clocks|1 clocks of DFFR are neither"),
        (_own_reset, "clear comes from gates"),
        (_latch, "a latch: it may have none"),
        (_unknown, "is neither a cell of small nor a module"),
    ],
)
def test_designs_that_cannot_be_followed(library: Library, change: Change, message: str) -> None:
    with pytest.raises(NetlistError, match=message):
        GateSimulator(flat_design(library, change), "clk_i")


def test_saif_comes_back(flat: Flat, activity: tuple[Toggles, np.ndarray], tmp_path: Path) -> None:
    toggles, _ = activity
    path = tmp_path / "design.saif"
    write_saif(path, flat, toggles)
    text = path.read_text(encoding="ascii")
    assert f"(DURATION {CYCLES * PERIOD})" in text
    assert text.count("(INSTANCE") == 2
    again = read_saif(path, flat)
    assert again.cycles == CYCLES
    driven = np.ones(flat.nets, np.bool_)
    driven[:2] = False  # the constants
    assert np.array_equal(again.toggles[driven], toggles.toggles[driven])
    weights = weigh(flat)
    assert weights.energy(again.toggles) == weights.energy(toggles.toggles)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[:-40], "cut off"),
        (lambda text: text.replace("(SAIFILE", "(FILE", 1), "no SAIF file"),
        (lambda text: text.replace(f"(DURATION {CYCLES * PERIOD})", ""), "DURATION is missing"),
        (lambda text: text.replace("INV_", "BUF_"), "2 nets of the netlist are not in it"),
    ],
)
def test_damaged_saif(
    flat: Flat,
    activity: tuple[Toggles, np.ndarray],
    tmp_path: Path,
    change: Callable[[str], str],
    message: str,
) -> None:
    path = tmp_path / "design.saif"
    write_saif(path, flat, activity[0])
    path.write_text(change(path.read_text(encoding="ascii")), encoding="ascii")
    with pytest.raises(SaifError, match=message) as caught:
        read_saif(path, flat)
    assert str(path) in str(caught.value)


def test_energy_of_one_edge(flat: Flat) -> None:
    """Told by hand: half of C V² for the pins on the net and its wire, and the cell's own energy."""
    weights = weigh(flat, wire=0.5)
    toggles = np.zeros(flat.nets, np.int64)
    low = flat.outputs["count_o"][0]
    toggles[low] = 1
    # What reads the lowest bit: an inverter and the XOR within, one outside, two addresses, an output.
    pins = 6
    found = weights.energy(toggles)
    assert found[Component.REGISTERS, Level.CORE] == pytest.approx(EDGE_J + 0.5 * 1.5 * pins * PIN_F)
    assert sum(found.values()) == pytest.approx(found[Component.REGISTERS, Level.CORE])


def test_energy_of_the_clock(flat: Flat) -> None:
    weights = weigh(flat, wire=0.0)
    toggles = np.zeros(flat.nets, np.int64)
    toggles[flat.cells["CLOCK_GATE"].pins["GCK"][0]] = 1
    found = by_component(weights.energy(toggles))
    # The AND of the gate, two clock pins charged, each with an energy of its own.
    assert found[Component.CLOCK] == pytest.approx(EDGE_J + 2 * (0.5 * PIN_F + CLOCK_J))
    assert by_level(weights.energy(toggles))[Level.CORE] == pytest.approx(sum(found.values()))


def _pe(modules: dict[str, Any]) -> None:
    """Make the counter below a PE whose sums are its two bits: an inverter and an XOR add."""
    del modules["bits$counter.i_bits"]["netnames"]["count"]
    modules["bits$counter.i_bits"]["netnames"]["sum_o"] = {"hide_name": 0, "bits": [4, 5]}
    modules["pe$counter.i_bits"] = modules.pop("bits$counter.i_bits")
    modules["counter"]["cells"]["i_bits"]["type"] = "pe$counter.i_bits"


def test_adder_of_a_pe_is_found_in_each_design(library: Library) -> None:
    """What one design's PE adds with is not taken for another's, though their modules be the same object."""
    modules = dict(small_design.mapped().modules)
    _pe(modules)
    mapped = replace(small_design.mapped(), modules=modules)
    flat = flatten(read_modules(mapped, library), mapped.top, library)
    toggles = np.ones(flat.nets, np.int64)
    found = by_component(weigh(flat).energy(toggles))
    assert found[Component.ADDER] > 0
    assert found[Component.MULTIPLIER] == 0
    del flat.modules["pe$counter.i_bits"].names["sum_o"]
    without = by_component(weigh(flat).energy(toggles))
    assert without[Component.ADDER] == 0
    assert without[Component.MULTIPLIER] == pytest.approx(found[Component.ADDER])


def test_leakage(flat: Flat) -> None:
    cells = 5 + 3  # a clock gate is three cells
    assert sum(weigh(flat).leaking().values()) == pytest.approx(cells * small_library.LEAKAGE_W)


def test_a_library_without_energies(library: Library) -> None:
    bare = {
        name: replace(cell, pins={pin: replace(one, energy=()) for pin, one in cell.pins.items()})
        for name, cell in library.cells.items()
    }
    with pytest.raises(LibertyError, match="no internal_power"):
        weigh(flat_design(replace(library, cells=bare)))


def _module(seed: int) -> dict[str, Any]:
    """Return a module whose made-up names and numbers depend on `seed`."""
    return {
        "attributes": {},
        "ports": {
            "a_i": {"direction": "input", "bits": [seed]},
            "y_o": {"direction": "output", "bits": [seed + 1]},
        },
        "cells": {
            f"$not$file.sv:1${seed + 9}": {
                "hide_name": 1,
                "type": "$not",
                "parameters": {"A_WIDTH": "1"},
                "connections": {"A": [seed], "Y": [seed + 1]},
            }
        },
        "netnames": {},
    }


def _two(second: dict[str, Any]) -> dict[str, Any]:
    instances = {
        f"i_{place}": {"hide_name": 0, "type": f"m$top.gen[{place}].i_m", "parameters": {}, "connections": {}}
        for place in range(2)
    }
    top = {"attributes": {}, "ports": {}, "cells": instances, "netnames": {}}
    return {"modules": {"top": top, "m$top.gen[0].i_m": _module(2), "m$top.gen[1].i_m": second}}


def test_equal_modules_are_mapped_once() -> None:
    merged = merge_equal(_two(_module(97)), "top")
    assert list(merged["modules"]) == ["top", "m$top.gen[0].i_m"]
    assert {cell["type"] for cell in merged["modules"]["top"]["cells"].values()} == {"m$top.gen[0].i_m"}


def test_modules_that_differ_are_kept_apart() -> None:
    other = _module(97)
    next(iter(other["cells"].values()))["type"] = "$pos"
    assert len(merge_equal(_two(other), "top")["modules"]) == 3
