"""Tiles of real layers: a window of a captured layer that the gates can run, and its variants."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from golden.fgmp import SharePolicy, encode, exponent_histogram
from golden.formats import E_THR_MAX, E_THR_MIN, U16
from golden.geometry import Step
from golden.presets import Preset
from golden.seeds import derive_seed
from regressions.operands import ReplaySettings, replay_input, replay_name
from regressions.option_error import OptionError
from regressions.power.records import Role, Variant
from regressions.traces import Trace
from regressions.triage import reduce
from tb.core.replay import ReplayInput

MAGNITUDE = 0x7FFF
SPARSE_DENSITY = 0.1
CHANNELS_A_LINE = 8
"""Channels of a tile of FP and BP, for each line; of WG, whose rows are in-channels, a quarter of that."""
NONE_ABOVE = SharePolicy(0)
"""No element lies in a binade above FP8's last; some may lie above the last FP8 code of that binade."""


@dataclass(frozen=True)
class TileChoice:
    """A layer's step that a tile is cut from."""

    layer: str
    step: Step
    role: Role

    @property
    def name(self) -> str:
        """Name of its replay."""
        return replay_name(self.layer, self.step)


def parse_tile(text: str, role: Role) -> TileChoice:
    """Read ``LAYER-STEP``; raise `OptionError` if it is none."""
    layer, _, step = text.rpartition("-")
    try:
        return TileChoice(layer, Step(step), role)
    except ValueError:
        raise OptionError(f"tile '{text}': give LAYER-STEP, STEP being one of {', '.join(Step)}") from None


def cut(
    trace: Trace, choice: TileChoice, preset: Preset, settings: ReplaySettings, pixels: int
) -> ReplayInput:
    """Cut a tile from the middle of a layer: columns of one core, some channels, one image's window.

    Parameters
    ----------
    pixels : int
        Width and height of the window of the output, at most the layer's.

    Raises
    ------
    regressions.traces.TraceError, OptionError
        If the trace has no such layer, or the layer no such step.
    """
    if choice.step not in trace.steps(choice.layer):
        raise OptionError(f"tile {choice.name}: training computes no {choice.step} at this layer")
    source = reduce.own_columns(replay_input(trace.load(choice.layer), choice.step, settings))
    source = reduce.keep_columns(source, range(min(preset.columns, len(source.columns))))
    channels = preset.lines * CHANNELS_A_LINE // (4 if choice.step is Step.WG else 1)
    source = reduce.keep_channels(source, range(min(channels, source.a.shape[1])))
    images = -(-pixels * pixels // (source.geometry.out_height * source.geometry.out_width))
    source = reduce.keep_images(source, range(min(images, source.a.shape[0])))
    for axis in (2, 3):
        size = reduce.output_size(source, axis)
        first = max(0, (size - pixels) // 2)
        source = reduce.crop(source, axis, first, min(size, first + pixels)) or source
    return source


def variant(source: ReplayInput, kind: Variant, seed: int) -> ReplayInput:
    """Return a tile with its operand A made as `kind` says.

    Raises
    ------
    OptionError
        If A cannot be made so: it has no non-zero, or elements that no FP8 code stands for.
    """
    if kind is Variant.FP8:
        return replace(source, a_e_thr=_all_fp8(source))
    if kind is Variant.FP16:
        return replace(source, a_e_thr=E_THR_MIN)
    if kind is Variant.FGMP:
        return source
    dense = _filled(source.a, np.random.default_rng(derive_seed("power dense", seed)))
    if kind is Variant.DENSE:
        return replace(source, a=dense)
    rng = np.random.default_rng(derive_seed("power sparse", seed))
    return replace(source, a=np.where(rng.random(dense.shape) < SPARSE_DENSITY, dense, np.uint16(0)))


def _all_fp8(source: ReplayInput) -> int:
    """Return the least threshold with which FP8 holds every element of A."""
    least = NONE_ABOVE.choose(exponent_histogram(source.a))
    for e_thr in range(least, min(least + 1, E_THR_MAX) + 1):
        if not encode(source.a, source.a_fmt, e_thr).fp16_count:
            return e_thr
    raise OptionError(
        f"tile {replay_name(source.geometry.name, source.step)}: its operand A has elements that no FP8 code "
        "stands for: choose another tile"
    )


def _filled(bits: U16, rng: np.random.Generator) -> U16:
    """Replace zeros by non-zeros of the same tensor, drawn at random."""
    zero = (bits & MAGNITUDE) == 0
    values = bits[~zero]
    if not len(values):
        raise OptionError("a tile's operand A has no non-zero: choose another tile")
    filled = bits.copy()
    filled[zero] = rng.choice(values, int(zero.sum()))
    return filled
