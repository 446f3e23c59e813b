"""Each gate of a run on the chip holds for a sound run, and fails for what it is there to catch."""

from __future__ import annotations

from dataclasses import replace

import pytest

from golden.geometry import Step
from regressions.chip.records import (
    Bound,
    ChipFigures,
    ChipHardware,
    CoreOccupancy,
    Roofline,
    TensorTraffic,
)
from regressions.chip.replay import CHIP_COUNTED
from regressions.gates import chip_gates
from regressions.results import Counter, Replay, Status, Verdict, summarise
from regressions.tests.records import PASSED

CHIP = ChipFigures(
    output="fgmp",
    image_bytes=640,
    image_mismatches=0,
    jobs=2,
    waves=1,
    job_cycles=500.0,
    detached=0,
    traffic={"X": TensorTraffic(500, 0, 900, 0)},
    roofline=Roofline(64, 500, 400, 800.0, 7.8, 6.3, 1.6, 2.0, Bound.COMPUTE, 1.0, 1.0, 0.8),
    occupancy=CoreOccupancy(64, [[0.5]]),
    held_cycles=0,
    simulated_s=0.1,
)
SOUND = replace(PASSED, counters={name: Counter(7, 7) for name in CHIP_COUNTED}, chip=CHIP)
OTHER = replace(SOUND, step=Step.WG)
HARDWARE = ChipHardware(12, 768, 64, 20, None, None, {"b_rows": 300, "a_ring": 72}, 372, {"queue": 9})

FINISHED = "every replay finished"
BITS = "results equal the golden model bit for bit"
IMAGES = "memory images equal the golden chip model's"
COUNTERS = "counters of work equal"
ATTACHED = "no core was left behind"
SRAM = "SRAM within 0.363281 KB"


def broken(*replays: Replay, hardware: ChipHardware = HARDWARE) -> dict[str, str]:
    """Return the gates that do not hold, with their detail."""
    return {gate.name: gate.detail for gate in chip_gates(replays, hardware) if not gate.passed}


def changed(**fields: object) -> Replay:
    """Return a sound replay with other figures of the chip."""
    return replace(SOUND, chip=replace(CHIP, **fields))  # type: ignore[arg-type]


def test_a_sound_run_holds_all() -> None:
    found = chip_gates([SOUND, OTHER], HARDWARE)
    assert [gate.name for gate in found] == [FINISHED, BITS, IMAGES, COUNTERS, ATTACHED, SRAM]
    assert all(gate.passed for gate in found)
    assert found[2].detail == "1,280 bytes"
    assert found[3].detail == f"{len(CHIP_COUNTED)} counters a replay"
    assert summarise([SOUND, OTHER], found, planned=2).exit_status == 0


def test_cycles_are_no_gate() -> None:
    assert not broken(replace(SOUND, cycles=9000))


def test_a_differing_image() -> None:
    """Whatever the replay's own status says."""
    assert broken(OTHER, changed(image_mismatches=3)) == {IMAGES: "fc-FP 3 of 640"}


@pytest.mark.parametrize("lost", [changed(image_bytes=0), replace(SOUND, chip=None)])
def test_a_missing_image(lost: Replay) -> None:
    assert broken(OTHER, lost) == {IMAGES: "fc-FP compared nothing"}


def test_a_missing_result() -> None:
    assert broken(OTHER, replace(SOUND, elements=0)) == {BITS: "fc-FP compared nothing"}


@pytest.mark.parametrize("name", CHIP_COUNTED)
def test_a_missing_or_wrong_counter(name: str) -> None:
    rest = {other: counter for other, counter in SOUND.counters.items() if other != name}
    assert broken(replace(SOUND, counters=rest)) == {COUNTERS: f"fc-FP ({name} missing)"}
    assert broken(replace(SOUND, counters={**rest, name: Counter(7, 8)})) == {COUNTERS: f"fc-FP ({name})"}


def test_a_core_that_was_left_behind() -> None:
    assert broken(OTHER, changed(detached=1)) == {ATTACHED: "fc-FP"}


def test_a_slowed_core_may_be_left_behind() -> None:
    """Then reads need not be compared, but what was computed and written still is."""
    slowed = replace(HARDWARE, slow_core=3, slow_factor=8)
    written = {name: one for name, one in SOUND.counters.items() if "read" not in name and name != "detached"}
    left = replace(changed(detached=1), counters=written)
    assert broken(left, hardware=slowed) == {}
    assert COUNTERS in broken(left)
    lost = {name: one for name, one in written.items() if name != "pins_write_bytes"}
    assert broken(replace(left, counters=lost), hardware=slowed) == {
        COUNTERS: "fc-FP (pins_write_bytes missing)"
    }


def test_too_much_sram() -> None:
    large = replace(HARDWARE, sram_bytes={"b_rows": 300, "a_ring": 73})
    assert list(broken(SOUND, hardware=large)) == [SRAM]
    summary = summarise([SOUND], chip_gates([SOUND], large), planned=1)
    assert (summary.verdict, summary.exit_status) == (Verdict.FAIL, 1)


def test_nothing_finished() -> None:
    error = Replay(
        layer="fc",
        step=Step.BP,
        status=Status.ERROR,
        geometry=PASSED.geometry,
        seed=1,
        rerun=PASSED.rerun,
        wall_s=0.0,
        message="its worker died",
    )
    assert set(broken(error)) == {FINISHED, BITS, IMAGES}
    assert set(broken()) == {FINISHED, BITS, IMAGES}
