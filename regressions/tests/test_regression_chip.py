"""Replays on the chip: each check passes what is right and catches one thing that is not.

The chip is `fake_chip`, the golden model with counters of its own, but for the last tests, which run the RTL.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from golden.chip.encoding import LINE_BYTES, Cause, OutputMode
from golden.formats import U8
from golden.geometry import Step
from golden.memories import SramError
from golden.presets import PRESETS, find_preset
from regressions.chip import replay as replay_module
from regressions.chip.model import bound
from regressions.chip.prepare import ChipReplay, GoldenError, planned_result_bytes
from regressions.chip.records import Bound
from regressions.chip.replay import CHIP_COUNTED
from regressions.chip.settings import ChipSettings
from regressions.execute import execute
from regressions.operands import replay_input
from regressions.options import rerun_command
from regressions.order import COVERAGE, Order
from regressions.problems import explain
from regressions.results import LayerShape, Replay, Status
from regressions.run import run
from regressions.tests.fake_chip import (
    CYCLES,
    DONE,
    Change,
    FakeChip,
    at_the_pins,
    count_more,
    flip,
)
from regressions.tests.small_run import REPLAYS, options, write_small_trace
from regressions.traces import Trace
from tb.chip.build import build_cocotb
from tb.chip.device import ChipOutcome
from tb.toolchain import BuildResult

pytestmark = pytest.mark.xdist_group("small chip")

Run = Callable[..., Replay]
CHIP = ("--level", "chip")


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the small trace once."""
    return write_small_trace(tmp_path_factory.mktemp("chip"))


def make_order(trace: Path, folder: Path, name: str, *words: str) -> Order:
    """Return the order of one replay on the chip."""
    layer, _, step = name.rpartition("-")
    given = options(folder, trace, *CHIP, *words)
    return Order(
        trace=trace,
        layer=layer,
        step=Step(step),
        shape=LayerShape.of(Trace.open(trace).geometry(layer)),
        settings=given.settings,
        folder=folder / name,
        build=BuildResult(folder, folder / "none", True),
        waves=False,
        coverage=False,
        dump=given.dump,
        rerun=rerun_command(given, layer, Step(step)),
    )


def prepared(order: Order) -> ChipReplay:
    """Compile what an order asks for."""
    assert order.settings.chip is not None
    source = replay_input(Trace.open(order.trace).load(order.layer), order.step, order.settings)
    return ChipReplay(source, order.settings.chip.output_mode(order.step), order.settings.policy)


