"""The dump's contract at the sizes of each preset, without simulator: golden model against free checker."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from golden.fgmp import DEFAULT_FORMATS, SharePolicy
from golden.geometry import ConvGeometry, Step
from golden.seeds import derive_seed
from regressions.dump import write_dump
from regressions.operands import TENSORS
from regressions.tests.dump_checker import recompute
from regressions.tests.small_trace import random_bits
from regressions.traces import TensorStatistics
from tb.core.replay import Replay, ReplayInput, ReplayOutcome

LAYERS = {
    "3x3": ConvGeometry("3x3", 2, 40, 6, 5, 20, kernel=3, stride=1, padding=1),
    "3x3-stride2": ConvGeometry("3x3-stride2", 2, 37, 7, 8, 35, kernel=3, stride=2, padding=1),
    "1x1-stride2": ConvGeometry("1x1-stride2", 3, 300, 4, 4, 33, kernel=1, stride=2, padding=0),
    "7x7": ConvGeometry("7x7", 1, 3, 14, 13, 18, kernel=7, stride=2, padding=3),
    "5x5": ConvGeometry("5x5", 2, 9, 6, 6, 9, kernel=5, stride=1, padding=0),
    "fc": ConvGeometry("fc", 5, 310, 1, 1, 10, kernel=1, stride=1, padding=0),
}


def make_replay(geometry: ConvGeometry, step: Step, balancer: bool, preset: str) -> Replay:
    """Random operands, with a choice of columns that is neither all nor the first ones."""
    rng = np.random.default_rng(derive_seed(f"{geometry.name} {step} {balancer} {preset}", 1))
    shapes = {"X": geometry.x_shape, "W": geometry.w_shape, "delta": geometry.delta_shape}
    names = TENSORS[step]
    a, b = (random_bits(rng, shapes[name]) for name in names)
    a_e_thr, b_e_thr = (SharePolicy().choose(TensorStatistics.of(bits).histogram) for bits in (a, b))
    axis = 0 if step is Step.FP else 1
    columns = np.sort(rng.choice(b.shape[axis], size=max(1, b.shape[axis] * 2 // 3), replace=False))
    a_fmt, b_fmt = (DEFAULT_FORMATS[name] for name in names)
    return Replay(
        ReplayInput(geometry, step, a, b, columns, a_fmt, b_fmt, a_e_thr, b_e_thr, preset, balancer)
    )


@pytest.mark.parametrize("preset", ["core", "tiny"])
@pytest.mark.parametrize("balancer", [True, False], ids=["balanced", "unbalanced"])
@pytest.mark.parametrize("step", list(Step))
@pytest.mark.parametrize("layer", LAYERS)
def test_golden_results_can_be_recomputed(
    tmp_path: Path, layer: str, step: Step, balancer: bool, preset: str
) -> None:
    replay = make_replay(LAYERS[layer], step, balancer, preset)
    write_dump(tmp_path / "one.npz", replay, ReplayOutcome(replay.expected, 1, {}, None))
    with np.load(tmp_path / "one.npz") as file:
        dump = dict(file)
    assert {name: int(dump[name]) for name in ("kernel", "stride", "padding")} == {
        name: value
        for name, value in asdict(LAYERS[layer]).items()
        if name in ("kernel", "stride", "padding")
    }
    assert np.array_equal(recompute(dump, step.value), dump["result"])
    if layer == "3x3":
        assert np.isnan(dump["result"].view(np.float32)).any(), "infinities meet zeros and each other"


def test_a_dump_is_complete_or_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replay = make_replay(LAYERS["fc"], Step.FP, True, "core")
    outcome = ReplayOutcome(replay.expected, 1, {}, None)

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_dump(tmp_path / "one.npz", replay, outcome)
    assert not (tmp_path / "one.npz").exists()
