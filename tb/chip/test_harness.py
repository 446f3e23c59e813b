"""The harness of the chip: manners of the memory, hung runs, a slow core, occupancy; bare and cocotb."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from golden.chip.driver import ChipDriver, Outcome
from golden.chip.encoding import Cause
from golden.geometry import ConvGeometry, Step
from golden.memories import SramError
from golden.presets import find_preset
from tb.chip.bare import BareChip, bare_chip
from tb.chip.build import CHIP_TB, CORES_UNCOUNTED, build_bare, build_cocotb
from tb.chip.device import SAMPLE_FIELDS, ChipHang, ChipOutcome, RunOptions
from tb.chip.layers import ChipCase, make_case, require_equal
from tb.chip.memory import MemoryErrors, MemoryOptions, Order
from tb.chip.script import pause, reset, wait_interrupt
from tb.chip.simulation import run_chip
from tb.core.test_coverage import user_points
from tb.toolchain import RTL_ROOT

PRESET = find_preset("tiny")
STEPS = (Step.FP, Step.BP, Step.WG)
LAYERS = {
    Step.FP: ConvGeometry("fp", 1, 5, 6, 7, 9, 3, 1, 1),
    Step.BP: ConvGeometry("bp", 2, 4, 7, 6, 5, 3, 2, 1),
    Step.WG: ConvGeometry("wg", 1, 5, 6, 7, 9, 3, 1, 1),
}
QUIET = 20_000
MANNERS = {
    "no limits": MemoryOptions(latency=0, bytes_per_cycle=0),
    "far and narrow": MemoryOptions(latency=100, latency_random=300, bytes_per_cycle=16, order=Order.ANY),
    "everything mixed": MemoryOptions(10, 60, 64, Order.INTERLEAVED, stall_permille=500, seed=7),
    "in order, stalling": MemoryOptions(latency=2, stall_permille=800, seed=3),
}


def chip() -> BareChip:
    """Return the chip in its one build for these tests, with gated cores and coverage."""
    return bare_chip("tiny", gated=True, coverage=True)


@lru_cache
def case_of(step: Step) -> ChipCase:
    """Compile a step, once a process."""
    return make_case(np.random.default_rng(5), LAYERS[step], step, PRESET)


def load(case: ChipCase) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """Give the chip a fresh memory of a case."""
    memory = case.before.copy()
    chip().load(memory)
    return memory


def run(case: ChipCase, options: RunOptions) -> ChipOutcome:
    """Run a case and require golden's memory."""
    memory = load(case)
    outcome = chip().run(case.line, options)
    assert outcome.status.done
    require_equal(case, memory)
    return outcome


@pytest.mark.parametrize("manners", MANNERS)
@pytest.mark.parametrize("step", STEPS)
def test_memory_is_goldens(step: Step, manners: str) -> None:
    """Whatever the memory's manners; what was moved at the pins is what the chip counted."""
    outcome = run(case_of(step), RunOptions(memory=MANNERS[manners], quiet=QUIET))
    chip_counts, traffic = outcome.chip, outcome.traffic
    lines = sum(chip_counts[f"{name}_lines"] for name in ("a", "b", "c", "d", "control"))
    assert traffic.read_beats == lines
    assert traffic.read_bursts == chip_counts["read_bursts"]
    assert traffic.write_beats == chip_counts["write_beats"]
    assert traffic.write_bytes == chip_counts["write_bytes"]
    assert 0 <= outcome.cycles - chip_counts["cycles"] <= 4


def test_same_run_takes_the_same_cycles() -> None:
    options = RunOptions(memory=MANNERS["everything mixed"], quiet=QUIET)
    first, again = run(case_of(Step.FP), options), run(case_of(Step.FP), options)
    assert (first.cycles, first.chip, first.cores) == (again.cycles, again.chip, again.cores)


def test_a_slow_core_gives_the_same_bits() -> None:
    """It takes about as many times longer as its clock has fewer edges."""
    options = RunOptions(memory=MemoryOptions(latency=0, bytes_per_cycle=0), quiet=QUIET)
    fast = run(case_of(Step.FP), options)
    for factor in (2, 8):
        slow = run(case_of(Step.FP), RunOptions(memory=options.memory, quiet=QUIET, slow=(0, factor)))
        assert slow.cycles > 0.4 * factor * fast.cycles
        assert slow.cores[0]["macs_fp8"] == fast.cores[0]["macs_fp8"]


