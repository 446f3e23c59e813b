"""What a regression found: one record a replay, what it was built on, gates and coverage (`results.json`).

The regression fills these classes; `reports` writes them out and draws them. In JSON the fields of `RunInfo`
lie at the top level, `coverage` is by kind, and its detail lies beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from golden.geometry import ConvGeometry, Step
from regressions.chip.records import ChipFigures, ChipHardware
from regressions.json_codec import ResultsError, decode, encode
from regressions.triage.records import Triage

SCHEMA = 3
"""Version of `results.json`; raised by one with every change of a field's name, type or meaning."""


class Status(StrEnum):
    """Outcome of a replay: equal in every bit and count, differing, or not finished."""

    PASS = "pass"
    FAIL = "fail"
    ERROR = "error"


class Verdict(StrEnum):
    """Outcome of a whole run."""

    PASS = "pass"
    FAIL = "fail"


@dataclass(frozen=True)
class LayerShape:
    """Geometry of the layer replayed, as captured (`out_channels` before columns are sliced)."""

    batch: int
    in_channels: int
    in_height: int
    in_width: int
    out_channels: int
    kernel: int
    stride: int
    padding: int

    @classmethod
    def of(cls, geometry: ConvGeometry) -> LayerShape:
        """Return the shape of the golden model's `geometry`."""
        return cls(
            geometry.batch,
            geometry.in_channels,
            geometry.in_height,
            geometry.in_width,
            geometry.out_channels,
            geometry.kernel,
            geometry.stride,
            geometry.padding,
        )


@dataclass(frozen=True)
class Energy:
    """First estimate of a replay's energy by component, pJ."""

    multiplier: float
    adder: float
    sram: float
    control: float
    leakage: float
    external: float

    @property
    def on_chip(self) -> float:
        """Everything but external memory, pJ."""
        return self.multiplier + self.adder + self.sram + self.control + self.leakage

    @property
    def total(self) -> float:
        """All components, pJ."""
        return self.on_chip + self.external


@dataclass(frozen=True)
class Counter:
    """One counter of work as the RTL and as the golden model saw it."""

    rtl: int
    model: int


@dataclass(frozen=True)
class Operand:
    """One product of the first mismatch, at position `k` of the reduction.

    `a` and `b` are the decoded values; `a_hex` and `b_hex` the codes as stored (2 digits FP8, 4 FP16).
    """

    k: int
    a_hex: str
    a: float
    b_hex: str
    b: float


@dataclass(frozen=True)
class Mismatch:
    """The first differing element of a replay, in the order of the tensor.

    `index` is its place in the result: ``[image, channel, y, x]`` for FP and BP, ``[out, in, ky, kx]``
    for WG. `row` and `column` are its place in C[M, N]; `tile` and `line` say where to look first, and
    `operands` is the list of that tile and line in the order of addition. Hex digits are the stored bits
    (8 for FP32, 4 for FP16).
    """

    index: list[int]
    row: int
    column: int
    tile: int
    line: int
    operands: list[Operand]
    expected_hex: str
    expected: float
    actual_hex: str
    actual: float
    rerun_waves: str


