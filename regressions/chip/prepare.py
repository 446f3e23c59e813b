"""A replay as the chip takes it: memory image, what golden makes of it, and the exact result beside."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.chip.compile import compile_layer
from golden.chip.encoding import LINE_BYTES, Cause, OutputMode
from golden.chip.interpreter import ChipRun, interpret
from golden.chip.layer import CompiledLayer
from golden.chip.memory_image import MemoryImage
from golden.chip.output import Output
from golden.chip.results import LayerResult, read_layer
from golden.exact import exact_product
from golden.fgmp import DEFAULT_FORMATS, FgmpTensor, SharePolicy, ThresholdPolicy, encode, exponent_histogram
from golden.formats import U8, U16, Fp8Format, bias_of, fp32_to_fp16
from golden.geometry import Step
from golden.lowering import result_tensor
from golden.presets import Preset
from regressions.operands import find_policy
from tb.core.replay import Replay, ReplayInput

Bits = npt.NDArray[Any]

RESULT_FORMATS = {
    Step.FP: DEFAULT_FORMATS["X"],
    Step.BP: DEFAULT_FORMATS["delta"],
    Step.WG: DEFAULT_FORMATS["W"],
}
"""FP8 format of each step's results: Y is the next layer's X, dX the one before's δ."""
IMAGE_LIMIT_BYTES = 4 << 30
LARGEST_DENOMINATOR = 255


class GoldenError(RuntimeError):
    """The golden models contradict one another; the RTL has no part in it."""


@dataclass(frozen=True)
class ChipReplay:
    """One training step compiled for the chip.

    Parameters
    ----------
    source : ReplayInput
    mode : OutputMode
    policy : str
        FGMP threshold policy, as `regressions.operands.find_policy` takes it; it also chooses the threshold
        of FGMP results, from the results themselves (software would take the last iteration's).
    """

    source: ReplayInput
    mode: OutputMode
    policy: str

    @cached_property
    def replay(self) -> Replay:
        """Encoded operands, lowering and exact product."""
        return Replay(self.source)

    @property
    def preset(self) -> Preset:
        """The chip."""
        return self.replay.lowering.preset

    @cached_property
    def exact(self) -> npt.NDArray[np.uint32]:
        """FP32 bits of the exact result, in the result's shape."""
        return result_tensor(self.replay.lowering, self.replay.expected)

    @cached_property
    def output(self) -> Output:
        """What is asked of the chip."""
        fmt, policy = RESULT_FORMATS[self.source.step], find_policy(self.policy)
        if self.mode is not OutputMode.FGMP:
            return Output(self.mode, fmt, share=_share(policy))
        e_thr = policy.choose(exponent_histogram(self._fp16), None)
        return Output(self.mode, fmt, bias_of(fmt, e_thr), share=_share(policy))

    @cached_property
    def _fp16(self) -> U16:
        return fp32_to_fp16(self.exact)

    @cached_property
    def expected(self) -> Bits:
        """Bits that must come back: uint32 (FP32) or uint16 (FP16; FGMP decoded), in the result's shape."""
        if self.mode is OutputMode.FP32:
            return self.exact
        if self.mode is OutputMode.FP16:
            return self._fp16
        return self.stored.decoded

    @cached_property
    def stored(self) -> FgmpTensor:
        """The exact result, FGMP-encoded."""
        fmt = Fp8Format(self.output.fmt)
        e_thr = bias_of(fmt, 0) - self.output.bias
        return encode(self._fp16, fmt, e_thr)

    @cached_property
    def image(self) -> MemoryImage:
        """Memory before the run; made with `layer`."""
        return self._compiled[0]

    @cached_property
    def layer(self) -> CompiledLayer:
        """Descriptors and jobs."""
        return self._compiled[1]

    @cached_property
    def _compiled(self) -> tuple[MemoryImage, CompiledLayer]:
        image = MemoryImage(IMAGE_LIMIT_BYTES)
        layer = compile_layer(
            image,
            self.source.geometry,
            self.source.step,
            self.preset,
            self.replay.a,
            self.replay.b_encoded,
            self.output,
            columns=self.source.columns,
            balancer=self.source.balancer,
        )
        return image, layer

    @property
    def line(self) -> int:
        """Line of the first descriptor."""
        return self.layer.descriptors[0].line

    @cached_property
    def golden(self) -> tuple[U8, ChipRun]:
        """Memory after the run by the golden chip model, and what that model counts.

        Raises
        ------
        GoldenError
            If the model stops with an error.
        """
        memory = np.array(self.image.data)
        run = interpret(memory, self.line, self.preset)
        if run.cause is not Cause.NONE:
            raise GoldenError(
                f"{self.layer.name}: the golden chip model stopped with cause {run.cause.name} at job "
                f"{run.error_job}: {run.message}"
            )
        return memory, run

    @cached_property
    def golden_result(self) -> LayerResult:
        """What the golden chip model leaves.

        Raises
        ------
        GoldenError
            If its bits are not those of the exact result.
        """
        result = read_layer(self.golden[0], self.layer)
        wrong = int((result.tensor != self.expected).sum())
        if wrong:
            raise GoldenError(
                f"{self.layer.name}: the golden chip model differs from the exact result in {wrong} of "
                f"{self.expected.size} elements"
            )
        return result

    @property
    def ring_lines(self) -> int:
        """Lines of A and B that enter the cores' feeders."""
        jobs = [job.job for one in self.layer.descriptors for job in one.jobs]
        return sum(job.a.lines + job.b.lines for job in jobs)

    def region_at(self, byte: int) -> str:
        """Say what lies at a byte of memory."""
        return self.image.region_at(byte // LINE_BYTES)


def planned_result_bytes(replay: ChipReplay) -> tuple[int, ...]:
    """Bytes of results of each descriptor, from the exact results: those of `golden_result` without a run."""
    width, sizes = replay.preset.columns, []
    for one in replay.layer.descriptors:
        if replay.mode is not OutputMode.FGMP:
            sizes.append(sum(job.job.output.bytes for job in one.jobs))
            continue
        real = one.descriptor.columns
        fill = _fill_bits(replay) if real < width else 0
        groups = sorted({job.first_column for job in one.jobs})
        sizes.append(sum(_stored_rows(replay.stored, first, real, width, fill) for first in groups))
    return tuple(sizes)


def _fill_bits(replay: ChipReplay) -> Any:
    """Whether a column that only fills up a core's is not zero: NaN, where A is not finite."""
    lowering = replay.replay.lowering
    zeros = np.zeros((lowering.depth, 1), np.uint16)
    return result_tensor(lowering, exact_product(lowering, replay.replay.a, zeros)) != 0


def _stored_rows(tensor: FgmpTensor, first: int, real: int, width: int, fill: Any) -> int:
    """Bytes of a group of columns, a block for each row of the product."""
    part = slice(first, first + real)
    filled = np.count_nonzero(fill, axis=1) * (width - real) if real < width else 0
    counts = np.count_nonzero(tensor.nonzero[:, part], axis=1) + filled
    wide = np.count_nonzero(tensor.is_fp16[:, part], axis=1) + filled
    masks = counts.size * -(-width // 8)
    return int(masks + (-(-counts // 8)).sum() + counts.sum() + wide.sum())


def _share(policy: ThresholdPolicy) -> tuple[int, int]:
    """Share of FP16 that the chip's own policy allows, in numbers that its descriptor holds."""
    target = policy.target if isinstance(policy, SharePolicy) else SharePolicy().target
    share = Fraction(str(target)).limit_denominator(LARGEST_DENOMINATOR)
    return share.numerator, share.denominator
