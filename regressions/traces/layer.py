"""One layer of a trace in memory: its tensors, and the operands of each training step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.geometry import ConvGeometry, Step
from regressions.traces.schema import expected_shapes
from regressions.traces.statistics import TensorStatistics

Bits = NDArray[np.uint16]


@dataclass(frozen=True, eq=False)
class LayerTrace:
    """The captured tensors of one layer, as FP16 bits.

    Attributes
    ----------
    geometry : ConvGeometry
        The layer, with the batch that is held here.
    steps : tuple of Step
        Steps that training computes; a layer that reads the images has no BP.
    x, delta : uint16 NCHW
        Layer input, and gradient at the layer's output under the loss scale; all channels of both.
    w : uint16 OIHW, or None
        The whole weights (full traces).
    w_fp, w_bp : uint16 OIHW, or None
        The first output channels and the first input channels of the weights (samples).
    columns : int, or None
        Columns that a sample keeps; None in a full trace.
    statistics : mapping from "x", "w", "delta"
        Statistics of the whole captured tensors, also where a slice is held.

    Raises
    ------
    ValueError
        If a tensor is missing, is one too many, or has another dtype or shape than `geometry` says.
    """

    geometry: ConvGeometry
    steps: tuple[Step, ...]
    x: Bits
    delta: Bits
    statistics: Mapping[str, TensorStatistics]
    w: Bits | None = None
    w_fp: Bits | None = None
    w_bp: Bits | None = None
    columns: int | None = None

    def __post_init__(self) -> None:
        expected = expected_shapes(self.geometry, self.columns)
        held = self.tensors
        if held.keys() != expected.keys():
            raise ValueError(f"layer {self.name}: holds {sorted(held)}, must hold {sorted(expected)}")
        for tensor, bits in held.items():
            if bits.dtype != np.uint16 or bits.shape != expected[tensor]:
                raise ValueError(
                    f"layer {self.name}: {tensor} is {bits.dtype}{list(bits.shape)}, "
                    f"must be uint16{list(expected[tensor])}"
                )

    @property
    def name(self) -> str:
        """Name of the layer."""
        return self.geometry.name

    @property
    def tensors(self) -> dict[str, Bits]:
        """The tensors that are held, by name."""
        named = {"x": self.x, "w": self.w, "w_fp": self.w_fp, "w_bp": self.w_bp, "delta": self.delta}
        return {name: bits for name, bits in named.items() if bits is not None}

    def operands(self, step: Step) -> tuple[Bits, Bits, NDArray[np.int64]]:
        """Return what `step` multiplies: A, B, and the columns to compute.

        Returns
        -------
        a : uint16 NCHW
            X for FP and WG, δ for BP.
        b : uint16
            W (OIHW) for FP and BP, δ (NCHW, whole) for WG. In a sample, W holds just the kept columns.
        columns : int64[N]
            Ascending indices into B's column axis: axis 0 of W for FP, axis 1 of W for BP, axis 1 of
            δ for WG.

        Raises
        ------
        ValueError
            If training does not compute `step` at this layer.
        """
        if step not in self.steps:
            raise ValueError(f"layer {self.name} has no {step} step, only {', '.join(self.steps)}")
        if step is Step.WG:
            kept = self.geometry.out_channels if self.columns is None else self.columns
            return self.x, self.delta, np.arange(min(kept, self.geometry.out_channels), dtype=np.int64)
        sliced, axis, a = (self.w_fp, 0, self.x) if step is Step.FP else (self.w_bp, 1, self.delta)
        b = self.w if self.w is not None else sliced
        assert b is not None  # __post_init__ has seen to it
        return a, b, np.arange(b.shape[axis], dtype=np.int64)

    def operand_statistics(self, step: Step) -> tuple[TensorStatistics, TensorStatistics]:
        """Return the whole-tensor statistics of A and of B in `step`."""
        a, b = {Step.FP: ("x", "w"), Step.BP: ("delta", "w"), Step.WG: ("x", "delta")}[step]
        return self.statistics[a], self.statistics[b]
