"""A whole iteration on the chip: its options, the trace it asks for, going on where it was interrupted."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from golden.geometry import Step
from regressions import iteration as iteration_module
from regressions import run as run_module
from regressions.chip import replay as replay_module
from regressions.execute import execute
from regressions.iteration import capture_words, default_trace, parse_iteration
from regressions.kept import KEPT_SETS, content_key
from regressions.option_error import OptionError
from regressions.options import Options, parse, rerun_command
from regressions.order import RECORD, Order
from regressions.results import Results, Status
from regressions.run import run
from regressions.tests.fake_chip import FakeChip, count_more
from regressions.tests.small_run import REPLAYS, write_small_trace
from regressions.tests.small_trace import RUN, random_layers
from regressions.traces import write_trace
from tb.toolchain import BuildResult

INTERRUPTED = "interrupted before it ended"


class Suite:
    """Stands in for the processes of a run: replays here, at most `limit` of them, on a fake chip."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.limit = len(REPLAYS)
        self.ran: list[str] = []
        self.model = "chip_tiny-1"
        self.folder = folder
        monkeypatch.setattr(run_module, "run_suite", self.run_suite)
        monkeypatch.setattr(run_module, "build_chip", self.build)
        monkeypatch.setattr(replay_module, "run_chip", FakeChip())

    def build(self, *_: object, **__: object) -> BuildResult:
        """Return a build that nobody made."""
        return BuildResult(self.folder / self.model, self.folder / "none", cached=True)

    def run_suite(self, orders: Sequence[tuple[Order, int]], folder: Path, jobs: int) -> str:
        """Run the first replays."""
        self.ran = [order.name for order, _ in orders][: self.limit]
        for order, _ in orders[: self.limit]:
            execute(order)
        return INTERRUPTED


