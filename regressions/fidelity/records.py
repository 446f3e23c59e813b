"""What the fidelity study found (`fidelity.json`): replays on the RTL, and experiments with networks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from golden.geometry import Step
from regressions.results import GitInfo, TraceInfo

SCHEMA = 2
"""Version of `fidelity.json`; raised by one with every change of a field's name, type or meaning."""
EXPERIMENT_SCHEMA = 1
"""The same of an experiment's result, which is a document of its own and lies in `fidelity.json` too."""
OPERATIONS = 2
"""Operations a MAC: a multiplication and an addition. Skipped MACs count, as in the literature."""


class Mix(StrEnum):
    """Precision of a sweep's non-zeros: as FGMP divides them, all FP8, all FP16."""

    FGMP = "FGMP"
    FP8 = "FP8"
    FP16 = "FP16"


class Machine(StrEnum):
    """How a replay uses the core.

    As it is; with its load balancer off; with all elements in FP16; the same without any zero to skip.
    """

    FGMP = "FGMP"
    NO_BALANCER = "no balancer"
    SPARSE_FP16 = "sparse FP16"
    DENSE_FP16 = "dense FP16"


class Experiment(StrEnum):
    """Something that trains networks: several networks, one with and without batch-norm, a larger batch."""

    NETWORKS = "networks"
    NO_BATCH_NORM = "no-batch-norm"
    BATCH = "batch"


@dataclass(frozen=True)
class PointEnergy:
    """Energy of a replay at an operating point by the event model, pJ; external memory is not in it.

    `logic` by component (`golden.power.components`), `sram` by kind of memory.
    """

    voltage: float
    megahertz: float
    logic: dict[str, float]
    sram: dict[str, float]
    leakage: float

    @property
    def total(self) -> float:
        """All of it."""
        return sum(self.logic.values()) + sum(self.sram.values()) + self.leakage


@dataclass(frozen=True)
class Run:
    """A replay on the RTL of one core, whose every bit and counter of work was golden's.

    Attributes
    ----------
    cycles : int
        From start to the last result.
    macs_total, macs_fp8, macs_fp16, macs_skipped : int
    results : int
        Results compared.
    zeros : float
        Share of zeros in operand A, after FGMP.
    fp16 : float
        Share of FP16 in its non-zeros.
    energy : list of PointEnergy
        One for each operating point.
    """

    cycles: int
    macs_total: int
    macs_fp8: int
    macs_fp16: int
    macs_skipped: int
    results: int
    zeros: float
    fp16: float
    energy: list[PointEnergy]

    def efficiency(self, point: int) -> float:
        """TFLOPS/W at an operating point, all MACs counted: operations a pJ."""
        return OPERATIONS * self.macs_total / self.energy[point].total

    def flops(self, point: int) -> float:
        """Operations a second at an operating point, all MACs counted."""
        return OPERATIONS * self.macs_total / self.cycles * self.energy[point].megahertz * 1e6

    def watts(self, point: int) -> float:
        """Mean power of the core at an operating point."""
        energy = self.energy[point]
        return energy.total * 1e-12 / (self.cycles / (energy.megahertz * 1e6))


@dataclass(frozen=True)
class SweepPoint:
    """The tile with a share `asked` of its operand A set to zero."""

    mix: Mix
    asked: float
    run: Run


@dataclass(frozen=True)
class Fall:
    """Two neighbours of a sweep of which the sparser one is not the more efficient."""

    mix: Mix
    voltage: float
    megahertz: float
    sparsity: float
    before: float
    after: float


@dataclass(frozen=True)
class LayerRun:
    """A layer's step on the core, used as `machine` says.

    `weight` brings what the trace holds of it to one image and all columns.
    """

    layer: str
    step: Step
    machine: Machine
    weight: float
    run: Run


@dataclass(frozen=True)
class TensorMeasure:
    """A captured tensor: zeros in FP16 and after FGMP, and FP16 in what is left.

    Attributes
    ----------
    elements, zeros : int
    flushed, fp16 : int
        Non-zeros that FGMP makes zero, and those that it leaves in FP16.
    fp16_below : int
        Those that it would leave in FP16 with a threshold exponent lower by one.
    """

    elements: int
    zeros: int
    flushed: int
    fp16: int
    fp16_below: int


@dataclass(frozen=True)
class StepMacs:
    """MACs of a layer's step, all columns, and those of them with a zero of operand A after FGMP."""

    step: Step
    total: int
    skipped: int


@dataclass(frozen=True)
class LayerMeasure:
    """A layer of a captured network: tensors X, W, delta by name, and its steps."""

    layer: str
    tensors: dict[str, TensorMeasure]
    macs: list[StepMacs]


@dataclass(frozen=True)
class Traffic:
    """Bytes over external memory of a tensor in a step, plain FP16 and as the chip stores it."""

    step: Step
    tensor: str
    plain: int
    stored: int


@dataclass(frozen=True)
class Network:
    """A network that was trained and captured, and what was measured in its trace.

    Attributes
    ----------
    name : str
    command : str
        What captured it.
    trace : TraceInfo
    updates : int or None
        Updates of the weights before the captured iteration.
    torch : str
    layers : list of LayerMeasure
    traffic : list of Traffic
        Of all layers together.
    """

    name: str
    command: str
    trace: TraceInfo
    updates: int | None
    torch: str
    layers: list[LayerMeasure]
    traffic: list[Traffic]

    def zeros(self, tensor: str) -> float:
        """Share of zeros in a tensor of all layers, FP16."""
        found = [one.tensors[tensor] for one in self.layers]
        return sum(one.zeros for one in found) / sum(one.elements for one in found)

    def skipped(self, steps: Iterable[Step] = tuple(Step)) -> float:
        """Share of MACs with a zero input."""
        chosen = [one for layer in self.layers for one in layer.macs if one.step in set(steps)]
        return sum(one.skipped for one in chosen) / sum(one.total for one in chosen)


@dataclass(frozen=True)
class Measured:
    """What an experiment found; `wall_s` includes the training of the networks that were not there yet."""

    schema: int
    experiment: Experiment
    started: str
    git: GitInfo
    wall_s: float
    command: str
    policy: str
    networks: list[Network]


@dataclass(frozen=True)
class FidelityRun:
    """What the study was made from.

    Attributes
    ----------
    started : str
        ISO 8601 with its zone.
    tile : str
        Layer and step of the sweep.
    calibration : str
        Cell library of the event model's constants.
    layer_steps : int
        Layers' steps that the trace has, whether they were asked for or not.
    """

    seed: int
    started: str
    git: GitInfo
    tools: dict[str, str]
    wall_s: float
    command: str
    trace: TraceInfo
    preset: str
    policy: str
    tile: str
    calibration: str
    layer_steps: int


@dataclass(frozen=True)
class FidelityStudy:
    """The whole study.

    Attributes
    ----------
    sweep : list of SweepPoint
    falls : list of Fall
        Empty if efficiency rises with sparsity everywhere.
    layers : list of LayerRun
    experiments : list of Measured
        Those that are kept, whenever they were made.
    passed : bool
        Whether there is no fall.
    """

    schema: int
    run: FidelityRun
    sweep: list[SweepPoint]
    falls: list[Fall]
    layers: list[LayerRun]
    experiments: list[Measured]
    passed: bool

    def experiment(self, which: Experiment) -> Measured | None:
        """Return what is known of an experiment."""
        return next((one for one in self.experiments if one.experiment is which), None)
