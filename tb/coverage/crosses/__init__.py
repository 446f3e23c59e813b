"""The crosses of each bench, and how what it fed falls into their bins; importing them registers them all."""

from tb.coverage.bins import CROSSES
from tb.coverage.crosses import (
    additions,
    arithmetic,
    balancing,
    conversions,
    layers,
    memory,
    operands,
    products,
    results,
    streams,
)

__all__ = [
    "CROSSES",
    "additions",
    "arithmetic",
    "balancing",
    "conversions",
    "layers",
    "memory",
    "operands",
    "products",
    "results",
    "streams",
]
