"""Crosses of a layer's training step: geometry, tails of tiles, how evenly lines are loaded."""

from __future__ import annotations

import numpy as np

from golden.geometry import MAX_KERNEL, MAX_STRIDE, ConvGeometry, Step
from golden.lowering import Lowering
from tb.coverage.bins import Cross, Illegal, collecting
from tb.coverage.crosses.balancing import IMBALANCE, imbalance_class

STEPS = tuple(step.value for step in Step)
INTER_STEPS = (Step.FP.value, Step.BP.value)
_SWITCH = ("balancer off", "balancer on")

KERNELS = tuple(f"{size}x{size}" for size in range(1, MAX_KERNEL + 1))
STRIDES = tuple(f"stride {size}" for size in range(1, MAX_STRIDE + 1))
PADDINGS = ("no padding", "less than the kernel", "the kernel or more")
GEOMETRY_AXES = {"step": STEPS, "kernel": KERNELS, "stride": STRIDES, "padding": PADDINGS}
GEOMETRY_RULES = [
    Illegal(
        "less than one, and not 0: there is no such padding", kernel="1x1", padding="less than the kernel"
    )
]

TAILS = ("whole", "one over", "one short", "other")
"""What a dimension leaves beyond whole tiles: nothing, one, all but one."""
TAIL_AXES = {"step": STEPS} | {name: tuple(f"{name} {tail}" for tail in TAILS) for name in "MNK"}


def geometry_classes(geometry: ConvGeometry) -> tuple[int, int, int]:
    """Classes of kernel, stride and padding."""
    padding = 0 if geometry.padding == 0 else 1 + (geometry.padding >= geometry.kernel)
    return geometry.kernel - 1, geometry.stride - 1, padding


def tail_class(count: int, tile: int) -> int:
    """Class of what `count` leaves beyond whole tiles, by `TAILS`; 1 is 1, also of a tile of two."""
    rest = count % tile
    return rest if rest <= 1 else 2 if rest == tile - 1 else 3


def _k_tile(lowering: Lowering) -> tuple[int, int]:
    """K and the tile that it is cut by: channels and their group, or pixels and the rows of B."""
    preset = lowering.preset
    if lowering.step is Step.WG:
        return lowering.depth, preset.rows
    chunk = min(lowering.geometry.taps, preset.rows)
    return lowering.a_shape[1], preset.lines * (preset.rows // chunk)


class LayerCrosses:
    """The crosses of the steps that one bench runs.

    Parameters
    ----------
    name : str
        The bench, and where its names begin.
    two_lines : bool
        Whether all its cores have two lines.
    """

    def __init__(self, name: str, two_lines: bool = False) -> None:
        self._geometry = Cross(f"{name}.geometry", GEOMETRY_AXES, GEOMETRY_RULES)
        self._tails = Cross(f"{name}.tails", TAIL_AXES)
        self._imbalance = Cross(
            f"{name}.imbalance",
            {"step": INTER_STEPS, "balancer": _SWITCH, "imbalance": IMBALANCE},
            [Illegal("of two lines none has more than twice the mean", imbalance="above 2")] * two_lines,
        )

    def sample(self, lowering: Lowering, columns: int) -> None:
        """Sample a step's shape: `columns` of B are taken."""
        if not collecting():
            return
        step = STEPS.index(lowering.step.value)
        self._geometry.sample(step, *geometry_classes(lowering.geometry))
        preset = lowering.preset
        m = tail_class(lowering.rows, preset.psum_rows)
        self._tails.sample(step, m, tail_class(columns, preset.columns), tail_class(*_k_tile(lowering)))
        for tile in lowering.k_tiles:
            if tile.first_tap == 0:
                loads = np.array([int(lowering.costs[held].sum()) for held in tile.line_channels])
                self._imbalance.sample(step, int(lowering.balancer), imbalance_class(loads))


CORE = LayerCrosses("core")
CHIP = LayerCrosses("chip", two_lines=True)

CORE_PRESETS = ("tiny", "core")
_CORE_LINES = Cross(
    "core.lines",
    {"preset": CORE_PRESETS, "step": INTER_STEPS, "lines": ("one", "some", "all")},
    [Illegal("it has two lines", preset="tiny", lines="some")],
)


def sample_core_lines(lowering: Lowering) -> None:
    """Sample how many lines of a core of `CORE_PRESETS` have channels of a tile."""
    if not collecting() or lowering.step is Step.WG or lowering.preset.name not in CORE_PRESETS:
        return
    preset, step = lowering.preset, STEPS.index(lowering.step.value)
    for tile in lowering.k_tiles:
        busy = sum(len(held) > 0 for held in tile.line_channels)
        which = 2 if busy == preset.lines else int(busy > 1)
        _CORE_LINES.sample(CORE_PRESETS.index(preset.name), step, which)
