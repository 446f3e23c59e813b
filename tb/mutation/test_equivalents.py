"""Mutants that are no faults: their reasons, found again after a move, and out of date when they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tb.mutation.equivalents import FILE, Equivalent, EquivalentsError, load, reasons
from tb.mutation.mutant import Mutant, Operator
from tb.mutation.operators import find_mutants
from tb.mutation.result import Result, summary
from tb.mutation.worker import Outcome, Verdict

SOURCE = "module one;\n  assign a = b + c;\n  assign d = b + c;\nendmodule\n"
MUTANT = Mutant("pe/one.sv", 24, 29, 2, Operator.OPERATOR, "b + c", "(b - c)")
ENTRY = Equivalent("pe/one.sv", "assign a = b + c;", "b  +  c", "(b - c)", "c is always 0")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "pe").mkdir()
    (tmp_path / "pe" / "one.sv").write_text(SOURCE, encoding="utf-8")
    return tmp_path


def test_an_entry_means_its_line_wherever_it_stands(root: Path) -> None:
    assert reasons([ENTRY], [MUTANT, replace(MUTANT, line=3, start=44, occurrence=2)], root) == {
        MUTANT.key: "c is always 0"
    }


def test_a_reason_is_for_as_many_places_as_it_says(root: Path) -> None:
    """The same line stands in another place too, where the reason may not hold."""
    (root / "pe" / "one.sv").write_text(SOURCE.replace("assign d", "assign a"), encoding="utf-8")
    both = [MUTANT, replace(MUTANT, line=3, start=44, occurrence=2)]
    with pytest.raises(EquivalentsError, match=r"stands in 2 places of rtl/pe/one\.sv, places says 1"):
        reasons([ENTRY], both, root)
    assert len(reasons([replace(ENTRY, places=2)], both, root)) == 2
    with pytest.raises(EquivalentsError, match=r"in 1 places .* places says 2"):
        reasons([replace(ENTRY, places=2)], [MUTANT], root)


@pytest.mark.parametrize(
    "change",
    [{"file": "pe/two.sv"}, {"line": "assign a = b - c;"}, {"right": "b"}, {"faulty": "(b + c)"}],
    ids=lambda change: next(iter(change)),
)
def test_an_entry_that_no_mutant_fits_is_out_of_date(root: Path, change: dict[str, Any]) -> None:
    with pytest.raises(EquivalentsError, match=r"no mutant of rtl/pe/\w+\.sv .* the design has changed"):
        reasons([replace(ENTRY, **change)], [MUTANT], root)


GOOD = '[[equivalent]]\nfile = "a"\nline = "b"\nright = "c"\nfaulty = "d"\nreason = "e"\n'


def test_a_proof_stands_beside_the_reason(root: Path) -> None:
    path = root / "equivalents.toml"
    path.write_text(GOOD + 'proof = "tb/pe/test_pe.py::test_c"\n', encoding="utf-8")
    (entry,) = load(path)
    assert entry.why == "e Proof: tb/pe/test_pe.py::test_c"
    proved = replace(ENTRY, proof="an assertion")
    assert reasons([proved], [MUTANT], root) == {MUTANT.key: "c is always 0 Proof: an assertion"}


WRONG = {
    "an empty proof": (GOOD + 'proof = " "\n', "equivalent 1, proof: is missing or empty"),
    "no TOML": ("[[equivalent", "is not TOML"),
    "another table": ("[other]\n", "unknown table 'other'"),
    "a field too many": (GOOD + 'owner = "f"\n', "equivalent 1, owner: is no field"),
    "no number": (GOOD + 'places = "two"\n', "equivalent 1, places: is no number"),
    "no reason": (GOOD.replace('"e"', '" "'), "equivalent 1, reason: is missing or empty"),
    "a field too few": (GOOD.replace('right = "c"\n', ""), "equivalent 1, right: is missing or empty"),
}


@pytest.mark.parametrize("how", WRONG)
def test_a_wrong_file_is_named_with_its_field(tmp_path: Path, how: str) -> None:
    text, message = WRONG[how]
    path = tmp_path / "equivalents.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(EquivalentsError, match=rf"equivalents\.toml: .*{message}"):
        load(path)


def test_the_projects_own_entries_fit_its_design() -> None:
    entries = load(FILE)
    assert len(reasons(entries, find_mutants())) >= len(entries)


def test_a_mutant_that_is_no_fault_does_not_count() -> None:
    other = replace(MUTANT, start=44, line=3, occurrence=2)
    caught = Outcome(other.key, Verdict.CAUGHT, "test_adder", 0.1, 1)
    result = Result({one.key: one for one in (MUTANT, other)}, {other.key: caught}, {MUTANT.key: "c is 0"})
    assert result.score == 1
    assert "caught 100.0% of 1 mutants" in "\n".join(summary(result))
    assert "not counted: 1 that are no faults" in "\n".join(summary(result))
