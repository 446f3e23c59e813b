r"""Verilator's coverage files: parsed, merged over processes, sorted by kind and module, and what was missed.

A file is plain text, a header line and then one point a line::

    C '\x01key\x02value\x01key\x02value...' count

with the keys ``f`` (file), ``l`` (line), ``n`` (column), ``t`` (type), ``page`` (``v_<type>/<module>``),
``o`` (what the point is: ``block``, ``if``, ``else``, a cover's label) and ``h`` (hierarchy). Counts of the
same point are added: over files, instances and differently parametrised copies (``core__W8``) of a module.

Three kinds are reported. ``line``: blocks and branches of the design's own files, below ``rtl/``.
``assertion``: Verilator counts no assertions, so each assertion ``a_name`` has a companion
``c_name: cover property`` of its antecedent, and that is what counts: an assertion whose antecedent never
held checked nothing. ``user``: all other covers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from regressions.results import Coverage, Gate, HitTotal, MissedPoint, Results, with_coverage

HEADER = "# SystemC::Coverage-3"
RECORD = re.compile(r"C '((?:\x01[^\x01\x02]+\x02[^\x01\x02]*)+)' (\d+)")
KEYS = ("f", "l", "n", "t", "page", "o")
LINE_TYPES = ("line", "branch")
COMPANION_PREFIX = "c_"
GATE_NAME = "coverage files"


class CoverageError(ValueError):
    """A coverage file is missing, empty or damaged, or does not belong to the same model."""


@dataclass(frozen=True, order=True)
class Point:
    """One place in the source that is counted, whatever instance or parametrisation it was counted in."""

    module: str
    file: str
    line: int
    column: int
    kind: str
    name: str


def read_points(path: Path, root: Path) -> dict[Point, int]:
    """Return the counts of one coverage file, with paths below `root` made relative to it.

    Raises
    ------
    CoverageError
        If the file is missing, empty, cut short or otherwise damaged, or holds a kind that is not reported.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise CoverageError(f"{path}: missing; the simulation ended before it wrote its coverage") from None
    except (OSError, UnicodeDecodeError) as error:
        raise CoverageError(f"{path}: cannot be read: {error}") from None
    if not text.strip():
        raise CoverageError(f"{path}: empty; the simulation was killed while it wrote its coverage")
    lines = text.split("\n")
    if lines[0] != HEADER:
        raise CoverageError(f"{path}:1: not a coverage file (begins with {lines[0][:40]!r}, not {HEADER!r})")
    if lines.pop() != "":
        raise CoverageError(f"{path}:{len(lines) + 1}: cut short; run the replay again")
    if len(lines) == 1:
        raise CoverageError(f"{path}: holds no coverage point; was the model built with coverage?")
    counts: dict[Point, int] = {}
    for number, line in enumerate(lines[1:], start=2):
        point, count = _read_record(line, f"{path}:{number}", root)
        counts[point] = counts.get(point, 0) + count
    return counts


def _read_record(line: str, where: str, root: Path) -> tuple[Point, int]:
    match = RECORD.fullmatch(line)
    if match is None:
        raise CoverageError(f"{where}: damaged record {line[:60]!r}; run the replay again")
    values = dict(pair.split("\x02", 1) for pair in match[1].split("\x01")[1:])
    for key in KEYS:
        if not values.get(key):
            raise CoverageError(f"{where}: record without key '{key}'")
    if not values["l"].isdecimal() or not values["n"].isdecimal():
        raise CoverageError(f"{where}: line or column is not a number")
    point = Point(
        module=values["page"].rpartition("/")[2].partition("__")[0],
        file=_relative(values["f"], root),
        line=int(values["l"]),
        column=int(values["n"]),
        kind=_kind(values["t"], values["o"], where),
        name=values["o"],
    )
    return point, int(match[2])


def _kind(point_type: str, name: str, where: str) -> str:
    if point_type in LINE_TYPES:
        return "line"
    if point_type == "user":
        return "assertion" if name.startswith(COMPANION_PREFIX) else "user"
    raise CoverageError(
        f"{where}: coverage of type '{point_type}' is not reported; "
        "build with --coverage-line and --coverage-user only"
    )


def _relative(file: str, root: Path) -> str:
    path = PurePosixPath(file)
    resolved = PurePosixPath(root.resolve().as_posix())
    return str(path.relative_to(resolved)) if path.is_relative_to(resolved) else str(path)


def _counts(point: Point) -> bool:
    """Return whether `point` enters the totals: covers of any file, but lines only of the design's own."""
    return point.kind != "line" or "rtl" in PurePosixPath(point.file).parts[:-1]


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
    read: list[tuple[Path, dict[Point, int]]] = []
    for path in paths:
        try:
            read.append((path, read_points(path, root)))
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
    total = {point: count for point, count in total.items() if _counts(point)}
    if read and not any(point.kind == "line" for point in total):
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
    kinds = {kind: HitTotal(0, 0) for kind in ("line", "user", "assertion")}
    missed: list[MissedPoint] = []
    for point in sorted(counts):
        hit = counts[point] > 0
        kinds[point.kind] = _add(kinds[point.kind], hit)
        module = modules.setdefault(point.module, {})
        module[point.kind] = _add(module.get(point.kind, HitTotal(0, 0)), hit)
        if not hit:
            missed.append(MissedPoint(point.module, point.file, point.line, point.kind, point.name))
    return Coverage(kinds, modules, missed)


def _add(count: HitTotal, hit: bool) -> HitTotal:
    return replace(count, hit=count.hit + hit, total=count.total + 1)
