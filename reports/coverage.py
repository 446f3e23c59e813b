"""Coverage of a run's replays: merged over processes, sorted by kind and module, and what was missed.

Three kinds are reported. ``line``: blocks and branches of the design's own files, below ``rtl/``.
``assertion``: the triggers of assertions. ``user``: all other covers (`tb.coverage.points`). A chip of
several cores counts lines outside of its cores alone; the totals of the other kinds are 0 then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from regressions.results import Coverage, Gate, HitTotal, MissedPoint, Results, with_coverage
from tb.coverage.points import CoverageError, Kind, Point, Reader

KINDS = {Kind.LINE: "line", Kind.BRANCH: "line", Kind.USER: "user", Kind.ASSERTION: "assertion"}
"""What a kind of point is reported as; the builds of replays count no other."""
GATE_NAME = "coverage files"


def collect(
    paths: Sequence[Path], root: Path, *, same_model: bool = True
) -> tuple[Coverage | None, list[str]]:
    """Merge what can be merged.

    Parameters
    ----------
    paths
        Coverage files, one a process.
    root
        Repository root; the paths of sources are reported relative to it.
    same_model
        Whether all files come from one model, and so must hold the same points: one that lacks some is
        damaged.

    Returns
    -------
    coverage : Coverage or None
        Over the readable files; `None` if there are none.
    problems : list of str
        One message a file that was not merged. Any of them makes the coverage figures incomplete.
    """
    problems: list[str] = []
    if not paths:
        problems.append("no coverage file was written; was the model built with coverage?")
    reader = Reader(root, KINDS)
    read: list[tuple[Path, dict[Point, int]]] = []
    for path in paths:
        try:
            read.append((path, reader.read(path)))
        except CoverageError as error:
            problems.append(str(error))
    total: dict[Point, int] = {}
    for _, counts in read:
        for point, count in counts.items():
            total[point] = total.get(point, 0) + count
    if same_model:
        for path, counts in read:
            if len(counts) != len(total):
                problems.append(
                    f"{path}: holds {len(counts)} of the model's {len(total)} points; it was cut short, "
                    "or comes from another build: remove it and run again"
                )
    total = {point: count for point, count in total.items() if point.counts}
    if read and not any(point.kind is Kind.LINE for point in total):
        problems.append("no file below rtl/ has line coverage; was the model built with --coverage-line?")
    return (_summarise(total) if read else None), problems


def merge(paths: Iterable[Path], root: Path, *, same_model: bool = True) -> Coverage:
    """Merge coverage files, as `collect`; raise `CoverageError` with every problem found."""
    coverage, problems = collect(list(paths), root, same_model=same_model)
    if problems or coverage is None:
        raise CoverageError("\n".join(problems))
    return coverage


def attach(results: Results, paths: Sequence[Path], root: Path) -> Results:
    """Return `results` with the merged coverage of `paths`.

    A file that is missing or damaged fails the run through a gate that names it; the rest is kept.
    """
    coverage, problems = collect(paths, root)
    detail = "\n".join(problems) if problems else f"{len(paths)} files merged"
    return with_coverage(results, coverage, Gate(GATE_NAME, not problems, detail))


def _summarise(counts: dict[Point, int]) -> Coverage:
    modules: dict[str, dict[str, HitTotal]] = {}
    kinds = {kind: HitTotal(0, 0) for kind in KINDS.values()}
    missed: list[MissedPoint] = []
    for point in sorted(counts):
        hit, kind = counts[point] > 0, KINDS[point.kind]
        kinds[kind] = _add(kinds[kind], hit)
        module = modules.setdefault(point.module, {})
        module[kind] = _add(module.get(kind, HitTotal(0, 0)), hit)
        if not hit:
            missed.append(MissedPoint(point.module, point.file, point.line, kind, point.name))
    return Coverage(kinds, modules, missed)


def _add(count: HitTotal, hit: bool) -> HitTotal:
    return replace(count, hit=count.hit + hit, total=count.total + 1)
