"""What a change of each net costs, from the library's tables: charge, cells, clock pins; and leakage.

A change of a net charges or discharges its capacitance: half of C V². The cell that drives it takes its inner
energy beside that (Liberty's ``internal_power``), averaged over both edges and over the inputs that may have
caused it. Pins with an inner energy of their own (clock and data of registers) take it when their net does.

Assumptions, none of them in a netlist before layout:

wires
    A net's wire has `wire` times the capacitance of the pins on it.
edges
    Inputs of the design change within `EDGE_S`; all others as the library says of their drivers, found in
    `ROUNDS` rounds. Beyond a table its nearest point holds: long nets would be buffered.
clock
    Its wires and gates count, buffers of a clock tree do not.
memories
    A pin of a memory, and what follows an output of the design, loads like the clock gate's inverter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from golden.power.components import Component, Level
from tb.power.clock_gate import GATE, GATE_CLOCK, GATE_ENABLE, GATE_OUTPUT, ClockGate, inputs, output
from tb.power.flat import Cells, Flat, Nets
from tb.power.liberty import Cell, EdgeTables, LibertyError, Pin, Table
from tb.power.netlist import Module, is_output

WIRE = 0.5
"""Capacitance of a net's wire over that of its pins, unless told otherwise."""
EDGE_S = 0.1e-9
ROUNDS = 3
CLOCK = "clk_i"

COMPONENTS = {
    "a_operand": Component.MULTIPLIER,
    "pe_multiplier": Component.MULTIPLIER,
    "pe": Component.MULTIPLIER,  # but for the cone of its sums: see `_cone`
    "reduction_tree": Component.ADDER,
    "partial_sum": Component.ADDER,
    "load_balancer": Component.BALANCER,
    "line_table": Component.BALANCER,
    "a_unpack": Component.INTERCONNECT,
    "a_dispatch": Component.INTERCONNECT,
    "b_loader": Component.INTERCONNECT,
    "result_out": Component.INTERCONNECT,
    "stream_fifo": Component.INTERCONNECT,
    "pe_line": Component.INTERCONNECT,
    "sparse_core": Component.INTERCONNECT,
}
"""Component of a module's gates; its registers and their clock count as such. Any other module is control."""
SUMS = "sum_o"
"""Registers of a PE whose inputs are its adder."""
PE = "pe"

Floats = npt.NDArray[np.float64]
_KINDS = [(component, level) for component in Component for level in Level]


@dataclass(frozen=True)
class Weights:
    """Energy of a change of a net, in parts.

    Attributes
    ----------
    nets : int64 [n]
    joules : float64 [n]
    kinds : int64 [n]
        Component and level of each part, as an index into all pairs of them.
    leakage : float64 [pairs]
        W.
    voltage : float
        V of the library.
    """

    nets: Nets
    joules: Floats
    kinds: Nets
    leakage: Floats
    voltage: float

    def energy(self, toggles: Nets) -> dict[tuple[Component, Level], float]:
        """Return J by component and level of nets that changed so often."""
        parts = np.bincount(self.kinds, toggles[self.nets] * self.joules, len(_KINDS))
        return dict(zip(_KINDS, parts.tolist(), strict=True))

    def leaking(self) -> dict[tuple[Component, Level], float]:
        """Return W that leaks, by component and level."""
        return dict(zip(_KINDS, self.leakage.tolist(), strict=True))


def weigh(flat: Flat, wire: float = WIRE) -> Weights:
    """Weigh the nets of a design; raise `LibertyError` if the library has no energies."""
    return _Scale(flat, wire).weights()


