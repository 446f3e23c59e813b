"""Loss scaling: the factor that lifts δ into FP16's range, and what happens when it overflows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

FIRST_DYNAMIC = 65536.0
"""Dynamic scaling begins here, and finds its way down."""
_GROWTH_INTERVAL = 200
_LARGEST = 2.0**24
_SMALLEST = 2.0**-14


@dataclass
class LossScale:
    """A factor on the loss, fixed or dynamic.

    An iteration whose gradients are not all finite changes no weight. A dynamic scale is then halved; it
    doubles after 200 good iterations in a row.

    Attributes
    ----------
    value : float
    dynamic : bool
    good : int
        Good iterations since the value last changed.
    """

    value: float
    dynamic: bool
    good: int = 0

    def unscale(self, gradients: Sequence[Tensor]) -> bool:
        """Divide gradients by the scale, in place; tell whether all are finite."""
        # One non-finite element makes the norm so; finite ones of FP16's range cannot.
        norm = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(g) for g in gradients]))
        if not math.isfinite(norm.item()):
            return False
        for gradient in gradients:
            gradient.mul_(1.0 / self.value)
        return True

    def update(self, finite: bool) -> None:
        """Learn how an iteration went."""
        if not self.dynamic:
            return
        self.good = self.good + 1 if finite else 0
        if not finite:
            self.value = max(self.value / 2, _SMALLEST)
        elif self.good == _GROWTH_INTERVAL:
            self.value = min(self.value * 2, _LARGEST)
            self.good = 0