@dataclass(frozen=True)
class Replay:
    """One layer and step through the RTL.

    What was measured is `None` where a replay in `error` never got so far, and only there. Cycles run from
    start to the last result accepted, operand loads included. `macs_total` is M x N x K of real columns
    (padding and dilation left out), the sum of the three that follow it. `a_zero_fraction` is taken after
    FGMP; `a_fp16_fraction` is the share of the non-zeros. Bytes are each operand and result once, as stored
    and in plain FP16; on a chip, what its pins counted, and what the same jobs move in plain FP16. `stalls`
    are line cycles by cause; `rerun` is the command that runs this replay alone. `chip` holds what only a
    replay on the whole chip has.
    """

    layer: str
    step: Step
    status: Status
    geometry: LayerShape
    seed: int
    rerun: str
    wall_s: float
    elements: int | None = None
    mismatches: int | None = None
    cycles: int | None = None
    model_cycles: int | None = None
    ideal_cycles: float | None = None
    utilization: float | None = None
    model_cycles_balancer_off: int | None = None
    utilization_balancer_off: float | None = None
    a_zero_fraction: float | None = None
    a_fp16_fraction: float | None = None
    macs_total: int | None = None
    macs_fp8: int | None = None
    macs_fp16: int | None = None
    macs_skipped: int | None = None
    dense_fp16_cycles: float | None = None
    speedup_over_dense_fp16: float | None = None
    ema_bytes: int | None = None
    ema_bytes_fp16: int | None = None
    energy_pj: Energy | None = None
    macs_per_second: float | None = None
    stalls: dict[str, int] = field(default_factory=dict)
    counters: dict[str, Counter] = field(default_factory=dict)
    message: str | None = None
    failure: Mismatch | None = None
    chip: ChipFigures | None = None

    @property
    def name(self) -> str:
        """``<layer>-<step>``, the replay's identity in every file."""
        return f"{self.layer}-{self.step}"

    @property
    def unequal_counters(self) -> dict[str, Counter]:
        """Counters in which RTL and golden model differ."""
        return {name: counter for name, counter in self.counters.items() if counter.rtl != counter.model}


@dataclass(frozen=True)
class GitInfo:
    """State of the checkout; `commit` is `None` outside a git checkout."""

    commit: str | None
    dirty: bool


@dataclass(frozen=True)
class BuildInfo:
    """The simulation model: time to build it, whether it came from the cache, hash of its sources."""

    seconds: float
    cached: bool
    model_hash: str


@dataclass(frozen=True)
class TraceInfo:
    """The trace replayed and the training it was captured from; `accuracy` is on the test set, 0 to 1.

    `digest` is that of its geometries, steps and tensors (`Trace.digest`).
    """

    file: str
    data_set: str
    accuracy: float
    batch: int
    image_size: int
    seed: int
    digest: str


@dataclass(frozen=True)
class RunInfo:
    """What a run was built on. `started` is ISO 8601 with its zone; `tools` gives versions by name.

    `policy` chooses FGMP's threshold, `stall_permille` is the chance of a stall in a cycle, for each stream
    or channel. `level` is ``core`` (one sparse core, fed by the testbench) or ``chip``, and `hardware` then
    describes it; `output` is how a chip's results leave if the user asked, else None. `rtl` is the folder of
    the design.
    """

    suite: str
    preset: str
    seed: int
    started: str
    git: GitInfo
    tools: dict[str, str]
    wall_s: float
    build: BuildInfo
    trace: TraceInfo | None
    balancer: bool
    policy: str
    stall_permille: int
    command: str
    rtl: str
    level: str = "core"
    output: str | None = None
    hardware: ChipHardware | None = None
    schema: int = SCHEMA


