"""A case on the chip in the bare loop: what is wrong, and the cycle in which it was written.

The library is the one that the chip's own tests build.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from golden.chip.interpreter import ChipRun
from golden.formats import U8
from golden.geometry import ConvGeometry, Step
from golden.presets import find_preset
from regressions.chip.prepare import ChipReplay
from regressions.chip.settings import ChipSettings
from regressions.tests.triage.cases import make_case, make_input
from regressions.triage import chip_trial
from regressions.triage.case import Case
from regressions.triage.chip_trial import ChipBench
from regressions.triage.trial import simulator_error
from tb.chip.build import build_bare

GEOMETRY = ConvGeometry("layer", 1, 4, 4, 4, 4, kernel=3, stride=1, padding=1)


@pytest.fixture(scope="module")
def bench() -> ChipBench:
    library = build_bare(find_preset("tiny"), gated=True, coverage=True).artifact  # the one that tb/chip has
    return ChipBench(library, "tiny", True, lambda: "", simulator_error)


@pytest.fixture
def case(rng: np.random.Generator) -> Case:
    return replace(make_case(make_input(Step.FP, GEOMETRY, rng)), chip=ChipSettings())


def test_a_case_comes_back_from_its_file(case: Case, tmp_path: Path) -> None:
    case.save(tmp_path / "case.npz")
    again = Case.load(tmp_path / "case.npz")
    assert (again.chip, again.policy, again.symptom) == (case.chip, case.policy, case.symptom)
    assert np.array_equal(again.source.a, case.source.a)


def test_a_sound_chip_has_no_symptom(bench: ChipBench, case: Case) -> None:
    finding = bench.run(case)
    assert finding.symptom is None, finding.message
    assert finding.cycles > 0


def test_a_wrong_byte_is_found_when_it_is_written(
    bench: ChipBench, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here the golden model is the one that is changed, in the last byte that the chip writes differently."""
    sound = bench.run(case).cycles

    class Changed(ChipReplay):
        @property
        def golden(self) -> tuple[U8, ChipRun]:
            memory, run = super().golden
            memory = memory.copy()
            written = np.flatnonzero(memory != self.image.data)
            memory[written[0]] ^= 1
            return memory, run

        @property
        def golden_result(self):  # type: ignore[no-untyped-def]
            return ChipReplay(self.source, self.mode, self.policy).golden_result

    monkeypatch.setattr(chip_trial, "ChipReplay", Changed)
    finding = bench.run(case)
    assert finding.symptom is not None
    assert finding.symptom.kind == "memory"
    assert finding.event == "the first wrong bytes are written"
    assert 0 < finding.at < finding.end
    assert finding.cycles == sound


def test_a_chip_that_stands_still(bench: ChipBench, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """The watchdog's patience of trials decides, not its default of a million cycles."""
    monkeypatch.setattr(chip_trial, "STILL_CYCLES", 3)
    finding = bench.run(case)
    assert finding.symptom is not None
    assert finding.symptom.slug == "stopped-WATCHDOG"
    assert 0 < finding.at <= finding.end
    assert finding.event == "the last beat moves at the memory"
