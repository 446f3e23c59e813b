"""Whole regressions of a small trace on preset tiny: repeatable, and robust against what breaks.

The runs share one build, and many tests share one run: they are a group, so that one worker has them all.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from golden.exact import exact_product
from golden.geometry import Step
from golden.presets import find_preset
from golden.schedule import predicted_counters
from regressions import execute as execute_module
from regressions import run as run_module
from regressions.execute import execute
from regressions.options import rerun_command
from regressions.order import COVERAGE, WAVES, Order
from regressions.problems import WriteError
from regressions.results import LayerShape, Replay, Results, Status
from regressions.run import Outcome, run
from regressions.tests.dump_checker import recompute
from regressions.tests.small_run import REPLAYS, options, scripted, write_small_trace
from regressions.traces import Trace
from tb.cocotb_simulation import LOG
from tb.core.build import build_cocotb
from tb.toolchain import BuildResult

pytestmark = pytest.mark.xdist_group("small regressions")

CIRCUMSTANCES = {
    "wall_s",
    "macs_per_second",
    "rerun",
    "rerun_waves",
    "started",
    "command",
    "build",
    "git",
}
"""Fields that tell when, where and on what checkout a run was made, not what it found."""

OPEN_FORMATS = {
    "a": np.uint16,
    "b": np.uint16,
    "columns": np.int64,
    "result": np.uint32,
} | dict.fromkeys(
    ("a_fmt", "b_fmt", "a_e_thr", "b_e_thr", "kernel", "stride", "padding", "lines", "rows", "balancer"),
    np.int64,
)


@dataclass(frozen=True)
class Small:
    """A run that is made once: its trace, what it found, and its dumps."""

    trace: Path
    outcome: Outcome
    dumps: Path


@pytest.fixture(scope="module")
def build() -> BuildResult:
    """Build preset tiny, or take it from the cache."""
    return build_cocotb(find_preset("tiny"), coverage=True, jobs=os.cpu_count() or 1)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, build: BuildResult) -> Small:
    """All replays of the small trace, one at a time."""
    folder = tmp_path_factory.mktemp("small")
    trace = write_small_trace(folder)
    return Small(trace, run(options(folder, trace, "--dump", str(folder / "dumps"))), folder / "dumps")


def statuses(results: Results) -> dict[str, Status]:
    """Return the status of each replay."""
    return {replay.name: replay.status for replay in results.replays}


def stripped(document: Any) -> Any:
    """Return a JSON document without its circumstances."""
    if isinstance(document, dict):
        return {name: stripped(value) for name, value in document.items() if name not in CIRCUMSTANCES}
    return [stripped(item) for item in document] if isinstance(document, list) else document


def test_everything_passes(small: Small) -> None:
    results, coverage = small.outcome.results, small.outcome.coverage
    assert statuses(results) == dict.fromkeys(REPLAYS, Status.PASS)
    assert [gate.name for gate in results.summary.gates if not gate.passed] == []
    assert (results.summary.planned, results.summary.exit_status) == (8, 0)
    assert coverage == [small.outcome.folder / name / COVERAGE for name in REPLAYS]
    assert all(path.stat().st_size for path in coverage)
    assert results.run.trace is not None
    assert results.run.trace.file == str(small.trace)
    assert results.run.command.startswith(f"./run regress --trace {small.trace} --preset tiny")


def test_two_at_a_time_find_the_same(small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "--of-another-project")
    again = run(options(tmp_path, small.trace, "--jobs", "2"))
    assert stripped(again.results.to_json()) == stripped(small.outcome.results.to_json())


def test_progress_is_shown(small: Small, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run(options(tmp_path, small.trace, "--layers", "fc", "--steps", "FP", "BP"))
    lines = capfd.readouterr().err.splitlines()
    assert lines[0] == "regress: building preset tiny, unless it is built already"
    assert lines[1].startswith("regress: model core_tiny_coverage-")
    assert lines[2].startswith("regress: 2 replays, 1 at a time; logs in ")
    assert [line.split("cycles")[0].split()[:3] for line in lines[3:]] == [
        ["[1/2]", "fc-BP", "pass"],
        ["[2/2]", "fc-FP", "pass"],
    ]


# --- Dumps, recomputed without this project's code ---------------------------------------------------


def check_dumps(dumps: Path, names: list[str], balancer: int) -> None:
    """Recompute every dump in a folder."""
    assert sorted(path.name for path in dumps.iterdir()) == sorted(f"{name}.npz" for name in names)
    for name in names:
        with np.load(dumps / f"{name}.npz") as file:
            dump = dict(file)
        assert {key: array.dtype for key, array in dump.items()} == OPEN_FORMATS
        assert dump["balancer"] == balancer
        assert np.array_equal(recompute(dump, name.rpartition("-")[2]), dump["result"]), name


def test_dumps_can_be_recomputed_without_this_project(small: Small) -> None:
    """FP, BP and WG, strides 1 and 2, 3x3 kernels and a fully connected layer."""
    check_dumps(small.dumps, list(REPLAYS), balancer=1)
    with np.load(small.dumps / "block.conv-BP.npz") as dump:
        assert (int(dump["lines"]), int(dump["rows"]), int(dump["stride"])) == (2, 8, 2)


def test_dumps_without_the_balancer(small: Small, tmp_path: Path) -> None:
    words = ("--balancer", "off", "--steps", "FP", "BP", "--layers", "block*", "fc")
    outcome = run(options(tmp_path, small.trace, *words, "--dump", str(tmp_path / "dumps")))
    assert set(statuses(outcome.results).values()) == {Status.PASS}
    names = [name for name in REPLAYS if "WG" not in name and "stem" not in name]
    check_dumps(tmp_path / "dumps", names, balancer=0)
    with (
        np.load(tmp_path / "dumps" / "fc-FP.npz") as off,
        np.load(small.dumps / "fc-FP.npz") as on,
    ):
        assert np.array_equal(off["a"], on["a"])
        assert not np.array_equal(off["result"], on["result"]), "the balancer changes the order of additions"


def test_a_changed_dump_does_not_check(small: Small, rng: np.random.Generator) -> None:
    """The checker sees another setting, and one flipped bit of the result."""
    with np.load(small.dumps / "fc-FP.npz") as file:
        dump = dict(file)
    for name, value in (("a_e_thr", 3), ("b_fmt", 1), ("lines", 4), ("rows", 3), ("balancer", 0)):
        assert not np.array_equal(recompute({**dump, name: np.array(value)}, "FP"), dump["result"]), name
    result = dump["result"].copy()
    result.flat[rng.integers(result.size)] ^= 1
    assert not np.array_equal(recompute(dump, "FP"), result)


# --- Simulators that misbehave ----------------------------------------------------------------------


def wait_for_end(process: int) -> None:
    """Wait until a process that was killed is gone, or is dead and only not yet reaped."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(") ")[2][0]
        except FileNotFoundError:
            return
        if state in "ZX":
            return
        time.sleep(0.05)
    pytest.fail(f"the simulator of the dead worker goes on (process {process})")


