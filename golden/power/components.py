"""What energy is told apart by: components of a core's logic, places in the hierarchy, precisions."""

from __future__ import annotations

from enum import StrEnum


class Component(StrEnum):
    """A part of a core's logic; memories, leakage and external memory are counted beside them."""

    MULTIPLIER = "multiplier"
    ADDER = "adder"
    REGISTERS = "registers"
    CLOCK = "clock"
    INTERCONNECT = "interconnect"
    BALANCER = "balancer"
    CONTROL = "control"


class Level(StrEnum):
    """Where a cell lies: in a PE, in a line but in none of its PEs, or in the core outside its lines."""

    PE = "PE"
    LINE = "line"
    CORE = "core"


class Precision(StrEnum):
    """Group of an element of A, and so how the multiplier works on it."""

    FP8 = "FP8"
    FP16 = "FP16"