class _Scale:
    def __init__(self, flat: Flat, wire: float) -> None:
        if not any(pin.energy for cell in flat.library.cells.values() for pin in cell.pins.values()):
            raise LibertyError(
                f"{flat.library.path}: its cells have no internal_power: energies cannot be told"
            )
        self._flat = flat
        self._gate = ClockGate.of(flat.library)
        self._load = self._capacitance() * (1 + wire)
        self._edge = np.full(flat.nets, EDGE_S)
        self._clocks = set(flat.inputs[CLOCK].tolist())
        if GATE in flat.cells:
            self._clocks |= set(flat.cells[GATE].pins[GATE_OUTPUT].tolist())
        self._parts: list[tuple[Nets, Floats, Nets]] = []
        self._leakage = np.zeros(len(_KINDS))
        self._adder_gates = {
            name: np.array(sorted(_cone(flat, module)), np.int64)
            for name, module in flat.modules.items()
            if module.base == PE
        }
        self._places = [self._place(scope) for scope in range(len(flat.scopes))]

    def weights(self) -> Weights:
        for _ in range(ROUNDS):
            for kind, cells in self._flat.cells.items():
                if kind != GATE:
                    self._follow_edges(self._flat.library.cells[kind], cells)
        for kind, cells in self._flat.cells.items():
            if kind == GATE:
                self._clock_gates(cells)
            else:
                self._cells(self._flat.library.cells[kind], cells)
        self._others()
        nets, joules, kinds = (np.concatenate(parts) for parts in zip(*self._parts, strict=True))
        return Weights(nets, joules, kinds, self._leakage, self._flat.library.voltage)

    def _capacitance(self) -> Floats:
        """Capacitance of the pins on each net, F."""
        flat, load = self._flat, np.zeros(self._flat.nets)
        inverter = inputs(self._gate.inverter)[0].capacitance
        clock, data, _ = self._gate.latch_pins
        for kind, cells in flat.cells.items():
            for pin, nets in cells.pins.items():
                if is_output(flat.library, kind, pin):
                    continue
                if kind != GATE:
                    each = flat.library.cells[kind].pins[pin].capacitance
                else:
                    each = data.capacitance
                    if pin == GATE_CLOCK:
                        each = inverter + inputs(self._gate.both)[0].capacitance
                load += np.bincount(nets, minlength=flat.nets) * each
        for memory in flat.memories:
            for port, nets in memory.ports.items():
                if port != "read_data_o":
                    load += np.bincount(nets, minlength=flat.nets) * inverter
        for nets in flat.outputs.values():
            load += np.bincount(nets, minlength=flat.nets) * inverter
        self._latch_load = clock.capacitance
        return load

    def _place(self, scope: int) -> int:
        modules = self._flat.ancestors(scope)
        return 0 if PE in modules else 1 if "pe_line" in modules else 2

    def _component(self, scope: int) -> Component:
        return COMPONENTS.get(self._flat.modules[self._flat.scopes[scope].module].base, Component.CONTROL)

    def _kinds_of(self, cells: Cells, component: Component | None = None) -> Nets:
        """Return the pair of component and level of each cell; `component` instead of its module's own."""
        components = list(Component)
        levels = len(Level)
        table = np.array(
            [
                components.index(component or self._component(scope)) * levels + self._places[scope]
                for scope in range(len(self._flat.scopes))
            ]
        )
        found: Nets = table[cells.scope]
        if component is None:
            adders = self._adders(cells)
            found = np.where(adders, components.index(Component.ADDER) * levels + found % levels, found)
        return found

    def _adders(self, cells: Cells) -> npt.NDArray[np.bool_]:
        found = np.zeros(len(cells.scope), np.bool_)
        for name, gates in self._adder_gates.items():
            own = np.array([scope.module == name for scope in self._flat.scopes])[cells.scope]
            found |= own & np.isin(cells.number, gates)
        return found

    def _follow_edges(self, cell: Cell, cells: Cells) -> None:
        for pin, nets in cells.pins.items():
            if not cell.pins[pin].output or not cell.pins[pin].transition:
                continue
            total, count = np.zeros(len(nets)), 0
            for arc in cell.pins[pin].transition:
                if arc.related in cells.pins:
                    for table in filter(None, (arc.rise, arc.fall)):
                        total += interpolate(table, self._load[nets], self._edge[cells.pins[arc.related]])
                        count += 1
            if count:
                self._edge[nets] = np.maximum(total / count, 0.0)

    def _cells(self, cell: Cell, cells: Cells) -> None:
        holds = cell.state is not None
        own = self._kinds_of(cells, Component.REGISTERS if holds else None)
        clock = self._kinds_of(cells, Component.CLOCK)
        np.add.at(self._leakage, own, cell.leakage)
        for pin, nets in cells.pins.items():
            one = cell.pins[pin]
            if one.output:
                self._parts.append((nets, self._charge(nets) + self._inner(cell, one, cells, nets), own))
            elif one.energy:
                self._parts.append((nets, self._inner(cell, one, cells, nets), clock if one.clock else own))

    def _inner(self, cell: Cell, pin: Pin, cells: Cells, nets: Nets) -> Floats:
        """Energy of a change at a pin within its cell, averaged over edges and causes."""
        tables = pin.energy
        if cell.state is not None and pin.output:
            clocks = {one.name for one in cell.pins.values() if one.clock}
            tables = tuple(one for one in tables if one.related in clocks) or tables
        total, count = np.zeros(len(nets)), 0
        for arc in tables:
            cause = cells.pins.get(arc.related, nets) if pin.output else nets
            for table in filter(None, (arc.rise, arc.fall)):
                total += interpolate(table, self._load[nets], self._edge[cause])
                count += 1
        return total / max(1, count)

    def _charge(self, nets: Nets) -> Floats:
        found: Floats = 0.5 * self._load[nets] * self._flat.library.voltage**2
        return found

    def _clock_gates(self, cells: Cells) -> None:
        kinds = self._kinds_of(cells, Component.CLOCK)
        np.add.at(self._leakage, kinds, self._gate.leakage)
        clock, data, held = self._gate.latch_pins
        half = 0.5 * self._flat.library.voltage**2
        load = self._load[cells.pins[GATE_OUTPUT]]
        both = inputs(self._gate.both)[0].capacitance
        out = _typical(output(self._gate.both).energy, load) + half * load
        on_clock = _typical(output(self._gate.inverter).energy, clock.capacitance) + half * clock.capacitance
        on_clock += _typical(clock.energy, clock.capacitance)
        on_enable = _typical(data.energy, both) + _typical(held.energy, both) + half * both
        count = len(kinds)
        self._parts.append((cells.pins[GATE_OUTPUT], out, kinds))
        self._parts.append((cells.pins[GATE_CLOCK], np.full(count, on_clock), kinds))
        self._parts.append((cells.pins[GATE_ENABLE], np.full(count, on_enable), kinds))

    def _others(self) -> None:
        """Charge of nets that no cell drives: inputs of the design, and what memories read."""
        levels, components = len(Level), list(Component)
        for nets in self._flat.inputs.values():
            kinds = [
                Component.CLOCK if net in self._clocks else Component.INTERCONNECT for net in nets.tolist()
            ]
            pairs = np.array([components.index(kind) * levels + 2 for kind in kinds])
            self._parts.append((nets, self._charge(nets), pairs))
        for memory in self._flat.memories:
            nets = memory.ports["read_data_o"]
            pair = components.index(Component.INTERCONNECT) * levels + self._places[memory.scope]
            self._parts.append((nets, self._charge(nets), np.full(len(nets), pair)))


