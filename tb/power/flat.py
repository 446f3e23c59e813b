"""The whole design as one list of cells: what the gates' simulator runs and the estimate weighs.

Nets are numbered through; 0 and 1 are the constants. Each module is laid out once and then copied.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tb.power.liberty import Library
from tb.power.netlist import Bit, Module, NetlistError

Nets = npt.NDArray[np.int64]
CONSTANTS: dict[Bit, int] = {"0": 0, "1": 1}


@dataclass(frozen=True)
class Scope:
    """An instance of a module: the names that lead to it from the top, and its module."""

    path: tuple[str, ...]
    module: str


@dataclass(frozen=True)
class Cells:
    """All cells of one type.

    Attributes
    ----------
    pins : dict of str to int64 [n]
        Net of each pin that is connected everywhere.
    scope : int64 [n]
        Index of the instance in `Flat.scopes` that each cell lies in.
    number : int64 [n]
        Place of each cell in its module.
    """

    pins: dict[str, Nets]
    scope: Nets
    number: Nets


@dataclass(frozen=True)
class MemoryMacro:
    """A memory: scope, and the nets of its ports."""

    scope: int
    ports: dict[str, Nets]


@dataclass
class Flat:
    """The design without hierarchy.

    Attributes
    ----------
    nets : int
        How many nets there are, the constants included.
    inputs, outputs : dict of str to int64
        Nets of the top's ports, the lowest bit first.
    """

    library: Library
    modules: Mapping[str, Module]
    nets: int = 2
    scopes: list[Scope] = field(default_factory=list)
    cells: dict[str, Cells] = field(default_factory=dict)
    memories: list[MemoryMacro] = field(default_factory=list)
    inputs: dict[str, Nets] = field(default_factory=dict)
    outputs: dict[str, Nets] = field(default_factory=dict)

    @cached_property
    def count(self) -> int:
        """How many cells there are."""
        return sum(len(one.scope) for one in self.cells.values())

    def ancestors(self, scope: int) -> list[str]:
        """RTL modules that an instance lies in, from the top to its own."""
        path = self.scopes[scope].path
        return [self.modules[self._by_path[path[:depth]]].base for depth in range(len(path) + 1)]

    @cached_property
    def _by_path(self) -> dict[tuple[str, ...], str]:
        return {scope.path: scope.module for scope in self.scopes}


class _Layout:
    """A module with its nets numbered from 0: constants, ports, then all others."""

    def __init__(self, module: Module) -> None:
        self._places: dict[Bit, int] = dict(CONSTANTS.items())
        for bits in (*module.inputs.values(), *module.outputs.values()):
            self.nets(bits)
        by_kind: dict[str, list[tuple[int, Mapping[str, Bit]]]] = defaultdict(list)
        for number, gate in enumerate(module.gates):
            by_kind[gate.kind].append((number, gate.pins))
        self.kinds = {
            kind: (
                {pin: self.nets([pins[pin] for _, pins in gates]) for pin in gates[0][1]},
                np.array([number for number, _ in gates], np.int64),
            )
            for kind, gates in by_kind.items()
        }
        self.instances = [
            (one.name, one.module, {port: self.nets(bits) for port, bits in one.ports.items()})
            for one in module.instances
        ]
        self.size = len(self._places)

    def nets(self, bits: Sequence[Bit]) -> Nets:
        places = self._places
        return np.array([places.setdefault(bit, len(places)) for bit in bits], np.int64)


def flatten(modules: Mapping[str, Module], top: str, library: Library) -> Flat:
    """Lay out a design; raise `NetlistError` if an output of a module below is tied to a constant outside."""
    flat = Flat(library, modules)
    layouts = {name: _Layout(module) for name, module in modules.items() if not module.memory}
    gathered: dict[str, list[tuple[dict[str, Nets], int, Nets]]] = defaultdict(list)
    same: list[tuple[int, int]] = []  # a net, and the one that it is another name of

    def fresh(count: int) -> Nets:
        flat.nets += count
        return np.arange(flat.nets - count, flat.nets, dtype=np.int64)

    def place(path: tuple[str, ...], name: str, ports: Mapping[str, Nets]) -> None:
        module, layout = modules[name], layouts[name]
        scope = len(flat.scopes)
        flat.scopes.append(Scope(path, name))
        at = np.full(layout.size, -1, np.int64)
        at[:2] = (0, 1)
        for port, bits in module.inputs.items():
            at[layout.nets(bits)] = ports.get(port, 0)
        for port, bits in module.outputs.items():
            for local, outside in zip(layout.nets(bits), ports.get(port, ()), strict=False):
                if outside < 2:
                    raise NetlistError(f"{name}: output {port} is tied to a constant")
                if at[local] < 0:
                    at[local] = outside
                else:
                    same.append((int(outside), int(at[local])))
        at[at < 0] = fresh(int(np.count_nonzero(at < 0)))
        for kind, (pins, numbers) in layout.kinds.items():
            gathered[kind].append(({pin: at[nets] for pin, nets in pins.items()}, scope, numbers))
        for instance, below, nets in layout.instances:
            outside_nets = {port: at[local] for port, local in nets.items()}
            if modules[below].memory:
                flat.memories.append(MemoryMacro(scope, outside_nets))
            else:
                place((*path, instance), below, outside_nets)

    module = modules[top]
    flat.inputs = {port: fresh(len(bits)) for port, bits in module.inputs.items()}
    flat.outputs = {port: fresh(len(bits)) for port, bits in module.outputs.items()}
    place((), top, {**flat.inputs, **flat.outputs})
    flat.cells = {kind: _joined(parts) for kind, parts in gathered.items()}
    _rename(flat, same)
    return flat


def _rename(flat: Flat, same: Sequence[tuple[int, int]]) -> None:
    """Give nets of several names the one that is driven."""
    driven = np.arange(flat.nets, dtype=np.int64)
    for net, source in same:
        driven[net] = source
    while not np.array_equal(driven, driven[driven]):
        driven = driven[driven]
    for cells in flat.cells.values():
        cells.pins.update({pin: driven[nets] for pin, nets in cells.pins.items()})
    for memory in flat.memories:
        memory.ports.update({port: driven[nets] for port, nets in memory.ports.items()})
    flat.outputs = {port: driven[nets] for port, nets in flat.outputs.items()}


def _joined(parts: list[tuple[dict[str, Nets], int, Nets]]) -> Cells:
    common = set.intersection(*(set(pins) for pins, _, _ in parts))
    return Cells(
        {pin: np.concatenate([pins[pin] for pins, _, _ in parts]) for pin in sorted(common)},
        np.concatenate([np.full(len(numbers), scope, np.int64) for _, scope, numbers in parts]),
        np.concatenate([numbers for _, _, numbers in parts]),
    )
