"""The clock gate: what the library's cells make of it, for libraries that have none ready.

CK low lets E through a latch; GCK is CK and the latch: an inverter on the latch's clock, the latch, an AND.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tb.power.expression import parse
from tb.power.liberty import Cell, LibertyError, Library, Pin

GATE = "CLOCK_GATE"
GATE_ENABLE, GATE_CLOCK, GATE_OUTPUT = "E", "CK", "GCK"


@dataclass(frozen=True)
class ClockGate:
    """The cells that a clock gate is made of, each the smallest of its function."""

    inverter: Cell
    latch: Cell
    both: Cell

    @staticmethod
    def of(library: Library) -> ClockGate:
        """Choose the cells; raise `LibertyError` if the library lacks one."""
        return ClockGate(
            _smallest(library, "an inverter", lambda cell: _computes(cell, 1, (True, False))),
            _smallest(library, "a latch", lambda cell: cell.state is not None and cell.state.kind == "latch"),
            _smallest(
                library, "a two-input AND", lambda cell: _computes(cell, 2, (False, False, False, True))
            ),
        )

    @property
    def latch_pins(self) -> tuple[Pin, Pin, Pin]:
        """Clock, data and output of the latch."""
        pins = self.latch.pins.values()
        clock = next(pin for pin in pins if pin.clock)
        data = next(pin for pin in pins if not pin.clock and not pin.output)
        return clock, data, next(pin for pin in pins if pin.output)

    @property
    def leakage(self) -> float:
        """Of all its cells, W."""
        return self.inverter.leakage + self.latch.leakage + self.both.leakage


def inputs(cell: Cell) -> list[Pin]:
    """Return the input pins of a cell."""
    return [pin for pin in cell.pins.values() if not pin.output]


def output(cell: Cell) -> Pin:
    """Return the first output pin of a cell."""
    return next(pin for pin in cell.pins.values() if pin.output)


def _computes(cell: Cell, count: int, table: tuple[bool, ...]) -> bool:
    pins = inputs(cell)
    if (
        cell.state is not None
        or len(pins) != count
        or len(cell.pins) != count + 1
        or not output(cell).function
    ):
        return False
    return parse(output(cell).function).truth_table([pin.name for pin in pins]) == table


def _smallest(library: Library, what: str, fits: Callable[[Cell], bool]) -> Cell:
    found = [cell for cell in library.cells.values() if fits(cell)]
    if not found:
        raise LibertyError(f"{library.path}: library {library.name} has no cell that is {what}")
    return min(found, key=lambda cell: (cell.area or 1e9, cell.name))
