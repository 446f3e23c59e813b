"""What the accuracy study found (`accuracy.json`): runs, formats, comparisons, traces of a training."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from regressions.results import GitInfo

SCHEMA = 2
"""Version of `accuracy.json`; raised by one with every change of a field's name, type or meaning."""

TENSORS = ("X", "W", "delta")


class Ending(StrEnum):
    """How a run ended: after all its iterations, or because its numbers were no longer finite."""

    FINISHED = "finished"
    DIVERGED = "diverged"


class Metric(StrEnum):
    """What is compared: accuracy on the test images at the end, mean training loss of the last epoch."""

    ACCURACY = "accuracy"
    LOSS = "loss"


class Place(StrEnum):
    """Where a format's mean lies beside the reference's runs."""

    BELOW = "below"
    WITHIN = "within"
    ABOVE = "above"


class Outcome(StrEnum):
    """What came of the study for the chip's own format; none: it cannot be judged."""

    PASS = "pass"
    FAIL = "fail"
    NONE = "none"


@dataclass(frozen=True)
class Verdict:
    """An outcome, and in a line of what and why."""

    outcome: Outcome
    reason: str


@dataclass(frozen=True)
class TestPoint:
    """Accuracy (0 to 1) on the test images after so many iterations."""

    iteration: int
    accuracy: float


@dataclass(frozen=True)
class SharePoint:
    """What FGMP made of a tensor (``X``, ``W`` or ``delta``) of all layers together in one iteration.

    `elements` of which `nonzeros` are not zero after FGMP, `fp16` of these in FP16.
    """

    iteration: int
    tensor: str
    elements: int
    nonzeros: int
    fp16: int


@dataclass(frozen=True)
class FormatInfo:
    """A format of the study: its name, precision, threshold policy, share of FP16 aimed at, name in words."""

    name: str
    mode: str
    policy: str | None
    target: float | None
    label: str


@dataclass(frozen=True)
class RunResult:
    """One training.

    Attributes
    ----------
    format : str
    seed : int
    ending : Ending
    message : str or None
        Why a run diverged, with the iteration.
    accuracy : float or None
        On the test images at the end; None if the run diverged.
    loss : float or None
        Training loss, mean over the last epoch; None if the run diverged.
    losses : list of float
        Of each iteration.
    tests : list of TestPoint
        At each epoch's end.
    shares : list of SharePoint
        Every tenth iteration; empty for formats without FP8.
    skipped : int
        Iterations that changed no weight because a gradient was not finite.
    seconds : float
        Time in iterations, tests not counted.
    """

    format: str
    seed: int
    ending: Ending
    message: str | None
    accuracy: float | None
    loss: float | None
    losses: list[float]
    tests: list[TestPoint]
    shares: list[SharePoint]
    skipped: int
    seconds: float


@dataclass(frozen=True)
class FormatSummary:
    """A metric over the finished runs of a format; all None if there are none.

    `deviation` is the standard deviation (n - 1); None of one run.
    """

    format: str
    metric: Metric
    finished: int
    diverged: int
    mean: float | None
    deviation: float | None
    least: float | None
    most: float | None


@dataclass(frozen=True)
class Comparison:
    """A format against the reference, over the seeds with which both came to their end.

    Attributes
    ----------
    format : str
    metric : Metric
    seeds : list of int
    difference : float or None
        Mean of format minus reference; None without a pair.
    deviation, low, high, p : float or None
        Standard deviation of the differences, interval of confidence (95 %) of their mean, two-sided paired
        t-test; None of one pair, the last three also if all pairs differ alike.
    p_signs : float or None
        Exact sign-flip test of the pairs; None without a pair.
    p_adjusted : float or None
        `p`, adjusted to all comparisons of this metric (Holm).
    place : Place or None
        Where the format's mean lies beside the reference's least and most run of these seeds; None if a run
        of the format diverged, or there are fewer than two pairs.
    """

    format: str
    metric: Metric
    seeds: list[int]
    difference: float | None
    deviation: float | None
    low: float | None
    high: float | None
    p: float | None
    p_signs: float | None
    p_adjusted: float | None
    place: Place | None


@dataclass(frozen=True)
class TraceTensor:
    """A tensor of a layer in one trace, before and after FGMP.

    Attributes
    ----------
    layer, tensor : str
    elements, nonzeros : int
        Of the whole captured tensor, in FP16.
    e_thr : int
        Threshold exponent, by the whole tensor.
    counted, flushed, fp16 : int
        Non-zeros of what the trace holds (a sample holds a part), those of them that FGMP makes zero, and
        those in FP16.
    """

    layer: str
    tensor: str
    elements: int
    nonzeros: int
    e_thr: int
    counted: int
    flushed: int
    fp16: int

    @property
    def density(self) -> float:
        """Share of non-zeros in FP16."""
        return self.nonzeros / self.elements

    @property
    def flushed_share(self) -> float:
        """Share of the non-zeros that become zero."""
        return self.flushed / self.counted if self.counted else 0.0

    @property
    def fp16_share(self) -> float:
        """Share of FP16 in what is left of the non-zeros."""
        left = self.counted - self.flushed
        return self.fp16 / left if left else 0.0

    @property
    def fp8_share(self) -> float:
        """Share of FP8 in what is left of the non-zeros."""
        left = self.counted - self.flushed
        return 1 - self.fp16 / left if left else 0.0


@dataclass(frozen=True)
class TraceMoment:
    """A trace, and when in its training it was captured.

    `updates` of `total_updates` went before; None in traces that do not say. `columns` of each step are
    what a sample holds; None: all.
    """

    file: str
    network: str
    data_set: str
    seed: int
    epoch: int
    iteration: int
    updates: int | None
    total_updates: int | None
    loss: float
    accuracy: float
    columns: int | None
    tensors: list[TraceTensor]


@dataclass(frozen=True)
class AccuracyRun:
    """What the study was made from.

    Attributes
    ----------
    started : str
        ISO 8601 with its zone.
    wall_s : float
        Time of this call, in which some of the runs were trained.
    settings : dict of str to str
        What all runs have in common.
    key : str
        Hash of settings, PyTorch's version and the code that decides the bits; runs of another are not taken.
    train_images, test_images, weights, iterations : int
        Of each run; 0 if there is none.
    policy : str
        Threshold policy that the traces were encoded with.
    """

    started: str
    git: GitInfo
    tools: dict[str, str]
    wall_s: float
    command: str
    settings: dict[str, str]
    key: str
    train_images: int
    test_images: int
    weights: int
    iterations: int
    seeds: list[int]
    policy: str


@dataclass(frozen=True)
class AccuracyStudy:
    """The whole study; `missing` are runs, by name, that were asked for and are not there."""

    schema: int
    run: AccuracyRun
    verdict: Verdict
    formats: list[FormatInfo]
    results: list[RunResult]
    missing: list[str]
    summaries: list[FormatSummary]
    comparisons: list[Comparison]
    traces: list[TraceMoment]

    def of(self, name: str) -> list[RunResult]:
        """Return the runs of a format, by seed."""
        return [one for one in self.results if one.format == name]