@pytest.fixture
def suite(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Suite:
    """Replace simulator and processes."""
    return Suite(monkeypatch, tmp_path)


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """Write the small trace."""
    return write_small_trace(tmp_path)


def small(folder: Path, trace: Path, *more: str) -> Options:
    """Return the options of an iteration of the small trace."""
    places = ["--out", str(folder / "out"), "--runs", str(folder / "runs")]
    return parse_iteration(["--trace", str(trace), "--preset", "tiny", "--jobs", "1", *places, *more])


def write_other_trace(folder: Path) -> Path:
    """Write a trace of the same layers with other values to the same place."""
    path = folder / "small.safetensors"
    write_trace(path, RUN, random_layers(np.random.default_rng(2)))
    return path


def statuses(results: Results) -> dict[str, Status]:
    """Return the status of each replay."""
    return {one.name: one.status for one in results.replays}


# --- Going on ---------------------------------------------------------------------------------------


def test_an_interrupted_iteration_goes_on(suite: Suite, tmp_path: Path, trace: Path) -> None:
    suite.limit = 3
    first = run(small(tmp_path, trace)).results
    finished = suite.ran
    assert len(finished) == 3
    assert {name for name, status in statuses(first).items() if status is Status.PASS} == set(finished)
    assert {one.message for one in first.replays if one.status is Status.ERROR} == {INTERRUPTED}
    assert first.summary.exit_status == 1
    suite.limit = len(REPLAYS)
    second = run(small(tmp_path, trace)).results
    assert set(suite.ran) == set(REPLAYS) - set(finished)
    assert statuses(second) == dict.fromkeys(REPLAYS, Status.PASS)
    assert second.summary.exit_status == 0
    suite.ran = []
    third = run(small(tmp_path, trace)).results
    assert suite.ran == []
    assert third.replays == second.replays
    assert third.summary.exit_status == 0


def test_the_longest_replays_start_first(suite: Suite, tmp_path: Path, trace: Path) -> None:
    run(small(tmp_path, trace))
    assert suite.ran[0].startswith("block.conv")
    assert set(suite.ran[-3:]) == {"fc-FP", "fc-BP", "fc-WG"}


def test_starting_over(suite: Suite, tmp_path: Path, trace: Path) -> None:
    run(small(tmp_path, trace))
    run(small(tmp_path, trace, "--fresh"))
    assert set(suite.ran) == set(REPLAYS)


@pytest.mark.parametrize("what", ["options", "model", "trace", "damaged", "failed"])
def test_what_has_changed_runs_again(
    suite: Suite, tmp_path: Path, trace: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kept record counts only for the very same trace, model and options, and only if it is sound."""
    if what == "failed":
        monkeypatch.setattr(replay_module, "run_chip", FakeChip(count_more("jobs")))
    outcome = run(small(tmp_path, trace))
    if what == "failed":
        assert set(statuses(outcome.results).values()) == {Status.FAIL}
        monkeypatch.setattr(replay_module, "run_chip", FakeChip())
    suite.ran, words, expected = [], [], set(REPLAYS)
    if what == "options":
        words = ["--memory-bytes", "16"]
    if what == "model":
        suite.model = "chip_tiny-2"
    if what == "trace":
        trace = write_other_trace(tmp_path)
    if what == "damaged":
        record = next((tmp_path / "runs" / "iteration").glob(f"*/fc-WG/{RECORD}"))
        record.write_text(record.read_text(encoding="utf-8")[:-9], encoding="utf-8")
        expected = {"fc-WG"}
    results = run(small(tmp_path, trace, *words)).results
    assert set(suite.ran) == expected
    assert set(statuses(results).values()) == {Status.PASS}


def test_the_key_follows_from_the_traces_content(
    suite: Suite, tmp_path: Path, trace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys: set[str] = set()

    def remember(orders: Sequence[tuple[Order, int]], folder: Path, jobs: int) -> str:
        keys.update(content_key(order) for order, _ in orders)
        moved = tmp_path / "moved.safetensors"
        moved.write_bytes(orders[0][0].trace.read_bytes())
        keys.update(content_key(replace(order, trace=moved)) for order, _ in orders)
        moved.write_bytes(b"other")
        assert content_key(replace(orders[0][0], trace=moved)) not in keys
        return INTERRUPTED

    monkeypatch.setattr(run_module, "run_suite", remember)
    run(small(tmp_path, trace))
    assert len(keys) == 1


def test_old_sets_are_deleted(suite: Suite, tmp_path: Path, trace: Path) -> None:
    suite.limit = 1
    for number in range(KEPT_SETS + 2):
        suite.model = f"chip_tiny-{number}"
        run(small(tmp_path, trace, "--layers", "fc", "--steps", "BP"))
    assert len(list((tmp_path / "runs" / "iteration").glob("*/used"))) == KEPT_SETS
    assert len(suite.ran) == 1


# --- Options ----------------------------------------------------------------------------------------


def test_defaults_are_the_whole_chip_on_a_wide_memory() -> None:
    given = parse_iteration([])
    assert (given.settings.preset, given.level, given.suite) == ("lnpu", "chip", "iteration")
    assert given.settings.chip is not None
    assert given.settings.chip.memory_bytes == 64
    assert (given.layers, given.steps, given.coverage) == ((), tuple(Step), False)
    assert given.trace == default_trace(32)
    assert given.keep is not None
    assert parse_iteration(["--image-size", "224"]).trace == default_trace(224)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--jobs", "0"], "--jobs 0: give 1 or more"),
        (["--image-size", "16"], "--image-size 16: give 32 to 512"),
        (["--stalls", "1000"], "--stalls 1000: give 0 to 999"),
        (["--slow-core", "12:2"], "--slow-core 12:2: preset lnpu has cores 0 to 11"),
    ],
    ids=shlex.join,
)
def test_values_out_of_place(words: list[str], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        parse_iteration(words)


def test_a_replay_of_an_iteration_reruns_alone(tmp_path: Path) -> None:
    given = parse_iteration(["--trace", str(tmp_path / "t.safetensors"), "--memory-bytes", "16"])
    command = rerun_command(given, "fc", Step.BP)
    again = parse(shlex.split(command)[2:])
    assert (again.settings, again.trace) == (given.settings, given.trace)
    assert again.coverage


def test_the_trace_is_captured_only_if_it_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(iteration_module, "REPO_ROOT", tmp_path)
    words = capture_words([])
    assert words[:4] == ["--record-batch", "1", "--image-size", "32"]
    assert Path(words[5]) / "full.safetensors" == default_trace(32)
    assert "--epochs" in capture_words(["--image-size", "224"])
    assert capture_words(["--trace", "mine.safetensors"]) == []
    default_trace(32).parent.mkdir(parents=True)
    default_trace(32).write_bytes(b"")
    assert capture_words(["--memory-bytes", "16"]) == []
    assert json.loads(json.dumps(words)) == words
