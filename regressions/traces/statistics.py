"""Statistics of a whole FP16 tensor, kept beside its slices: FGMP's threshold is a property of the whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.fgmp import Histogram, exponent_histogram

MAGNITUDE = 0x7FFF
"""The bits of an FP16 number without its sign."""

INFINITY = 0x7C00
"""The bits of positive infinity; NaNs have a larger magnitude."""


@dataclass(frozen=True, eq=False)
class TensorStatistics:
    """What is known of a whole tensor, also where only a slice of it is stored.

    Attributes
    ----------
    histogram : int64[40]
        Finite non-zeros by floor(log2|x|), from -24 to 15: `golden.fgmp.exponent_histogram`.
    zeros : int
        Zeros of either sign.
    non_finite : int
        Infinities and NaNs.
    """

    histogram: Histogram
    zeros: int
    non_finite: int

    @classmethod
    def of(cls, bits: NDArray[np.uint16]) -> TensorStatistics:
        """Count a tensor of FP16 bits (uint16, any shape)."""
        magnitude = bits & MAGNITUDE
        return cls(
            histogram=exponent_histogram(bits),
            zeros=int(np.count_nonzero(magnitude == 0)),
            non_finite=int(np.count_nonzero(magnitude >= INFINITY)),
        )

    @property
    def elements(self) -> int:
        """Elements of the tensor."""
        return int(self.histogram.sum()) + self.zeros + self.non_finite

    @property
    def zero_fraction(self) -> float:
        """Share of zeros among all elements."""
        return self.zeros / self.elements
