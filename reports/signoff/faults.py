"""The fault campaign's report: ``faults.json`` and its page, in `reports/out/faults`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regressions.json_codec import encode
from regressions.options import REPORTS
from reports.gate.documents import DIRTY, SURVIVED, Caught, Equivalent, FaultsDocument, Survivor, faults_of
from reports.gate.targets import FAULTS
from reports.signoff import absent, page
from reports.signoff.folder import replace_folder
from reports.signoff.markup import address, templates
from tb.coverage.exclusions import Sources

FOLDER = "faults"
DOCUMENT = "faults.json"
_WORD = r'("(?:[^"\\\n]|\\.)*")'
JUDGED = re.compile(rf"^  \[\n\s+{_WORD},\n\s+{_WORD},\n\s+{_WORD}\n\s+\]", re.MULTILINE)
"""A mutant's verdict, which has a line to itself."""
CONTEXT = 2
"""Source lines around a mutant."""


@dataclass(frozen=True)
class Part:
    """Mutants of a file or operator; `survived` are the others, `score` None if none counts."""

    name: str
    caught: Caught

    @property
    def counted(self) -> int:
        """Mutants that are faults."""
        return self.caught.mutants - self.caught.equivalent

    @property
    def survived(self) -> int:
        """Faults that no test caught."""
        return self.counted - self.caught.caught

    @property
    def score(self) -> float | None:
        """Share of the faults that were caught."""
        return self.caught.caught / self.counted if self.counted else None


@dataclass(frozen=True)
class Change:
    """A mutant as a diff: rows of kind (``same``, ``right`` or ``faulty``), line number and text."""

    rows: list[tuple[str, int, str]]


def write(
    document: FaultsDocument | Mapping[str, Any], out: Path = REPORTS, cut: Set[str] = frozenset()
) -> Path:
    """Write document and page of a campaign below the folder of reports; return their folder.

    Parameters
    ----------
    document
        A campaign's, as dataclass or as the JSON that `reports.gate.documents.faults_of` reads.
    cut : set of str
        Survivors that met the nearest tests, but had no time for all: the page marks them.

    Raises
    ------
    regressions.json_codec.ResultsError
        If the document contradicts itself, with the field; nothing is written then.
    reports.writer.ReportError
        If the file system refuses; what was there is untouched.
    """
    values = encode(document) if isinstance(document, FaultsDocument) else document
    checked = faults_of(values)
    text = json.dumps(encode(checked), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    text = JUDGED.sub(r"  [\1, \2, \3]", text)
    folder = out / FOLDER
    replace_folder(folder, {DOCUMENT: text, page.INDEX: render(checked, Sources(), out, cut)})
    absent.fill(out, absent.COVERAGE)
    return folder


def render(document: FaultsDocument, sources: Sources, out: Path, cut: Set[str] = frozenset()) -> str:
    """Return the page; source lines are linked to the coverage pages that are there below `out`."""

    def place(file: str, line: int) -> str:
        path = address(file)
        return f"../coverage/{address(file, line)}" if (out / "coverage" / path).exists() else ""

    return (
        templates()
        .get_template("faults.html")
        .render(
            document=document,
            commit=(document.git.removesuffix(DIRTY)[:12], document.git.endswith(DIRTY)),
            target=FAULTS,
            passed=document.score >= FAULTS and not document.problems,
            files=_parts(document.files),
            operators=_parts(document.operators),
            survivors=[(one, change(one, sources)) for one in document.survivors],
            equivalents=[(one, change(one, sources)) for one in document.equivalents],
            operator_choices=_choices(document.survivors),
            hows=[
                (how, number, number / (document.caught or 1)) for how, number in document.verdicts.items()
            ],
            verdict_choices=_verdicts(document),
            place=place,
            cut=cut,
        )
    )


def change(mutant: Survivor | Equivalent, sources: Sources) -> Change:
    """Return a mutant as a diff of its source lines, as far as the source still has its text there."""
    text = sources.lines(mutant.file)
    last = mutant.line + mutant.right.count("\n")
    first = mutant.line
    right = text[first - 1 : last]
    whole = "\n".join(right)
    if not right or whole.count(mutant.right) != 1:
        plain = [("right", number, line) for number, line in enumerate(mutant.right.split("\n"), first)]
        return Change([*plain, *(("faulty", first, line) for line in mutant.faulty.split("\n"))])
    changed = whole.replace(mutant.right, mutant.faulty).split("\n")

    def same(start: int, end: int) -> list[tuple[str, int, str]]:
        return [("same", at, text[at - 1]) for at in range(max(start, 1), min(end, len(text)) + 1)]

    return Change(
        [
            *same(first - CONTEXT, first - 1),
            *(("right", number, line) for number, line in enumerate(right, first)),
            *(("faulty", number, line) for number, line in enumerate(changed, first)),
            *same(last + 1, last + CONTEXT),
        ]
    )


def _parts(table: Mapping[str, Caught]) -> list[Part]:
    """Return the parts, the one with the lowest score first."""
    parts = [Part(name, caught) for name, caught in table.items()]
    return sorted(parts, key=lambda one: (1.0 if one.score is None else one.score, -one.survived, one.name))


def _verdicts(document: FaultsDocument) -> list[tuple[str, str, str, list[tuple[str, str]]]]:
    counts = {**document.verdicts, SURVIVED: document.survived}
    choices = [(how, f"{how} {number}") for how, number in counts.items() if number]
    return [("verdict", "Verdict", f"all {len(document.judged)}", choices)]


def _choices(survivors: list[Survivor]) -> list[tuple[str, str, str, list[tuple[str, str]]]]:
    totals: dict[str, int] = {}
    for one in survivors:
        totals[one.operator] = totals.get(one.operator, 0) + 1
    choices = [(operator, f"{operator} {totals[operator]}") for operator in sorted(totals)]
    return [("operator", "Operator", f"all {len(survivors)}", choices)]
