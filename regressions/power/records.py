"""What the power study found (`power.json`): tiles under both estimates, constants, ratios, points."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from golden.geometry import Step
from regressions.results import GitInfo, TraceInfo

SCHEMA = 2
"""Version of `power.json`; raised by one with every change of a field's name, type or meaning."""
LIMIT = 0.15
"""Error of a predicted ratio, of the measured one, that passes."""

Joules = dict[str, float]
"""pJ by component, precision, level or memory."""


class Role(StrEnum):
    """What a tile is for: finding the constants of the event model, or testing it."""

    CALIBRATION = "calibration"
    VALIDATION = "validation"


class Variant(StrEnum):
    """How a tile's operand A is made from the captured one.

    FGMP: as the chip encodes it. FP8, FP16: every non-zero of it in that group, by threshold (FP8's is the
    least that leaves none in FP16). DENSE: zeros replaced by other elements of the same tile; SPARSE: that
    with nine elements in ten set to zero.
    """

    FGMP = "fgmp"
    FP8 = "fp8"
    FP16 = "fp16"
    DENSE = "dense"
    SPARSE = "sparse"


@dataclass(frozen=True)
class TileResult:
    """A tile under both estimates; energies in pJ at the library's voltage and process, memories left out.

    Attributes
    ----------
    layer : str
    step : Step
    variant : Variant
    role : Role
    cycles, macs : int
        MACs computed, skipped ones left out.
    zeros, fp16 : float
        Share of zeros in A (after FGMP), and of FP16 among the non-zeros.
    events : dict of str to float
    gates : Joules
        By component, from toggles of gates.
    levels : Joules
        The same by PE, line and core.
    leakage : float
        Of the gates, at the operating points' highest clock.
    model : Joules
        By component, from events.
    model_multiplier : Joules
        The multiplier's part of it by precision. (Gates do both, so `gates` of a tile of both has the sum.)
    by_wire : dict of str to float
        All of `gates` under other assumptions on wires.
    bits_compared : int
        Output bits of the gates compared with the RTL's: all are equal.
    """

    layer: str
    step: Step
    variant: Variant
    role: Role
    cycles: int
    macs: int
    zeros: float
    fp16: float
    events: dict[str, float]
    gates: Joules
    levels: Joules
    leakage: float
    model: Joules
    model_multiplier: Joules
    by_wire: Joules
    bits_compared: int

    @property
    def name(self) -> str:
        """Layer, step and variant."""
        return f"{self.layer}-{self.step} {self.variant}"

    @property
    def measured(self) -> float:
        """Energy of the gates, pJ."""
        return sum(self.gates.values())

    @property
    def predicted(self) -> float:
        """Energy by the event model, pJ."""
        return sum(self.model.values())


@dataclass(frozen=True)
class Ratio:
    """A ratio of two tiles' energies, measured and predicted.

    Attributes
    ----------
    what : str
        ``FP8 to FP16 energy a MAC``, or ``sparse to dense energy``.
    over, under : str
        Variants of the tile.
    pe : float
        The measured ratio within the PEs alone.
    """

    what: str
    layer: str
    step: Step
    role: Role
    over: Variant
    under: Variant
    measured: float
    predicted: float
    pe: float

    @property
    def error(self) -> float:
        """Predicted over measured, less one."""
        return self.predicted / self.measured - 1


@dataclass(frozen=True)
class Constant:
    """A calibrated energy: pJ an event, at the library's voltage and process."""

    component: str
    event: str
    picojoule: float


@dataclass(frozen=True)
class PointResult:
    """A tile at an operating point by the event model, in pJ, brought to the process of the published table.

    `multiplier` is a part of `logic`, by precision. `watts` is of one core without external memory;
    `chip_watts` of as many as `lnpu` has, if the core is its.
    """

    layer: str
    step: Step
    variant: Variant
    voltage: float
    megahertz: float
    logic: Joules
    multiplier: Joules
    sram: Joules
    leakage: float
    external: float
    watts: float
    chip_watts: float | None


@dataclass(frozen=True)
class GatesInfo:
    """What was mapped, and to what.

    Attributes
    ----------
    library, file : str
        Name of the Liberty library, its file.
    digest : str
        SHA-256 of the file, in hexadecimal.
    voltage, temperature : float
    cells, modules, clock_gates : int
        Cells of the flat design; distinct modules that were mapped.
    area : float
        In the library's unit; clock gates and memories left out.
    mapping_s : float
        Wall time of the mapping, when it was made.
    wire : float
        Capacitance of a net's wire over that of its pins. Assumed.
    """

    library: str
    file: str
    digest: str
    voltage: float
    temperature: float
    cells: int
    modules: int
    clock_gates: int
    area: float
    mapping_s: float
    wire: float


@dataclass(frozen=True)
class PowerRun:
    """What the study was made from."""

    seed: int
    started: str
    git: GitInfo
    tools: dict[str, str]
    wall_s: float
    command: str
    trace: TraceInfo
    preset: str
    policy: str


@dataclass(frozen=True)
class PowerStudy:
    """The whole study.

    Attributes
    ----------
    node_scale : float
        Calibrated: from the library's process and voltage to the published table's.
    worst : float
        Greatest error of a ratio on tiles that the constants were not found on; `passed` if within `limit`.
    """

    schema: int
    run: PowerRun
    gates: GatesInfo
    constants: list[Constant]
    node_scale: float
    tiles: list[TileResult]
    ratios: list[Ratio]
    points: list[PointResult]
    limit: float
    worst: float
    passed: bool
