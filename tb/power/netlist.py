"""A mapped design as the estimate sees it: modules, the cells and instances in them, and who drives a net."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tb.power.clock_gate import GATE, GATE_OUTPUT
from tb.power.liberty import Library
from tb.power.mapping import Mapped, is_memory

Bit = int | str
"""A net of a module by yosys' number, or a constant: '0' or '1'."""


class NetlistError(ValueError):
    """The netlist holds something that the estimate cannot follow."""


@dataclass(frozen=True)
class Gate:
    """A cell of the library (or `GATE`): its type, and the net of each pin."""

    kind: str
    pins: Mapping[str, Bit]


@dataclass(frozen=True)
class Instance:
    """An instance of a module below: its name in the RTL, its module, and the nets of each port."""

    name: str
    module: str
    ports: Mapping[str, tuple[Bit, ...]]


@dataclass
class Module:
    """A module: what is in it.

    Attributes
    ----------
    memory : bool
        A macro, of which nothing but the ports is known.
    inputs, outputs : dict of str to tuple of Bit
        Nets of each port, the lowest bit first.
    names : dict of str to tuple of Bit
        Nets of the RTL's signals that are left.
    """

    name: str
    memory: bool
    inputs: dict[str, tuple[Bit, ...]] = field(default_factory=dict)
    outputs: dict[str, tuple[Bit, ...]] = field(default_factory=dict)
    names: dict[str, tuple[Bit, ...]] = field(default_factory=dict)
    gates: list[Gate] = field(default_factory=list)
    instances: list[Instance] = field(default_factory=list)

    @property
    def base(self) -> str:
        """Name of the RTL module."""
        return self.name.split("$")[0]


def read_modules(mapped: Mapped, library: Library) -> dict[str, Module]:
    """Read a mapped design; raise `NetlistError` if it holds what is neither a cell nor a module."""
    return {name: _module(name, one, mapped.modules, library) for name, one in mapped.modules.items()}


def is_output(library: Library, kind: str, pin: str) -> bool:
    """Whether a pin of a cell is an output."""
    return pin == GATE_OUTPUT if kind == GATE else library.cells[kind].pins[pin].output


def _module(name: str, text: Mapping[str, Any], modules: Mapping[str, Any], library: Library) -> Module:
    module = Module(name, is_memory(name))
    for port, one in text["ports"].items():
        if one["direction"] == "inout":
            raise NetlistError(f"{name}: port {port} is neither an input nor an output")
        ports = module.outputs if one["direction"] == "output" else module.inputs
        ports[port] = _bits(one["bits"])
    if module.memory:
        return module
    module.names = {net: _bits(one["bits"]) for net, one in text["netnames"].items() if not one["hide_name"]}
    for instance, cell in text["cells"].items():
        kind, pins = cell["type"], cell["connections"]
        if kind in modules:
            module.instances.append(
                Instance(instance, kind, {pin: _bits(bits) for pin, bits in pins.items()})
            )
        elif kind in library.cells or kind == GATE:
            module.gates.append(Gate(kind, {pin: _bits(bits)[0] for pin, bits in pins.items()}))
        else:
            raise NetlistError(f"{name}: {kind} is neither a cell of {library.name} nor a module")
    return module


def _bits(bits: list[Any]) -> tuple[Bit, ...]:
    """Nets; what is undefined is taken as 0."""
    return tuple("0" if bit in ("x", "z") else bit for bit in bits)