def test_occupancy_adds_up() -> None:
    """Samples grow, and every line cycle of the core is in one of them."""
    case = case_of(Step.WG)
    outcome = run(case, RunOptions(quiet=QUIET, sample=64))
    occupancy = outcome.occupancy
    assert len(occupancy.cycles) == outcome.cycles // 64
    np.testing.assert_array_equal(np.diff(occupancy.cycles), 64)
    assert (np.diff(occupancy.cores, axis=0) >= 0).all()
    assert (np.diff(occupancy.read_beats) >= 0).all()
    assert occupancy.read_beats[-1] <= outcome.traffic.read_beats
    for index, name in enumerate(SAMPLE_FIELDS):
        assert occupancy.cores[-1, 0, index] <= outcome.cores[0][name]
    assert occupancy.cores[-1, 0, 0] > 0.8 * outcome.cores[0]["line_busy"]
    assert len(run(case, RunOptions(quiet=QUIET, sample=256)).occupancy.cycles) == outcome.cycles // 256
    assert len(run(case, RunOptions(quiet=QUIET)).occupancy.cycles) == 0


def test_a_hung_run_tells_the_state_of_the_design() -> None:
    case = case_of(Step.FP)
    load(case)
    with pytest.raises(ChipHang) as hang:
        chip().run(case.line, RunOptions(limit=1500))
    text = str(hang.value)
    assert "no interrupt came within the limit of cycles" in text
    assert re.search(r"\n  i_control\.state Run\n", text)
    assert re.search(r"\n  i_dispatcher\.state \w+\n", text)
    assert re.search(r"\n  gen_cores\[0\]\.i_core\.\S+ 0x", text)
    run(case, RunOptions(quiet=QUIET))


def test_a_dead_memory_is_a_hung_run() -> None:
    """Without the chip's own watchdog the harness's ends the run."""
    case = case_of(Step.FP)
    load(case)
    options = RunOptions(memory=MemoryOptions(latency=1 << 40), quiet=3000, watchdog=0)
    with pytest.raises(ChipHang, match=r"no link moved for 3000 cycles.*1 beats read|0 beats read") as hang:
        chip().run(case.line, options)
    assert "i_reader.tags_used 0x" in str(hang.value)


def test_errors_of_the_memory_reach_software() -> None:
    case = case_of(Step.FP)
    everything = MemoryErrors(0, 1 << 38, writes=False)
    memory = load(case)
    outcome = chip().run(case.line, RunOptions(memory=MemoryOptions(errors=everything), quiet=QUIET))
    assert (outcome.status.error, outcome.status.cause) == (True, Cause.READ_RESPONSE)
    np.testing.assert_array_equal(memory, case.before)
    load(case)
    everything = MemoryErrors(0, 1 << 38, reads=False)
    outcome = chip().run(case.line, RunOptions(memory=MemoryOptions(errors=everything), quiet=QUIET))
    assert (outcome.status.error, outcome.status.cause) == (True, Cause.WRITE_RESPONSE)


def test_scripts_in_the_middle_of_a_run() -> None:
    """A refused write, an abort, a reset: each in the middle of work, and the chip runs again afterwards."""
    case, registers = case_of(Step.FP), chip().device.registers
    options = RunOptions(quiet=QUIET)
    memory = load(case)
    refused = [pause(700), registers.write("DESCRIPTOR", line=77)]
    outcome = chip().run(case.line, options, during=refused)
    assert (outcome.status.done, outcome.status.busy_write) == (True, True)
    require_equal(case, memory)
    load(case)
    abort = [pause(700), registers.write("CONTROL", abort=1)]
    outcome = chip().run(case.line, options, during=abort)
    assert (outcome.status.error, outcome.status.cause) == (True, Cause.ABORTED)
    memory = load(case)
    start = registers.start(case.line, None, None)
    again = [*start, wait_interrupt(100_000), *registers.status()]
    answers = chip().script([*start, pause(900), reset(), *registers.status(), *again], options).answers
    between = registers.read_status(answers[len(start) + 2 :][:4])
    assert (between.busy, between.done, between.error) == (False, False, False)
    assert registers.read_status(answers[-4:]).done
    require_equal(case, memory)


def test_goldens_driver_over_single_accesses() -> None:
    """It comes to the same as its conversation in one script, but for the cycles."""
    case, options = case_of(Step.BP), RunOptions(quiet=QUIET)
    memory = load(case)
    chip().reset(options)
    driver = ChipDriver(chip(), chip().device.registers.names, PRESET)
    driver.talk(driver.says.identify())
    outcome = driver.run(case.before, [case.layer], 100_000)
    assert outcome.chip["jobs"] == sum(len(one.jobs) for one in case.layer.descriptors)
    require_equal(case, memory)
    scripted = run(case, options)
    assert outcome == Outcome(scripted.status, scripted.chip, scripted.cores)