def test_what_breaks_stays_with_its_replay(
    small: Small, build: BuildResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed simulator, a dead worker, lost and damaged results: errors, and the others pass."""
    cases = {
        "stem-FP": "kill -KILL $$",
        "block.conv-BP": f"echo $$ > {tmp_path}/orphan; kill -KILL $PPID; exec sleep 600",
        "block.conv-FP": "exit 5",
        "block.conv-WG": '"$SIMULATOR" "$@"; echo lost > "$REPLAY_OUTPUT"',
    }
    program = scripted(tmp_path / "simulator", build, cases)
    monkeypatch.setattr(run_module, "build_cocotb", lambda *_, **__: program)
    outcome = run(options(tmp_path, small.trace))
    found = {replay.name: replay for replay in outcome.results.replays}
    assert tuple(found) == REPLAYS
    expected = {
        "stem-FP": "the simulator was killed by SIGKILL (out of memory, or from outside)",
        "block.conv-BP": "left no record: its worker died (killed, or out of memory?) or could not write",
        "block.conv-FP": "the simulation failed: the simulator left no results",
        "block.conv-WG": f"{outcome.folder / 'block.conv-WG' / 'output.npz'} is not a replay's outcome: ",
    }
    for name, message in expected.items():
        assert found[name].status is Status.ERROR
        assert (found[name].message or "").startswith(message), found[name].message
    assert {name for name, one in found.items() if one.status is Status.PASS} == set(REPLAYS) - set(expected)
    assert (outcome.results.summary.error, outcome.results.summary.exit_status) == (4, 1)
    wait_for_end(int((tmp_path / "orphan").read_text(encoding="utf-8")))


def order(small: Small, folder: Path, build: BuildResult, name: str, *words: str) -> Order:
    """Return the order of one replay."""
    layer, _, step = name.rpartition("-")
    given = options(folder, small.trace, *words)
    return Order(
        trace=small.trace,
        layer=layer,
        step=Step(step),
        shape=LayerShape.of(Trace.open(small.trace).geometry(layer)),
        settings=given.settings,
        folder=folder / name,
        build=build,
        waves=given.waves,
        coverage=True,
        dump=given.dump,
        rerun=rerun_command(given, layer, Step(step)),
    )


def broken(record: Replay, status: Status) -> str:
    """Return the message of a replay that did not pass."""
    assert record.status is status
    assert record.message is not None
    return record.message


def test_a_core_that_hangs_is_given_up_by_its_predicted_cycles(
    small: Small, build: BuildResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execute_module, "WATCHDOG_FACTOR", 0)
    monkeypatch.setattr(execute_module, "WATCHDOG_CYCLES", 50)
    one = order(small, tmp_path, build, "fc-FP", "--dump", str(tmp_path / "dumps"))
    message = broken(execute(one), Status.ERROR)
    assert message.startswith("the core hung: no end after 51 cycles (limit 50); taken ")
    assert message.splitlines()[1] == f"log: {one.folder / LOG}"
    assert not (tmp_path / "dumps").exists(), "half a result is not dumped"


def test_a_simulator_that_hangs_is_given_up_by_the_clock(
    small: Small, build: BuildResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execute_module, "START_S", 0.3)
    monkeypatch.setattr(execute_module, "SLOWEST_CYCLES_PER_S", 10**9)
    program = scripted(tmp_path / "simulator", build, {"fc-FP": "exec sleep 600"})
    message = broken(execute(order(small, tmp_path, program, "fc-FP")), Status.ERROR)
    assert message.startswith("the simulator hung: still running after 0.3 s, killed")


def test_unequal_counters_fail_a_replay_whose_bits_are_equal(
    small: Small, build: BuildResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predicted = predicted_counters
    monkeypatch.setattr(
        execute_module, "predicted_counters", lambda streams: replace(predicted(streams), b_rows=1)
    )
    record = execute(order(small, tmp_path, build, "fc-WG"))
    assert record.mismatches == 0
    rows = record.counters["b_rows"].rtl
    assert broken(record, Status.FAIL) == f"counters differ from the golden model: b_rows {rows} instead of 3"


def test_a_first_mismatch_tells_place_operands_and_bits(
    small: Small, build: BuildResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here the golden model is the one that is changed, in two known places of a strided BP."""

    def wrong(*words: Any) -> Any:
        product = exact_product(*words).copy()
        product[[140, 57], [2, 4]] ^= 1 << 20
        return product

    monkeypatch.setattr("tb.core.replay.exact_product", wrong)
    record = execute(order(small, tmp_path, build, "block.conv-BP"))
    assert (record.status, record.mismatches, record.elements) == (Status.FAIL, 2, 4 * 5 * 36)
    failure = record.failure
    assert failure is not None
    # Row 57 is pixel (3, 3) of image 1; row 140 is of image 3.
    assert (failure.index, failure.row, failure.column) == ([1, 4, 3, 3], 57, 4)
    with np.load(small.dumps / "block.conv-BP.npz") as dump:
        actual = int(dump["result"][1, 4, 3, 3])
    assert failure.actual_hex == f"{actual:08X}"
    assert failure.expected_hex == f"{actual ^ 1 << 20:08X}"
    assert failure.actual == float(np.uint32(actual).view(np.float32))
    assert failure.rerun_waves == f"{record.rerun} --waves"
    assert failure.operands
    assert all(operand.a != 0 for operand in failure.operands)
    assert [operand.k for operand in failure.operands] == sorted(
        (operand.k for operand in failure.operands), key=lambda k: (k % 9, k // 9)
    )


def test_a_record_that_cannot_be_written(small: Small, build: BuildResult, tmp_path: Path) -> None:
    one = order(small, tmp_path, build, "fc-FP")
    one.folder.write_text("in the way", encoding="utf-8")
    with pytest.raises(WriteError, match="fc-FP: cannot be written: File exists; "):
        execute(one)


def test_a_trace_that_is_gone(small: Small, build: BuildResult, tmp_path: Path) -> None:
    one = replace(order(small, tmp_path, build, "fc-FP"), trace=tmp_path / "lost.safetensors")
    message = broken(execute(one), Status.ERROR)
    assert message.startswith(f"trace {tmp_path / 'lost.safetensors'}: file: does not exist")


def test_a_record_is_plain_json(small: Small) -> None:
    document = json.loads((small.outcome.folder / "fc-FP" / "replay.json").read_text(encoding="utf-8"))
    assert document["status"] == "pass"
    assert not (small.outcome.folder / "fc-FP" / WAVES).exists()