def _cone(flat: Flat, module: Module) -> set[int]:
    """Gates from which only the sums' registers can be reached, without passing a register."""
    library = flat.library
    sums = {bit for name, bits in module.names.items() if name == SUMS for bit in bits}
    readers: dict[object, list[int]] = {}
    for number, gate in enumerate(module.gates):
        for pin, bit in gate.pins.items():
            if not is_output(library, gate.kind, pin):
                readers.setdefault(bit, []).append(number)
    outside = {bit for instance in module.instances for bits in instance.ports.values() for bit in bits}

    def outputs(number: int) -> list[object]:
        gate = module.gates[number]
        return [bit for pin, bit in gate.pins.items() if is_output(library, gate.kind, pin)]

    known: dict[int, bool] = {}

    def only_sums(number: int) -> bool:
        """Whether what this gate drives ends in the sums' registers alone."""
        if number not in known:
            gate = module.gates[number]
            if gate.kind == GATE or library.cells[gate.kind].state is not None:
                known[number] = bool(sums & set(outputs(number)))
            else:
                following = [reader for bit in outputs(number) for reader in readers.get(bit, [])]
                leaves = any(bit in outside for bit in outputs(number))
                known[number] = (
                    bool(following) and not leaves and all(only_sums(reader) for reader in following)
                )
        return known[number]

    return {
        number
        for number, gate in enumerate(module.gates)
        if gate.kind != GATE and library.cells[gate.kind].state is None and only_sums(number)
    }


def interpolate(table: Table, load: Floats, slew: Floats) -> Floats:
    """Return a table's values at loads (F) and input transitions (s); beyond it its nearest point holds."""
    points = {"load": load, "slew": slew}
    shape = tuple(len(axis) for axis in table.axes)
    values = np.array(table.values).reshape(shape)
    if not shape:
        return np.broadcast_to(values, load.shape)
    places = [_place_on(points[name], axis) for name, axis in zip(table.variables, table.axes, strict=True)]
    total = np.zeros(load.shape)
    for corner in range(1 << len(places)):
        weight, index = np.ones(load.shape), []
        for number, (low, share, last) in enumerate(places):
            upper = corner >> number & 1
            weight = weight * (share if upper else 1 - share)
            index.append(np.minimum(low + upper, last))
        total += weight * values[tuple(index)]
    return total


def _place_on(points: Floats, axis: Sequence[float]) -> tuple[Nets, Floats, int]:
    marks = np.array(axis)
    if len(marks) == 1:
        return np.zeros(points.shape, np.int64), np.zeros(points.shape), 0
    low = np.clip(np.searchsorted(marks, points, side="right") - 1, 0, len(marks) - 2)
    share = np.clip((points - marks[low]) / (marks[low + 1] - marks[low]), 0.0, 1.0)
    return low, share, len(marks) - 1


def _typical(tables: Sequence[EdgeTables], load: Floats | float) -> Floats:
    """Return the mean inner energy at a load, of edges as fast as the clock's."""
    loads = np.atleast_1d(np.asarray(load, np.float64))
    found = [
        interpolate(table, loads, np.full(loads.shape, EDGE_S))
        for one in tables
        for table in (one.rise, one.fall)
        if table is not None
    ]
    mean: Floats = np.mean(found, axis=0) if found else np.zeros(loads.shape)
    return mean if isinstance(load, np.ndarray) else mean[0]


def by_component(energy: Mapping[tuple[Component, Level], float]) -> dict[Component, float]:
    """Add up the levels of each component."""
    return {
        one: sum(value for (component, _), value in energy.items() if component is one) for one in Component
    }


def by_level(energy: Mapping[tuple[Component, Level], float]) -> dict[Level, float]:
    """Add up the components of each level."""
    return {one: sum(value for (_, level), value in energy.items() if level is one) for one in Level}
