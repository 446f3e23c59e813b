"""The PE and its multiplier as functions over arrays."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from golden.formats import U8, U16, U32, Bool, Fp8Format
from tb.core.build import checkers
from tb.coverage.crosses.products import sample_pe, sample_significands
from tb.toolchain import rtl_sources, verilate

PE_TB = Path(__file__).resolve().parent


class PeFailure(AssertionError):
    """The PE differs from the arithmetic modules, or an assertion in it failed."""


@dataclass(frozen=True)
class Stimulus:
    """Elements in the order in which a PE meets them.

    Attributes
    ----------
    data : uint16 [n]
        FP16 bits, or an FP8 code in the low byte.
    wide : bool [n]
        Whether the element is FP16.
    first : bool [n]
        Whether the sums start at +0 with this element.
    b : uint16 [n, 2]
        FP16 bits of both columns.
    gap : bool [n]
        Whether a cycle without an element goes before.
    fmt, bias
        FP8 encoding and exponent bias.
    """

    data: U16
    wide: Bool
    first: Bool
    b: U16
    gap: Bool
    fmt: Fp8Format
    bias: int


class PeBench:
    """The library of ``pe_bench.cpp``."""

    def __init__(self, library: Path) -> None:
        self._library = ctypes.CDLL(str(library))
        self._library.pe_run.restype = ctypes.c_int64
        self._library.multiplier_run.restype = None

    def run(self, stimulus: Stimulus) -> tuple[U32, U32]:
        """Return the sums after each element, uint32 [n, 2]: the PE's, and the arithmetic modules'.

        Raises
        ------
        PeFailure
            If an assertion fails; its text is on the standard output.
        """
        count = len(stimulus.data)
        sums, modules = np.zeros((count, 2), np.uint32), np.zeros((count, 2), np.uint32)
        taken = self._library.pe_run(
            ctypes.c_int64(count),
            _pointer(stimulus.data, np.uint16),
            _pointer(stimulus.wide, np.uint8),
            _pointer(stimulus.first, np.uint8),
            _pointer(stimulus.gap, np.uint8),
            _pointer(stimulus.b, np.uint16),
            int(stimulus.fmt),
            stimulus.bias,
            _pointer(sums, np.uint32),
            _pointer(modules, np.uint32),
        )
        if taken != count:
            raise PeFailure(
                "an assertion of the PE failed (see the standard output)"
                if taken < 0
                else f"{taken} of {count} sums came"
            )
        return sums, modules

    def multiply(self, wide: bool, column: int, a: U16, b0: U16, b1: U16) -> tuple[U32, U32]:
        """Return both products of significands: uint32 [n] each."""
        product0, product1 = np.zeros(len(a), np.uint32), np.zeros(len(a), np.uint32)
        self._library.multiplier_run(
            ctypes.c_int64(len(a)),
            int(wide),
            column,
            *(_pointer(array, np.uint16) for array in (a, b0, b1)),
            *(_pointer(array, np.uint32) for array in (product0, product1)),
        )
        sample_significands(wide, column, a, b0, b1)
        return product0, product1

    def check(self, stimulus: Stimulus) -> U32:
        """Require the PE's sums to be the modules', and return them.

        Raises
        ------
        PeFailure
            With the first element after which a sum differs.
        """
        sums, modules = self.run(stimulus)
        wrong = np.argwhere(sums != modules)
        if len(wrong):
            at, column = (int(index) for index in wrong[0])
            kind = "FP16" if stimulus.wide[at] else f"{stimulus.fmt.name} with bias {stimulus.bias}"
            got, want = sums[at, column], modules[at, column]
            raise PeFailure(
                f"{len(wrong)} of {sums.size} sums differ, the first one in column {column} after element "
                f"{at} ({kind} 0x{int(stimulus.data[at]):04X} times 0x{int(stimulus.b[at, column]):04X}): "
                f"PE 0x{int(got):08X} ({got.view(np.float32)!s}), "
                f"modules 0x{int(want):08X} ({want.view(np.float32)!s})"
            )
        sample_pe(stimulus.data, stimulus.wide, stimulus.first, stimulus.b, stimulus.fmt, stimulus.bias, sums)
        return sums


def _pointer(array: U8 | U16 | U32 | Bool, dtype: type[np.unsignedinteger]) -> ctypes.c_void_p:
    if array.dtype.itemsize != np.dtype(dtype).itemsize or not array.flags.c_contiguous:
        raise TypeError(f"expected a contiguous array of {np.dtype(dtype)}, got {array.dtype}")
    return ctypes.c_void_p(array.ctypes.data)


@lru_cache
def pe_bench() -> PeBench:
    """Build and load the bench, once a process."""
    build = verilate(
        "pe_bench",
        [*rtl_sources(), *checkers("pe"), PE_TB / "pe_bench.sv"],
        "pe_bench",
        args=["--assert"],
        cxx_sources=[PE_TB / "pe_bench.cpp"],
        kind="lib",
    )
    return PeBench(build.artifact)
