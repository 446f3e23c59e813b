"""Arithmetic modules as functions of numpy arrays: each one verilated into a shared library of its own."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from tb.toolchain import rtl_sources, verilate

ARITH_TB = Path(__file__).resolve().parent

Words = NDArray[Any]
"""Words as unsigned integers of 8, 16 or 32 bits."""


@dataclass(frozen=True)
class Ports:
    """Input and output ports of a module in the order of its C++ function, each with its array type."""

    inputs: Mapping[str, DTypeLike]
    outputs: Mapping[str, DTypeLike]


MODULES = {
    "fp32_add": Ports({"a_i": np.uint32, "b_i": np.uint32}, {"sum_o": np.uint32}),
    "fp32_mul": Ports({"a_i": np.uint32, "b_i": np.uint32}, {"prod_o": np.uint32}),
    "fp16_mul": Ports({"a_i": np.uint16, "b_i": np.uint16}, {"prod_o": np.uint32}),
    "fp32_to_fp16": Ports({"a_i": np.uint32}, {"y_o": np.uint16}),
    "fp8_to_fp16": Ports({"code_i": np.uint8, "fmt_i": np.uint8, "bias_i": np.uint8}, {"y_o": np.uint16}),
    "fp16_to_fp8": Ports(
        {"a_i": np.uint16, "fmt_i": np.uint8, "bias_i": np.uint8},
        {"code_o": np.uint8, "fp16_o": np.uint8, "flush_o": np.uint8},
    ),
}
"""The contract's arithmetic modules."""

PROBES = {"acc_add_probe": Ports({"a_i": np.uint32, "b_i": np.uint32}, {"sum_o": np.uint32})}
"""Functions of the datapath's package that no contract module brings out."""


@dataclass(frozen=True)
class BulkModel:
    """A combinational module that is evaluated element by element over arrays.

    Attributes
    ----------
    name : str
        Module name.
    ports : Ports
        Its ports.
    library : ctypes.CDLL
        The verilated model.
    """

    name: str
    ports: Ports
    library: ctypes.CDLL

    def __call__(self, *inputs: Words) -> tuple[Words, ...]:
        """Evaluate the module on arrays of one shape, in the order of its input ports.

        Returns
        -------
        tuple of ndarray
            One array of the inputs' shape for each output port.
        """
        arrays: list[Words] = [
            np.ascontiguousarray(array, dtype)
            for array, dtype in zip(inputs, self.ports.inputs.values(), strict=True)
        ]
        if len({array.shape for array in arrays}) != 1:
            raise ValueError(
                f"{self.name}: inputs of shapes {[array.shape for array in arrays]}, must be equal"
            )
        arrays += [np.empty(arrays[0].shape, dtype) for dtype in self.ports.outputs.values()]
        pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in arrays]
        self.library.evaluate(ctypes.c_size_t(arrays[0].size), *pointers)
        return tuple(arrays[len(inputs) :])


def load(name: str, sources: list[Path] | None = None) -> BulkModel:
    """Build a module and load it.

    Parameters
    ----------
    name : str
        Key of `MODULES` or `PROBES`.
    sources : list of Path, optional
        SystemVerilog files to take instead of the design's own, packages first.
    """
    ports = (MODULES | PROBES)[name]
    if sources is None:
        sources = rtl_sources(name) if name in MODULES else [*packages(), ARITH_TB / f"{name}.sv"]
    built = verilate(
        f"bulk_{name}",
        sources,
        name,
        cxx_sources=[ARITH_TB / "bulk" / f"{name}.cpp"],
        cflags=["-fvisibility=hidden"],
        kind="lib",
    )
    library = ctypes.CDLL(str(built.artifact))
    library.evaluate.restype = None
    return BulkModel(name, ports, library)


@cache
def model(name: str) -> BulkModel:
    """Return the design's own module, built and loaded once in this process."""
    return load(name)


def packages() -> list[Path]:
    """List the design's packages, each after those that it uses."""
    return [path for path in rtl_sources() if path.stem.endswith("_pkg")]