def test_a_chip_that_needs_too_much_memory_is_not_built() -> None:
    large = replace(find_preset("lnpu"), name="large", cores=13)
    for build in (build_bare, build_cocotb):
        with pytest.raises(SramError, match=r"preset large: 412672 bytes of SRAM .*, the chip has 380928"):
            build(large)


def test_what_chips_of_several_cores_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines of all rooms but those that each core has of its own, which are there."""
    builds: list[tuple[list[Path], list[str]]] = []
    monkeypatch.setattr(
        "tb.chip.build.build_simulation", lambda name, sources, top, args, **_: builds.append((sources, args))
    )
    for preset, coverage in (("lnpu", True), ("lnpu", False), ("tiny", True)):
        build_cocotb(find_preset(preset), coverage=coverage)
    assert [CORES_UNCOUNTED in sources for sources, _ in builds] == [True, False, False]
    assert [[word for word in args if "--coverage" in word] for _, args in builds] == [
        ["--coverage-line"],
        [],
        ["--coverage-line", "--coverage-user"],
    ]
    text = CORES_UNCOUNTED.read_text(encoding="utf-8")
    names = set(re.findall(r'^coverage_off -file "\*/([^"]+)"$', text, re.M))
    rooms = {True: set[str](), False: set[str]()}
    for path in RTL_ROOT.rglob("*.sv"):
        rooms[path.name in names].add(path.parent.name)
    assert rooms[True] == {"core", "feeder", "line", "mem", "pe", "pkg"}
    assert rooms[False] == {"arith", "central", "chip", "result"}


def test_what_cannot_be_had_is_refused() -> None:
    device = chip().device
    with pytest.raises(ValueError, match="every 64 cycles: 100 is no multiple"):
        device.set_up([], RunOptions(sample=100))
    with pytest.raises(ValueError, match="contiguous, writeable array of uint8"):
        device.memory.load(np.zeros((64, 64), np.uint8)[:, ::2])
    plain = type(device)(chip().library, PRESET, gated=False)
    with pytest.raises(ValueError, match="only be slowed in a build with gated cores"):
        plain.set_up([], RunOptions(slow=(0, 2)))


def test_under_cocotb_as_in_the_bare_loop(tmp_path: Path) -> None:
    """The same bits and the same cycles; a hung run tells as much."""
    case = case_of(Step.WG)
    options = RunOptions(memory=MANNERS["everything mixed"], quiet=QUIET, sample=64)
    bare = run(case, options)
    build = build_cocotb(PRESET, coverage=True)  # the one that the regressions' tests have, too
    folder = tmp_path / "run"
    outcome, memory, _ = run_chip(
        build, "tiny", case.before, case.line, folder, options=options, timeout_s=300
    )
    require_equal(case, memory)
    for name in ("status", "cycles", "chip", "cores", "traffic"):
        assert getattr(outcome, name) == getattr(bare, name), name
    np.testing.assert_array_equal(outcome.occupancy.cores, bare.occupancy.cores)
    with pytest.raises(ChipHang, match=r"(?s)no interrupt came.*i_control\.state Run"):
        run_chip(build, "tiny", case.before, case.line, folder, options=RunOptions(limit=1000), timeout_s=300)


UNREACHED = {
    # The chip takes every response in the cycle in which it comes.
    *("axi_checks.c_RHeld", "axi_checks.c_BHeld"),
    # Kinds of errors, and as many bursts as there may be: tb/chip/test_chip_coverage.py.
    *("axi_checks.cov_RDecodeError", "axi_checks.cov_BDecodeError"),
    *("axi_checks.cov_MostReads", "axi_checks.cov_AllChannels"),
}
"""Points that these layers do not come to."""


def test_every_rule_of_the_memory_link_is_triggered(tmp_path: Path) -> None:
    for manners in MANNERS.values():
        for step in STEPS:
            run(case_of(step), RunOptions(memory=manners, quiet=QUIET))
    test_errors_of_the_memory_reach_software()
    path = tmp_path / "coverage.dat"
    chip().write_coverage(path)
    counts = user_points(path)
    text = (CHIP_TB / "axi_checks.sv").read_text(encoding="utf-8")
    labels = {f"axi_checks.c_{name}" for name in re.findall(r"`CHECK(?:_NEXT|_HELD)?\((\w+)", text)}
    labels |= {f"axi_checks.cov_{name}" for name in re.findall(r"`COVER\((\w+)", text)}
    labels |= {f"axi_checks.{name}" for name in re.findall(r"\b(c_\w+) : cover", text)}
    hit = {name for name in labels if counts[name]}
    assert labels - hit <= UNREACHED  # other tests of this process may have come to some
