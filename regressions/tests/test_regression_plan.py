"""What is planned: the layers and steps asked for; what cannot run keeps its place with the reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from golden.geometry import Step
from golden.native import NativeError
from golden.program import ProgramError
from golden.schedule import replay_cycles
from golden.streams import CoreStreams
from regressions import plan as plan_module
from regressions.option_error import OptionError
from regressions.plan import Planned, choose, longest_first, plan
from regressions.results import LayerShape
from regressions.tests.small_run import REPLAYS, options, write_small_trace
from regressions.tests.small_trace import Tensors, rewrite
from regressions.traces import Trace


def planned(trace: Path, *words: str) -> list[Planned]:
    """Plan as a regression does."""
    given = options(trace.parent, trace, *words)
    opened = Trace.open(given.trace, verify=False)
    return plan(opened, choose(opened, given), given.settings)


def test_all_in_the_networks_order(tmp_path: Path) -> None:
    found = planned(write_small_trace(tmp_path))
    assert tuple(one.name for one in found) == REPLAYS
    assert all(one.cycles > 0 and one.problem is None for one in found)
    ordered = longest_first(found)
    assert [one.cycles for one in ordered] == sorted((one.cycles for one in found), reverse=True)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["--layers", "fc", "stem"], ["stem-FP", "stem-WG", "fc-FP", "fc-BP", "fc-WG"]),
        (["--layers", "*c*", "fc", "--steps", "bp"], ["block.conv-BP", "fc-BP"]),
        (["--steps", "BP"], ["block.conv-BP", "fc-BP"]),
    ],
)
def test_a_choice(tmp_path: Path, words: list[str], names: list[str]) -> None:
    assert [one.name for one in planned(write_small_trace(tmp_path), *words)] == names


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--layers", "fd"], "--layers fd: no such layer in the trace, choose from fc"),
        (["--layers", "fc", "b*x"], "--layers b*x: no such layer in the trace, choose from "),
        (["--layers", "stem", "--steps", "BP"], "--steps BP: nothing to replay, stem has no such step"),
    ],
)
def test_a_choice_of_nothing(tmp_path: Path, words: list[str], message: str) -> None:
    with pytest.raises(OptionError) as caught:
        planned(write_small_trace(tmp_path), *words)
    assert message in str(caught.value)


def test_a_damaged_layer_keeps_its_place(tmp_path: Path) -> None:
    path = write_small_trace(tmp_path)

    def flip(header: dict[str, Any], tensors: Tensors) -> None:
        tensors["block.conv/w"].view(np.uint16)[0] ^= 1

    rewrite(path, flip)
    found = {one.name: one for one in planned(path)}
    assert tuple(found) == REPLAYS
    for name, one in found.items():
        if name.startswith("block.conv"):
            assert one.problem is not None
            assert one.problem.startswith(f"trace {path}: block.conv/w: does not match its SHA-256")
            assert "Remedy: " in one.problem
            assert one.shape.in_channels == 5
        else:
            assert one.problem is None


def test_a_replay_that_does_not_fit_the_hardware_keeps_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse_bp(streams: CoreStreams, columns: int) -> int:
        if streams.lowering.step is Step.BP:
            raise ProgramError("a window of 99 words does not fit the A ring of 64")
        return replay_cycles(streams, columns)

    monkeypatch.setattr(plan_module, "replay_cycles", refuse_bp)
    found = planned(write_small_trace(tmp_path))
    assert tuple(one.name for one in found) == REPLAYS
    for one in found:
        expected = "a window of 99 words does not fit the A ring of 64" if one.step is Step.BP else None
        assert (one.problem, one.cycles > 0) == (expected, expected is None)


def test_a_defect_of_the_model_is_told_with_its_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> int:
        raise IndexError("off by one")

    monkeypatch.setattr(plan_module, "replay_cycles", fail)
    (one,) = planned(write_small_trace(tmp_path), "--layers", "fc", "--steps", "FP")
    assert one.problem is not None
    assert one.problem.startswith("defect of the regression itself: IndexError: off by one\nTraceback")


def test_a_golden_model_that_does_not_compile_ends_the_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> int:
        raise NativeError("no compiler")

    monkeypatch.setattr(plan_module, "replay_cycles", fail)
    with pytest.raises(NativeError, match="no compiler"):
        planned(write_small_trace(tmp_path))


def test_equally_long_replays_keep_their_order() -> None:
    shape = LayerShape(1, 1, 1, 1, 1, 1, 1, 0)
    ones = [Planned(name, Step.FP, shape, cycles) for name, cycles in (("a", 5), ("b", 7), ("c", 5))]
    assert [one.layer for one in longest_first(ones)] == ["b", "a", "c"]