@dataclass(frozen=True)
class Gate:
    """One condition on the whole run."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True)
class Summary:
    """Counts by status and the verdict.

    `exit_status` is 0 only if every planned replay passed and every gate holds.
    """

    planned: int
    pass_: int
    fail: int
    error: int
    verdict: Verdict
    exit_status: int
    gates: list[Gate]


@dataclass(frozen=True)
class HitTotal:
    """Coverage points hit, of all."""

    hit: int
    total: int


@dataclass(frozen=True)
class MissedPoint:
    """A coverage point that no replay reached."""

    module: str
    file: str
    line: int
    kind: str
    name: str


@dataclass(frozen=True)
class Coverage:
    """Coverage by kind (``line``, ``user``, ``assertion``), by module and kind, and what was missed."""

    kinds: dict[str, HitTotal]
    modules: dict[str, dict[str, HitTotal]]
    missed: list[MissedPoint]


@dataclass(frozen=True)
class Results:
    """All that a regression hands on. Replays stand in the network's order, and FP, BP, WG within a layer.

    `triage` is that of the failures, if there were any and the user wanted it.
    """

    run: RunInfo
    summary: Summary
    replays: list[Replay]
    coverage: Coverage | None
    triage: Triage | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the document of `results.json` as plain values, in the order of the contract."""
        run = encode(self.run)
        head = ("schema", "suite", "preset", "seed", "started", "git", "tools", "wall_s")
        coverage = encode(self.coverage)
        return {
            **{name: run[name] for name in head},
            **{name: value for name, value in run.items() if name not in head},
            "summary": encode(self.summary),
            "replays": encode(self.replays),
            "coverage": coverage["kinds"] if coverage else None,
            "coverage_modules": coverage["modules"] if coverage else None,
            "coverage_missed": coverage["missed"] if coverage else None,
            "triage": encode(self.triage),
        }

    @classmethod
    def from_json(cls, document: object) -> Results:
        """Return the results that `to_json` wrote.

        Raises
        ------
        ResultsError
            If a field is missing, unknown or of the wrong type. What fields mean together is checked by
            `reports.schema.validate`.
        """
        if not isinstance(document, dict):
            raise ResultsError(f"the document: is {type(document).__name__}, must be an object")
        if "schema" in document and document["schema"] != SCHEMA:
            raise ResultsError(
                f"schema: is {document['schema']!r}, this version reads {SCHEMA}; run the regression again"
            )
        rest = dict(document)
        triage = rest.pop("triage", None)  # none in documents of before there was any
        parts: dict[str, object] = {}
        for name in ("summary", "replays", "coverage", "coverage_modules", "coverage_missed"):
            if name not in rest:
                raise ResultsError(f"{name}: missing")
            parts[name] = rest.pop(name)
        return cls(
            run=decode(RunInfo, rest),
            summary=decode(Summary, parts["summary"], "summary"),
            replays=decode(_Replays, {"replays": parts["replays"]}).replays,
            coverage=_coverage_from_json(parts),
            triage=decode(Triage, triage, "triage") if triage is not None else None,
        )


@dataclass(frozen=True)
class _Replays:
    replays: list[Replay]


@dataclass(frozen=True)
class _CoverageFields:
    coverage: dict[str, HitTotal]
    coverage_modules: dict[str, dict[str, HitTotal]]
    coverage_missed: list[MissedPoint]


def _coverage_from_json(parts: dict[str, object]) -> Coverage | None:
    names = ("coverage", "coverage_modules", "coverage_missed")
    if all(parts[name] is None for name in names):
        return None
    flat = decode(_CoverageFields, {name: parts[name] for name in names})
    return Coverage(flat.coverage, flat.coverage_modules, flat.coverage_missed)


def summarise(replays: Sequence[Replay], gates: Iterable[Gate], planned: int) -> Summary:
    """Return counts and verdict of `replays`.

    They pass only if there are as many as were `planned` (an unfinished one stands there in `error`), all of
    them passed, and every gate holds.
    """
    count = {status: sum(replay.status is status for replay in replays) for status in Status}
    gate_list = list(gates)
    good = (
        planned > 0
        and count[Status.PASS] == len(replays) == planned
        and all(gate.passed for gate in gate_list)
    )
    return Summary(
        planned=planned,
        pass_=count[Status.PASS],
        fail=count[Status.FAIL],
        error=count[Status.ERROR],
        verdict=Verdict.PASS if good else Verdict.FAIL,
        exit_status=0 if good else 1,
        gates=gate_list,
    )


def with_coverage(results: Results, coverage: Coverage | None, gate: Gate) -> Results:
    """Return `results` with merged `coverage` and the `gate` that judges it; the verdict follows."""
    gates = [*(other for other in results.summary.gates if other.name != gate.name), gate]
    return replace(
        results, coverage=coverage, summary=summarise(results.replays, gates, results.summary.planned)
    )
