"""A run, its baseline, and the gate's command line as tests call them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from regressions.results import GitInfo, Results
from reports.gate import __main__ as gate
from reports.gate import targets, update, verdict
from reports.tests import synthetic
from reports.tests.gate import documents
from reports.tests.gate.documents import Json
from tb.coverage import exclusions


@dataclass(frozen=True)
class Told:
    """How a command ended, and what it said."""

    status: int
    out: str
    err: str
    summary: str

    def row(self, *words: str) -> str:
        """Return the one line of the output that holds all of `words`."""
        (line,) = [line for line in self.out.splitlines() if all(word in line for word in words)]
        return line


class Project:
    """A folder with the documents of a run and a baseline of them."""

    def __init__(self, folder: Path, results: Results, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.baseline = folder / "baseline.json"
        self.results: Json = results.to_json()
        self.coverage = documents.coverage()
        self.faults = documents.faults()
        self._capsys = capsys

    def arguments(self) -> list[str]:
        """Write the documents as they are now; return the options that name them."""
        return [
            *("--results", str(documents.write(self.folder / "results.json", self.results))),
            *("--coverage", str(documents.write(self.folder / "coverage.json", self.coverage))),
            *("--faults", str(documents.write(self.folder / "faults.json", self.faults))),
            *("--baseline", str(self.baseline)),
        ]

    def gate(self, *more: str, arguments: Sequence[str] | None = None) -> Told:
        """Run the gate on the documents as they are now."""
        words = self.arguments() if arguments is None else arguments
        summary = self.folder / "gate.md"
        summary.unlink(missing_ok=True)
        status = gate.main([*words, "--summary", str(summary), *more])
        captured = self._capsys.readouterr()
        text = summary.read_text(encoding="utf-8") if summary.exists() else ""
        return Told(status, captured.out, captured.err, text)

    def update(self, *more: str, arguments: Sequence[str] | None = None) -> Told:
        """Take the documents as they are now over into the baseline."""
        status = update.main([*(self.arguments() if arguments is None else arguments), *more])
        captured = self._capsys.readouterr()
        return Told(status, captured.out, captured.err, "")


@pytest.fixture
def project(
    tmp_path: Path,
    rng: np.random.Generator,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Project:
    """Return a run that passed, with a baseline that holds it; nothing is excluded, whatever the date."""
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.setattr(exclusions, "load", list)
    for one in (update, verdict):
        monkeypatch.setattr(one, "git_info", lambda: GitInfo(documents.COMMIT, dirty=False))
    monkeypatch.setattr(targets, "LEAST_FAULTS", 900)  # the made-up campaign judges 980
    made = Project(tmp_path, synthetic.results(rng), capsys)
    assert made.update().status == 0
    return made


@pytest.fixture
def results(project: Project) -> Results:
    """Return the run that the project's baseline holds."""
    return Results.from_json(project.results)
