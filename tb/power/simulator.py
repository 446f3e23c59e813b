"""The gates' simulator: a flat netlist turned into tables, run over recorded stimulus, toggles counted."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.native import build
from tb.power.clock_gate import GATE, GATE_CLOCK, GATE_ENABLE, GATE_OUTPUT
from tb.power.expression import Expression, parse
from tb.power.flat import Cells, Flat, MemoryMacro, Nets
from tb.power.liberty import Cell
from tb.power.netlist import NetlistError

NO_CLOCK = -1
"""In the place of the clock net of a design without registers."""
INPUTS = 6
"""Inputs that a cell may have (`gates.cpp`)."""
SOURCE = Path(__file__).resolve().parent / "gates.cpp"
Bytes = npt.NDArray[np.uint8]

_OP = np.dtype([("table", np.uint64), ("in", np.int32, INPUTS), ("out", np.int32)], align=True)
_REGISTER = np.dtype([(name, np.int32) for name in ("next", "out", "domain", "inverted")])
_RESET = np.dtype([(name, np.int32) for name in ("net", "active", "out", "value")])
_DOMAIN = np.dtype([(name, np.int32) for name in ("enable", "parent")])
_MEMORY = np.dtype(
    [(name, np.int32) for name in ("write", "read", "address_bits", "width")] + [("nets", np.int64)],
    align=True,
)
_POINTERS = ("ops", "registers", "resets", "domains", "memories", "memory_nets", "inputs", "outputs")
_COUNTS = ("nets", "ops", "registers", "resets", "domains", "memories", "inputs", "outputs")


class _Struct(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_void_p) for name in _POINTERS),
        *((f"{name}_count", ctypes.c_int64) for name in _COUNTS),
    )


class GateMismatchError(AssertionError):
    """The gates gave another output than the RTL: nothing that was counted may be used."""


@dataclass(frozen=True)
class Toggles:
    """What nets did in a run.

    Attributes
    ----------
    cycles : int
    toggles, high : int64 [nets]
        Changes of each net, and the cycles in which it was 1. Of a clock: its edges, rising and falling.
    """

    cycles: int
    toggles: Nets
    high: Nets


class GateSimulator:
    """A flat netlist ready to run.

    Raises
    ------
    NetlistError
        If it holds what the simulator cannot follow: loops, latches, resets or clocks of its own making.
    """

    def __init__(self, flat: Flat, clock: str) -> None:
        self.flat = flat
        self._clock = int(flat.inputs[clock][0]) if clock in flat.inputs else NO_CLOCK
        self._nets = flat.nets
        self._domains: dict[int, int] = {self._clock: 0}
        self._gates = self._clock_domains()
        self.input_nets = np.concatenate(list(flat.inputs.values()))
        self.output_nets = np.concatenate(list(flat.outputs.values()))
        self._tables = self._build()

    @property
    def clocks(self) -> Mapping[int, int]:
        """The domain of each clock net."""
        return self._domains

    def run(self, stimulus: Bytes, expected: Bytes) -> Toggles:
        """Run the gates over all cycles and require their outputs.

        Parameters
        ----------
        stimulus : uint8 [cycles, input bits]
            Inputs at the end of each cycle, in the order of `flat.inputs`.
        expected : uint8 [cycles, output bits]

        Raises
        ------
        GateMismatchError
            With the first cycle and port that differ.
        """
        cycles = len(stimulus)
        stimulus, expected = np.ascontiguousarray(stimulus), np.ascontiguousarray(expected)
        if stimulus.shape[1] != len(self.input_nets) or expected.shape != (cycles, len(self.output_nets)):
            raise NetlistError(
                f"a record of {stimulus.shape[1]} inputs and {expected.shape[1]} outputs, the netlist has "
                f"{len(self.input_nets)} and {len(self.output_nets)}"
            )
        toggles, high = (np.zeros(self._nets, np.int64) for _ in range(2))
        clocked = np.zeros(len(self._domains), np.int64)
        wrong = ctypes.c_int64(-1)
        struct = _Struct(
            *(self._tables[name].ctypes.data for name in _POINTERS),
            self._nets,
            *(len(self._tables[name]) for name in _COUNTS[1:]),
        )
        arrays = (stimulus, expected, toggles, high, clocked)
        pointers = [ctypes.c_void_p(array.ctypes.data) for array in arrays]
        failed = _library().gates_run(
            ctypes.byref(struct), ctypes.c_int64(cycles), *pointers, ctypes.byref(wrong)
        )
        if failed >= 0:
            raise GateMismatchError(
                f"cycle {failed}: output {self._output_name(wrong.value)} of the gates is "
                f"{1 - int(expected[failed, wrong.value])}, the RTL's is {int(expected[failed, wrong.value])}"
            )
        for net, domain in self._domains.items() if self._clock != NO_CLOCK else ():
            toggles[net] = 2 * clocked[domain]
            high[net] = clocked[domain] // 2  # half of each cycle with an edge
        return Toggles(cycles, toggles[: self.flat.nets], high[: self.flat.nets])

    def _output_name(self, place: int) -> str:
        for port, nets in self.flat.outputs.items():
            if place < len(nets):
                return f"{port}[{place}]"
            place -= len(nets)
        raise IndexError(place)

    def _clock_domains(self) -> list[tuple[int, int]]:
        """Number the clocks, each after the one that it is gated from: (enable, parent)."""
        gates = self.flat.cells.get(GATE)
        domains = [(-1, -1)]
        if gates is None:
            return domains
        waiting = list(
            zip(
                gates.pins[GATE_CLOCK].tolist(),
                gates.pins[GATE_ENABLE].tolist(),
                gates.pins[GATE_OUTPUT].tolist(),
                strict=True,
            )
        )
        while waiting:
            ready = [one for one in waiting if one[0] in self._domains]
            if not ready:
                raise NetlistError("a clock gate's clock is neither the design's clock nor another gate's")
            for clock, enable, out in ready:
                domains.append((enable, self._domains[clock]))
                self._domains[out] = len(domains) - 1
            waiting = [one for one in waiting if one[2] not in self._domains]
        return domains

    def _build(self) -> dict[str, Any]:
        ops, registers, resets = [], [], []
        for kind, cells in self.flat.cells.items():
            if kind == GATE:
                continue
            cell = self.flat.library.cells[kind]
            if cell.state is None:
                for pin, nets in cells.pins.items():
                    if cell.pins[pin].output:
                        ops.append(_ops(cell.pins[pin].function, cells.pins, nets))
            else:
                register, reset, extra = self._registers(cell, cells)
                registers += register
                resets += reset
                ops += extra
        memories, memory_nets = self._memories()
        return {
            "ops": _ordered(np.concatenate(ops), self._nets),
            "registers": np.concatenate(registers) if registers else np.zeros(0, _REGISTER),
            "resets": np.concatenate(resets) if resets else np.zeros(0, _RESET),
            "domains": np.array(self._gates, _DOMAIN),
            "memories": memories,
            "memory_nets": memory_nets,
            "inputs": self.input_nets.astype(np.int32),
            "outputs": self.output_nets.astype(np.int32),
        }

    def _registers(self, cell: Cell, cells: Cells) -> tuple[list[Any], list[Any], list[Any]]:
        state, count = cell.state, len(cells.scope)
        assert state is not None
        if state.kind != "ff":
            raise NetlistError(f"the design is mapped to {cell.name}, a latch: it may have none")
        clock = parse(state.text("clocked_on"))
        if clock.operator:
            raise NetlistError(f"{cell.name}: clocked on '{state.text('clocked_on')}', not by a rising edge")
        clocks = cells.pins[clock.name]
        unknown = [net for net in np.unique(clocks).tolist() if net not in self._domains]
        if unknown:
            raise NetlistError(
                f"{len(unknown)} clocks of {cell.name} are neither the design's nor gated from it"
            )
        following = parse(state.text("next_state"))
        extra = []
        if following.operator:
            hidden = np.arange(self._nets, self._nets + count, dtype=np.int64)
            self._nets += count
            extra.append(_ops(state.text("next_state"), cells.pins, hidden))
        else:
            hidden = cells.pins[following.name]
        registers, resets = [], []
        for pin, nets in cells.pins.items():
            if not cell.pins[pin].output:
                continue
            function = cell.pins[pin].function.strip()
            if function not in state.names:
                raise NetlistError(f"{cell.name}: output {pin} is neither the state nor its inverse")
            inverted = function == state.names[1]
            made = np.zeros(count, _REGISTER)
            made["next"], made["out"], made["inverted"] = hidden, nets, inverted
            made["domain"] = [self._domains[net] for net in clocks.tolist()]
            registers.append(made)
            for what, value in (("clear", 0), ("preset", 1)):
                if state.text(what):
                    resets += self._resets(cell, what, cells, nets, value ^ inverted)
        return registers, resets, extra

    def _resets(self, cell: Cell, what: str, cells: Cells, out: Nets, value: int) -> list[Any]:
        assert cell.state is not None
        condition = parse(cell.state.text(what))
        inner: Expression = condition.terms[0] if condition.operator == "~" else condition
        if inner.operator or condition.operator not in ("", "~"):
            raise NetlistError(f"{cell.name}: {what} '{cell.state.text(what)}' is no pin")
        active = 0 if condition.operator else 1
        nets = cells.pins[inner.name]
        if (nets == active).any():
            raise NetlistError(f"{cell.name}: {what} is tied to where it always acts")
        used = nets > 1
        allowed = set(np.concatenate(list(self.flat.inputs.values())).tolist())
        if set(nets[used].tolist()) - allowed:
            raise NetlistError(f"{cell.name}: {what} comes from gates, not from an input of the design")
        made = np.zeros(int(used.sum()), _RESET)
        made["net"], made["active"], made["out"], made["value"] = nets[used], active, out[used], value
        return [made]

    def _memories(self) -> tuple[Any, Nets]:
        found = np.zeros(len(self.flat.memories), _MEMORY)
        nets: list[int] = []
        for row, memory in zip(found, self.flat.memories, strict=True):
            self._memory(row, memory, len(nets))
            for port in ("write_addr_i", "write_data_i", "read_addr_i", "read_data_o"):
                nets += memory.ports[port].tolist()
        return found, np.array(nets, np.int32)

    def _memory(self, row: Any, memory: MemoryMacro, nets: int) -> None:
        ports = memory.ports
        if int(ports["clk_i"][0]) != self._clock:
            raise NetlistError("a memory's clock is not the design's")
        row["write"], row["read"] = ports["write_i"][0], ports["read_i"][0]
        row["address_bits"], row["width"] = len(ports["read_addr_i"]), len(ports["read_data_o"])
        row["nets"] = nets


def _ops(function: str, pins: Mapping[str, Nets], out: Nets) -> Any:
    expression = parse(function)
    names = sorted(expression.pins())
    if len(names) > INPUTS:
        raise NetlistError(f"function '{function}' has {len(names)} inputs, at most {INPUTS} are followed")
    table = sum(1 << place for place, value in enumerate(expression.truth_table(names)) if value)
    made = np.zeros(len(out), _OP)
    made["table"], made["out"] = table, out
    for place, name in enumerate(names):
        made["in"][:, place] = pins[name]
    return made


def _ordered(ops: Any, nets: int) -> Any:
    order = np.zeros(len(ops), np.int32)
    placed = _library().gates_order(
        ctypes.c_void_p(ops.ctypes.data),
        ctypes.c_int64(len(ops)),
        ctypes.c_int64(nets),
        ctypes.c_void_p(order.ctypes.data),
    )
    if placed != len(ops):
        raise NetlistError(f"{len(ops) - placed} gates go round in a circle")
    return np.ascontiguousarray(ops[order])


@cache
def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(str(build(SOURCE)))
    library.gates_run.restype = ctypes.c_int64
    library.gates_order.restype = ctypes.c_int64
    return library
