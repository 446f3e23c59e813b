"""One replay on one core: operands to streams, launches of the device, and the comparison with golden."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from golden.exact import exact_product
from golden.fgmp import FgmpTensor, channel_costs, encode
from golden.formats import U16, U32, Fp8Format
from golden.geometry import ConvGeometry, Step
from golden.hardware_counters import CORE_COUNTERS
from golden.lowering import Ints, Lowering, b_matrix
from golden.presets import find_preset
from golden.streams import CoreStreams
from tb.core.device import LaunchInputs, LaunchResult


class ReplayInputError(ValueError):
    """A replay's file does not hold what it must."""


@dataclass(frozen=True)
class ReplayInput:
    """A layer's training step and its captured operands.

    Attributes
    ----------
    a : uint16, NCHW
        FP16 bits of X (FP, WG) or δ (BP).
    b : uint16
        FP16 bits of W (FP ``[N, C, k, k]``, BP ``[O, N, k, k]``) or δ (WG, NCHW).
    columns : int64 [n]
        Columns replayed, as indices into B's N axis.
    a_fmt, b_fmt : Fp8Format
    a_e_thr, b_e_thr : int
        Threshold exponents.
    preset : str
    balancer : bool
    stall_permille : int
        Chance of a stall on each stream in each cycle, in thousandths.
    seed : int
        Seed of the stalls.
    """

    geometry: ConvGeometry
    step: Step
    a: U16
    b: U16
    columns: Ints
    a_fmt: Fp8Format
    b_fmt: Fp8Format
    a_e_thr: int
    b_e_thr: int
    preset: str
    balancer: bool = True
    stall_permille: int = 0
    seed: int = 1

    def save(self, path: Path) -> None:
        """Write everything to one ``.npz``."""
        scalars = {
            "geometry": asdict(self.geometry),
            "step": self.step.value,
            "a_fmt": int(self.a_fmt),
            "b_fmt": int(self.b_fmt),
            "a_e_thr": self.a_e_thr,
            "b_e_thr": self.b_e_thr,
            "preset": self.preset,
            "balancer": self.balancer,
            "stall_permille": self.stall_permille,
            "seed": self.seed,
        }
        buffer = io.BytesIO()
        np.savez(buffer, a=self.a, b=self.b, columns=self.columns, scalars=np.array(json.dumps(scalars)))
        path.write_bytes(buffer.getvalue())

    @staticmethod
    def load(path: Path) -> ReplayInput:
        """Read what `save` wrote; raise `ReplayInputError` naming the file if it is not that."""
        try:
            with np.load(path) as file:
                scalars = json.loads(str(file["scalars"]))
                a, b, columns = file["a"], file["b"], file["columns"]
        except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise ReplayInputError(f"{path} is not a replay's input: {error}") from error
        return ReplayInput(
            ConvGeometry(**scalars.pop("geometry")),
            Step(scalars.pop("step")),
            a,
            b,
            columns,
            Fp8Format(scalars.pop("a_fmt")),
            Fp8Format(scalars.pop("b_fmt")),
            **scalars,
        )


@dataclass(frozen=True)
class Replay:
    """A replay ready to launch: lowering, encoded operands, streams."""

    source: ReplayInput

    @cached_property
    def a(self) -> FgmpTensor:
        """A, encoded once from FP16."""
        return encode(self.source.a, self.source.a_fmt, self.source.a_e_thr)

    @cached_property
    def b_encoded(self) -> FgmpTensor:
        """B, encoded once from FP16."""
        return encode(self.source.b, self.source.b_fmt, self.source.b_e_thr)

    @cached_property
    def lowering(self) -> Lowering:
        """The step laid out for the preset's core."""
        source = self.source
        return Lowering(
            source.geometry, source.step, find_preset(source.preset), channel_costs(self.a), source.balancer
        )

    @cached_property
    def streams(self) -> CoreStreams:
        """What the core is fed."""
        return CoreStreams(self.lowering, self.a)

    @cached_property
    def b(self) -> U16:
        """B's rows by K index, decoded: uint16 [K, N]."""
        return b_matrix(self.source.step, self.b_encoded.decoded, self.source.columns)

    @cached_property
    def expected(self) -> U32:
        """The exact product: uint32 [M, N]."""
        return exact_product(self.lowering, self.a, self.b)

    def launches(self, limit: int) -> Iterator[LaunchInputs]:
        """Launches in turn: one for each tile of columns."""
        source, streams = self.source, self.streams
        starts, _ = streams.result_rows()
        width = self.lowering.preset.columns
        for first in range(0, self.b.shape[1], width):
            b = self.b[:, first : first + width]
            yield LaunchInputs(
                streams.commands,
                streams.a_beats,
                streams.b_rows(b),
                streams.costs,
                streams.lines,
                starts,
                self.lowering.rows,
                b.shape[1],
                int(source.a_fmt),
                self.a.bias,
                source.balancer,
                source.stall_permille,
                source.seed + first,
                limit,
            )

    def collect(self, launches: list[LaunchResult]) -> ReplayOutcome:
        """Join the launches' results."""
        _, rows = self.streams.result_rows()
        product = np.zeros((self.lowering.rows, self.b.shape[1]), np.uint32)
        width = self.lowering.preset.columns
        for index, launch in enumerate(launches):
            first = index * width
            columns = min(width, product.shape[1] - first)
            product[rows, first : first + columns] = launch.results[:, :columns]
        counters = {name: sum(launch.counters[name] for launch in launches) for name in CORE_COUNTERS}
        problem = next((launch.problem for launch in launches if launch.problem), None)
        cycles = sum(launch.cycles for launch in launches)
        return ReplayOutcome(product, cycles, counters, problem, any(launch.hung for launch in launches))


@dataclass(frozen=True)
class ReplayOutcome:
    """What the device made of a replay: product uint32 [M, N], cycles, counters, and what went wrong.

    `hung`: a launch was given up, so the replay did not finish.
    """

    product: U32
    cycles: int
    counters: dict[str, int]
    problem: str | None
    hung: bool = False

    def save(self, path: Path, simulated_s: float) -> None:
        """Write everything, and the wall time of the launches, to one ``.npz``."""
        scalars = {
            "cycles": self.cycles,
            "counters": self.counters,
            "problem": self.problem,
            "hung": self.hung,
            "simulated_s": simulated_s,
        }
        buffer = io.BytesIO()
        np.savez(buffer, product=self.product, scalars=np.array(json.dumps(scalars)))
        path.write_bytes(buffer.getvalue())

    @staticmethod
    def load(path: Path) -> tuple[ReplayOutcome, float]:
        """Read what `save` wrote: the outcome, and the wall time of the launches in seconds."""
        try:
            with np.load(path) as file:
                product, scalars = file["product"], json.loads(str(file["scalars"]))
        except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise ReplayInputError(f"{path} is not a replay's outcome: {error}") from error
        simulated_s = scalars.pop("simulated_s")
        return ReplayOutcome(product, **scalars), simulated_s

    def mismatches(self, expected: U32) -> npt.NDArray[np.bool_]:
        """Where a bit differs: bool [M, N]."""
        differs: npt.NDArray[np.bool_] = self.product != expected
        return differs
