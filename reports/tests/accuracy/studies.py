"""Made-up studies for tests of the report."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from golden.seeds import derive_seed
from regressions.accuracy.compare import compare, summarise
from regressions.accuracy.formats import DEFAULTS, parse_formats
from regressions.accuracy.records import (
    SCHEMA,
    TENSORS,
    AccuracyRun,
    AccuracyStudy,
    Ending,
    FormatInfo,
    RunResult,
    SharePoint,
    TestPoint,
    TraceMoment,
    TraceTensor,
)
from regressions.accuracy.verdict import judge
from regressions.results import GitInfo

ITERATIONS, PER_EPOCH, TEST_IMAGES = 360, 60, 359
LAYERS = ("stem", "layer1.0.conv1", "layer4.0.downsample", "fc")
SEEDS = (1, 2, 3)


def result(name: str, seed: int, target: float | None, mode: str, diverged: bool) -> RunResult:
    """Return a run whose loss falls and whose accuracy rises."""
    rng = np.random.default_rng(derive_seed(f"accuracy study {name}", seed))
    done = ITERATIONS // 2 if diverged else ITERATIONS
    losses = [0.5 + 2 / (1 + at / 15) + 0.1 * float(rng.random()) for at in range(done)]
    tests = [
        TestPoint(at, round(TEST_IMAGES * (1 - 60 / (60 + at) ** 1.4) - rng.integers(3)) / TEST_IMAGES)
        for at in range(PER_EPOCH, done + 1, PER_EPOCH)
    ]
    shares = [
        SharePoint(at, tensor, 10_000, 8_000, round(8_000 * (target or 0.1) * (0.7 + 0.1 * place)))
        for at in (1, *range(10, done + 1, 10))
        for place, tensor in enumerate(TENSORS)
    ]
    return RunResult(
        format=name,
        seed=seed,
        ending=Ending.DIVERGED if diverged else Ending.FINISHED,
        message=f"the loss is nan in iteration {done + 1}" if diverged else None,
        accuracy=None if diverged else tests[-1].accuracy,
        loss=None if diverged else float(np.mean(losses[-PER_EPOCH:])),
        losses=losses,
        tests=tests,
        shares=[] if mode in ("fp32", "fp16") else shares,
        skipped=0,
        seconds=25.0,
    )


def moment(updates: int, seed: int = 1) -> TraceMoment:
    """Return a trace of four layers whose δ becomes smaller."""
    tensors = [
        TraceTensor(layer, tensor, 4000, 4000 - 1800 * (tensor == "X"), threshold, 2000, place, 300 + place)
        for place, layer in enumerate(LAYERS)
        for tensor, threshold in (("X", 1), ("W", -3 - place), ("delta", 2 - updates // 60))
    ]
    return TraceMoment(
        f"build/traces/after-{updates}/full.safetensors",
        "resnet18",
        "digits",
        seed,
        updates // PER_EPOCH + 1,
        updates % PER_EPOCH + 1,
        updates,
        ITERATIONS,
        2.0 - updates / 400,
        0.1 + updates / 450,
        None,
        tensors,
    )


def study(
    names: Sequence[str] = DEFAULTS,
    seeds: Sequence[int] = SEEDS,
    diverged: tuple[str, int] | None = None,
    traces: Sequence[TraceMoment] = (),
    trained: bool = True,
) -> AccuracyStudy:
    """Return a study; `diverged` is the run, by format and seed, that diverged."""
    formats = parse_formats(list(names))
    results = [
        result(one.name, seed, one.target, one.mode, (one.name, seed) == diverged)
        for one in formats
        for seed in seeds
        if trained
    ]
    listed = [one.name for one in formats]
    comparisons = compare(listed, results) if trained else []
    return AccuracyStudy(
        schema=SCHEMA,
        run=AccuracyRun(
            started="2025-01-31T02:15:00+00:00",
            git=GitInfo("0123456789abcdef0123456789abcdef01234567", False),
            tools={"numpy": "2.0", "python": "3.12"},
            wall_s=712.5,
            command="./run accuracy",
            settings={
                "dataset": "digits",
                "model": "resnet18",
                "width": "16",
                "batch": "16",
                "epochs": "6",
                "optimizer": "sgd",
                "learning_rate": "0.05",
                "loss_scale": "1024.0",
            },
            key="ab" * 32,
            train_images=1438,
            test_images=TEST_IMAGES,
            weights=701_466,
            iterations=ITERATIONS,
            seeds=list(seeds),
            policy="share=0.2",
        ),
        verdict=judge(listed, results, [], comparisons),
        formats=[FormatInfo(one.name, one.mode, one.policy, one.target, one.label) for one in formats],
        results=results,
        missing=[],
        summaries=summarise(listed, results) if trained else [],
        comparisons=comparisons,
        traces=list(traces),
    )
