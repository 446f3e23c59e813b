"""Layers compiled for the chip, as tests run them: operands by density, memory before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.chip.compile import compile_layer
from golden.chip.interpreter import ChipRun, interpret
from golden.chip.layer import CompiledLayer
from golden.chip.memory_image import MemoryImage
from golden.fgmp import encode
from golden.geometry import ConvGeometry, Step
from golden.presets import Preset
from tb.core.layers import Operands, make_source

_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class ChipCase:
    """A layer's step in memory.

    Attributes
    ----------
    before, after : uint8 [bytes]
        Memory as the compiler left it, and as the golden model says it is after the run.
    expected : ChipRun
        What else the golden model says.
    """

    layer: CompiledLayer
    before: npt.NDArray[np.uint8]
    after: npt.NDArray[np.uint8]
    expected: ChipRun

    @property
    def line(self) -> int:
        """Line of the first descriptor."""
        return self.layer.descriptors[0].line


def make_case(
    rng: np.random.Generator,
    geometry: ConvGeometry,
    step: Step,
    preset: Preset,
    operands: Operands | None = None,
    options: Mapping[str, Any] = _NONE,
) -> ChipCase:
    """Compile a step with random operands; `options` go to `golden.chip.compile.compile_layer`."""
    source = make_source(rng, geometry, step, operands or Operands(), preset=preset.name)
    a = encode(source.a, source.a_fmt, source.a_e_thr)
    b = encode(source.b, source.b_fmt, source.b_e_thr)
    image = MemoryImage()
    layer = compile_layer(image, geometry, step, preset, a, b, **options)
    before = np.array(image.data)
    after = before.copy()
    expected = interpret(after, layer.descriptors[0].line, preset)
    return ChipCase(layer, before, after, expected)


def require_equal(case: ChipCase, memory: npt.NDArray[np.uint8]) -> None:
    """Raise `AssertionError` with the first byte of the memory that is not golden's."""
    require_memory(case.layer.name, case.before, case.after, memory)


def require_memory(
    name: str,
    before: npt.NDArray[np.uint8],
    after: npt.NDArray[np.uint8],
    memory: npt.NDArray[np.uint8],
) -> None:
    """Raise `AssertionError` with the first byte of `memory` that is not as in `after`."""
    wrong = np.flatnonzero(memory != after)
    if len(wrong):
        at = int(wrong[0])
        raise AssertionError(
            f"{name}: {len(wrong)} bytes of memory differ, the first one at byte {at} (line "
            f"{at // 64}): RTL {memory[at]:02X}, golden {after[at]:02X}, before {before[at]:02X}"
        )