@pytest.fixture
def fake(trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a replay on the fake chip, spoilt by a change."""

    def run_one(name: str, change: Change | None = None, *words: str) -> Replay:
        monkeypatch.setattr(replay_module, "run_chip", FakeChip(change))
        return execute(make_order(trace, tmp_path, name, *words))

    return run_one


# --- What is right passes ---------------------------------------------------------------------------


@pytest.mark.parametrize("output", [None, "fgmp", "fp16", "fp32"])
@pytest.mark.parametrize("name", REPLAYS)
def test_what_is_right_passes(fake: Run, name: str, output: str | None) -> None:
    record = fake(name, None, *(("--output", output) if output else ()))
    assert (record.status, record.message) == (Status.PASS, None)
    chip = record.chip
    assert chip is not None
    assert chip.output == ("fp16" if name.endswith("WG") and output in (None, "fgmp") else output or "fgmp")
    assert (chip.image_mismatches, record.mismatches, chip.detached) == (0, 0, 0)
    assert chip.image_bytes % LINE_BYTES == 0
    assert set(record.counters) == set(CHIP_COUNTED)
    assert sum(one.total for one in chip.traffic.values()) == record.ema_bytes
    assert sum(one.plain for one in chip.traffic.values()) == record.ema_bytes_fp16


def test_figures_of_the_roofline(fake: Run) -> None:
    record = fake("block.conv-FP", None, "--memory-bytes", "16")
    assert record.chip is not None
    assert record.ema_bytes is not None
    roofline = record.chip.roofline
    assert roofline.memory_cycles == record.ema_bytes / 16
    assert roofline.compute_cycles == record.ideal_cycles
    assert roofline.attainable == min(1, roofline.compute_cycles / roofline.memory_cycles)
    assert roofline.reached == pytest.approx((record.utilization or 0) / roofline.attainable)
    assert (roofline.bound is Bound.MEMORY) == (roofline.memory_cycles > roofline.compute_cycles)
    assert roofline.compulsory_bytes <= roofline.bytes
    wide = fake("block.conv-FP", None, "--memory-bytes", "64")
    assert wide.chip is not None
    assert wide.chip.roofline.memory_cycles == roofline.memory_cycles / 4


def test_occupancy_over_time(fake: Run) -> None:
    record = fake("block.conv-FP")
    assert record.chip is not None
    picture = record.chip.occupancy
    assert len(picture.busy) == 1
    assert 10 < len(picture.busy[0]) <= 97
    assert picture.bin_cycles * (len(picture.busy[0]) - 1) <= CYCLES
    # Half of the cycles, over two PE lines.
    assert picture.busy[0][3] == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize("name", REPLAYS)
def test_sizes_of_results_are_planned_without_a_run(trace: Path, tmp_path: Path, name: str) -> None:
    replay = prepared(make_order(trace, tmp_path, name))
    assert planned_result_bytes(replay) == replay.golden_result.result_bytes


def test_the_bound_is_of_memory_or_of_the_cores(trace: Path, tmp_path: Path) -> None:
    replay = prepared(make_order(trace, tmp_path, "block.conv-FP"))
    streams = replay.replay.streams
    free = bound(replay.layer, streams, 0, 64, 5)
    assert free.cycles == round(free.compute) + 5
    assert free.longest_job <= free.compute <= free.longest_job * free.waves
    slow = bound(replay.layer, streams, 10**9, 16, 0)
    assert slow.cycles == 10**9 / 16


def test_settings_reach_the_chip(trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chip = FakeChip()
    monkeypatch.setattr(replay_module, "run_chip", chip)
    words = ("--memory-bytes", "16", "--memory-latency", "7", "--stalls", "30", "--slow-core", "0:8")
    assert execute(make_order(trace, tmp_path, "fc-FP", *words)).status is Status.PASS
    memory, slow = chip.options[0].memory, chip.options[0].slow
    assert (memory.bytes_per_cycle, memory.latency, memory.stall_permille, slow) == (16, 7, 30, (0, 8))
    assert memory.seed == prepared(make_order(trace, tmp_path, "fc-FP")).source.seed


# --- What is wrong is caught ------------------------------------------------------------------------


def failed(record: Replay) -> str:
    """Return the message of a replay that failed."""
    assert record.status is Status.FAIL
    return record.message or ""


def test_a_flipped_bit_of_a_result(fake: Run, trace: Path, tmp_path: Path) -> None:
    replay = prepared(make_order(trace, tmp_path, "block.conv-BP", "--output", "fp32"))
    job = replay.layer.descriptors[0].jobs[1].job
    record = fake("block.conv-BP", flip(job.output.line * LINE_BYTES + 9, 3), "--output", "fp32")
    message = failed(record)
    assert message.startswith("1 of ")
    assert f"byte 9 of line {job.output.line}, block.conv BP: results" in message
    assert record.chip is not None
    assert (record.mismatches, record.chip.image_mismatches) == (1, 1)
    failure = record.failure
    assert failure is not None
    assert int(failure.expected_hex, 16) ^ int(failure.actual_hex, 16) == 1 << 11
    row, column = divmod(9 // 4, replay.preset.columns)
    assert failure.row == replay.layer.descriptors[0].jobs[1].rows[row]
    assert failure.column == replay.layer.descriptors[0].jobs[1].first_column + column
    assert failure.rerun_waves == f"{record.rerun} --waves"


def test_a_flipped_bit_of_an_fp16_result(fake: Run, trace: Path, tmp_path: Path) -> None:
    job = prepared(make_order(trace, tmp_path, "fc-WG")).layer.descriptors[0].jobs[0].job
    record = fake("fc-WG", flip(job.output.line * LINE_BYTES, 0))
    assert record.mismatches == 1
    assert record.failure is not None
    assert len(record.failure.actual_hex) == 4
    assert "1 of " in failed(record)


def test_a_stray_write_between_regions(fake: Run, trace: Path, tmp_path: Path) -> None:
    """No result differs, but a byte that nobody may write does."""
    replay = prepared(make_order(trace, tmp_path, "fc-FP"))
    guard = replay.image.regions[0].extent.end * LINE_BYTES
    record = fake("fc-FP", flip(guard, 7))
    message = failed(record)
    assert record.mismatches == 0
    assert "no region (a guard or free memory): RTL 25, golden A5, before the run A5" in message


def test_a_result_that_never_came(fake: Run, trace: Path, tmp_path: Path) -> None:
    """The record of a job is missing: results cannot be read back, so nothing can pass."""
    descriptor = prepared(make_order(trace, tmp_path, "block.conv-FP")).layer.descriptors[0].descriptor
    start = descriptor.job_records * LINE_BYTES

    def lose(outcome: ChipOutcome, memory: U8) -> ChipOutcome:
        memory[start : start + LINE_BYTES] = 0xA5
        return outcome

    record = fake("block.conv-FP", lose)
    assert failed(record).startswith("results cannot be read back: ")
    assert record.chip is not None
    assert record.chip.image_mismatches > 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (count_more("a_lines"), "a_read_bytes"),
        (count_more("b_lines", -1), "b_read_bytes"),
        (count_more("control_lines"), "control_read_bytes"),
        (count_more("jobs"), "jobs"),
        (count_more("detached"), "detached 1 instead of 0"),
        (count_more("macs_fp8"), "macs_fp8"),
        (count_more("macs_fp16", -1), "macs_fp16"),
        (at_the_pins(read_beats=1), "pins_read_bytes"),
        (at_the_pins(write_bytes=-2), "pins_write_bytes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_counts_and_traffic(fake: Run, change: Change, message: str) -> None:
    record = fake("block.conv-WG", change)
    assert record.mismatches == 0
    assert failed(record).startswith("counters differ from the golden model: ")
    assert message in failed(record)
    assert record.unequal_counters


def test_a_slowed_core_may_be_left_behind(fake: Run) -> None:
    """Then what was fetched is a matter of time; what was written and computed is not."""

    def left(outcome: ChipOutcome, memory: U8) -> ChipOutcome:
        outcome.chip["detached"] = 1
        outcome.chip["a_lines"] += 5
        return at_the_pins(read_beats=5)(outcome, memory)

    record = fake("fc-FP", left, "--slow-core", "0:8")
    assert (record.status, record.message) == (Status.PASS, None)
    assert "pins_read_bytes" not in record.counters
    assert fake("fc-FP", left).status is Status.FAIL
    assert fake("fc-FP", count_more("a_lines"), "--slow-core", "0:8").status is Status.FAIL


def test_a_chip_that_stops(fake: Run) -> None:
    def stop(outcome: ChipOutcome, memory: U8) -> ChipOutcome:
        return replace(outcome, status=replace(DONE, done=False, error=True, cause=Cause.ITEM, error_job=3))

    record = fake("fc-FP", stop)
    assert record.status is Status.ERROR
    assert (record.message or "").startswith("the chip stopped with cause ITEM at job 3 of the descriptor at")


def test_golden_models_that_contradict_one_another(
    trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay = prepared(make_order(trace, tmp_path, "fc-FP"))
    replay.golden[0][replay.layer.descriptors[0].jobs[0].job.output.line * LINE_BYTES] ^= 1
    with pytest.raises((GoldenError, ValueError), match=r"differs from the exact result|results of job"):
        _ = replay.golden_result


# --- The real thing ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built() -> BuildResult:
    """Build the chip of preset tiny, or take it from the cache."""
    return build_cocotb(find_preset("tiny"), coverage=True, jobs=os.cpu_count() or 1)


def test_the_rtl_of_a_small_chip(trace: Path, tmp_path: Path, built: BuildResult) -> None:
    """All replays of the small trace: every bit of memory, all counts, coverage of each."""
    outcome = run(options(tmp_path, trace, *CHIP))
    results = outcome.results
    assert {one.name: one.message or one.status.value for one in results.replays} == dict.fromkeys(
        REPLAYS, "pass"
    )
    assert [gate.name for gate in results.summary.gates if not gate.passed] == []
    assert (results.run.level, results.summary.exit_status) == ("chip", 0)
    assert outcome.coverage == [outcome.folder / name / COVERAGE for name in REPLAYS]
    assert all(path.stat().st_size for path in outcome.coverage)
    chips = [one.chip for one in results.replays if one.chip is not None]
    assert all(chip.occupancy.busy for chip in chips)
    assert max(max(chip.occupancy.busy[0]) for chip in chips) > 0.5


def test_dumps_of_the_chip(trace: Path, tmp_path: Path, built: BuildResult) -> None:
    """A dump asks for FP32 results, and holds them."""
    dumps = tmp_path / "dumps"
    words = ("--layers", "fc", "--steps", "WG", "--dump", str(dumps))
    results = run(options(tmp_path, trace, *CHIP, *words)).results
    assert [one.chip.output for one in results.replays if one.chip] == ["fp32"]
    with np.load(dumps / "fc-WG.npz") as dump:
        expected = prepared(make_order(trace, tmp_path, "fc-WG", "--output", "fp32")).exact
        assert np.array_equal(dump["result"], expected)


def test_outputs_by_step() -> None:
    assert [ChipSettings().output_mode(step) for step in Step] == [
        OutputMode.FGMP,
        OutputMode.FGMP,
        OutputMode.FP16,
    ]


def test_a_chip_that_needs_too_much_memory_is_refused(
    trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is built; the user gets the message alone."""
    monkeypatch.setitem(PRESETS, "large", replace(find_preset("lnpu"), name="large", cores=13))
    with pytest.raises(SramError) as refused:
        run(options(tmp_path, trace, *CHIP, "--preset", "large"))
    assert explain(refused.value).startswith("preset large: 412672 bytes of SRAM (a_ring ")
