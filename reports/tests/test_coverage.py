"""Coverage files merge by source point; a missing or damaged one is an error, never left out in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from regressions.results import HitTotal, MissedPoint, Results, Verdict
from reports import validate
from reports.coverage import attach, collect, merge
from tb.coverage.points import HEADER, CoverageError, Reader

ROOT = Path("/project")


def record(file: str, line: int, kind: str, module: str, name: str, count: int, column: int = 3) -> str:
    """Return a record as Verilator 5.48 writes it."""
    pairs = {
        "f": file,
        "l": line,
        "n": column,
        "t": kind,
        "page": f"v_{kind}/{module}",
        "o": name,
        "S": line,
        "h": f"TOP.top.u_{module}",
    }
    return "C '" + "".join(f"\x01{key}\x02{value}" for key, value in pairs.items()) + f"' {count}\n"


def records(counts: list[int]) -> list[str]:
    """Return the points of a small model with these counts."""
    places = [
        ("/project/rtl/pe/pe.sv", 10, "line", "pe", "block"),
        ("/project/rtl/pe/pe.sv", 12, "branch", "pe", "if"),
        ("/project/rtl/pe/pe.sv", 12, "branch", "pe", "else"),
        ("/project/rtl/core/core.sv", 7, "line", "core__W8", "block"),
        ("/project/rtl/core/core.sv", 7, "line", "core", "block"),
        ("/project/tb/pe/pe_checks.sv", 20, "user", "pe_checks", "c_hold"),
        ("/project/tb/pe/pe_checks.sv", 24, "user", "pe_checks", "cov_both"),
        ("/project/tb/pe/pe_checks.sv", 26, "line", "pe_checks", "block"),
    ]
    return [record(*place, count) for place, count in zip(places, counts, strict=True)]


def write(path: Path, lines: list[str]) -> Path:
    path.write_text(HEADER + "\n" + "".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def first(tmp_path: Path) -> Path:
    return write(tmp_path / "first.dat", records([5, 0, 3, 2, 0, 0, 1, 9]))


@pytest.fixture
def second(tmp_path: Path) -> Path:
    return write(tmp_path / "second.dat", records([1, 0, 0, 0, 0, 4, 0, 9]))


def test_counts_are_added_over_files_and_parametrised_copies(first: Path, second: Path) -> None:
    points = Reader(ROOT).read(first)
    assert len(points) == 7
    assert {point.name: count for point, count in points.items() if point.module == "core"} == {"block": 2}
    merged = merge([first, second], ROOT)
    assert merged.kinds == {"line": HitTotal(3, 4), "user": HitTotal(1, 1), "assertion": HitTotal(1, 1)}
    assert merged.modules == {
        "core": {"line": HitTotal(1, 1)},
        "pe": {"line": HitTotal(2, 3)},
        "pe_checks": {"assertion": HitTotal(1, 1), "user": HitTotal(1, 1)},
    }
    assert merged.missed == [MissedPoint("pe", "rtl/pe/pe.sv", 12, "line", "if")]


def test_order_of_files_does_not_matter(first: Path, second: Path) -> None:
    assert merge([first, second], ROOT) == merge([second, first], ROOT)


def test_a_companion_counts_as_its_assertion(first: Path) -> None:
    alone = merge([first], ROOT)
    assert alone.kinds["assertion"] == HitTotal(0, 1)
    assert [point.name for point in alone.missed if point.kind == "assertion"] == ["c_hold"]


def damage(path: Path, how: str) -> None:
    text = path.read_text(encoding="utf-8")
    if how == "missing":
        path.unlink()
    elif how == "binary":
        path.write_bytes(b"\xff\xfe\x00\x01" * 40)
    else:
        damaged = {
            "empty": "",
            "blank": "\n\n",
            "header only": HEADER + "\n",
            "foreign": "hello\n" + text,
            "cut in a number": text[:-1],
            "cut in a record": text[:-60],
            "cut between records": text[: text.rstrip("\n").rfind("\n") + 1],
            "blank line": text.replace("\nC", "\n\nC", 1),
            "negative count": text.replace("' 5\n", "' -5\n"),
            "count is text": text.replace("' 5\n", "' five\n"),
            "key without value": text.replace("\x01t\x02line", "\x01t\x02", 1),
            "key missing": text.replace("\x01page\x02v_line/pe", "", 1),
            "line is text": text.replace("\x01l\x0210", "\x01l\x02ten", 1),
            "unknown kind": text.replace("\x01t\x02line", "\x01t\x02toggle", 1),
        }[how]
        assert damaged != text
        path.write_text(damaged, encoding="utf-8")


DAMAGE = {
    "missing": "missing; the simulation ended before it wrote its coverage",
    "empty": "empty; the simulation was killed",
    "blank": "empty; the simulation was killed",
    "header only": "holds no coverage point",
    "foreign": ":1: not a coverage file",
    "binary": "cannot be read",
    "cut in a number": "cut short",
    "cut in a record": "cut short",
    "cut between records": "holds 6 of the model's 7 points",
    "blank line": ":2: damaged record",
    "negative count": ":2: damaged record",
    "count is text": ":2: damaged record",
    "key without value": ":2: record without key 't'",
    "key missing": ":2: record without key 'page'",
    "line is text": ":2: line or column is not a number",
    "unknown kind": ":2: coverage of type 'toggle' is not reported",
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_file_is_an_error_that_names_it(first: Path, second: Path, how: str) -> None:
    damage(first, how)
    with pytest.raises(CoverageError) as error:
        merge([first, second], ROOT)
    assert str(first) in str(error.value)
    assert DAMAGE[how] in str(error.value)


def test_the_sound_files_are_kept(first: Path, second: Path) -> None:
    damage(first, "empty")
    kept, problems = collect([first, second], ROOT)
    assert kept == merge([second], ROOT)
    assert len(problems) == 1


def test_no_file_is_an_error() -> None:
    with pytest.raises(CoverageError, match="no coverage file was written"):
        merge([], ROOT)


def test_no_line_of_the_design_is_an_error(tmp_path: Path) -> None:
    covers = write(tmp_path / "covers.dat", records([5, 0, 3, 0, 2, 0, 1, 9])[5:])
    with pytest.raises(CoverageError, match="no file below rtl/ has line coverage"):
        merge([covers], ROOT)


def test_different_models_merge_when_told_so(tmp_path: Path, first: Path) -> None:
    part = write(tmp_path / "part.dat", records([7, 7, 7, 0, 0, 0, 0, 0])[:3])
    with pytest.raises(CoverageError, match=r"part\.dat: holds 3 of the model's 7 points"):
        merge([first, part], ROOT)
    assert merge([first, part], ROOT, same_model=False).kinds["line"] == HitTotal(4, 4)


def test_coverage_joins_the_results(passing: Results, first: Path, second: Path) -> None:
    joined = attach(passing, [first, second], ROOT)
    validate(joined)
    assert joined.coverage == merge([first, second], ROOT)
    assert joined.summary.verdict is Verdict.PASS
    assert [gate.detail for gate in joined.summary.gates if gate.name == "coverage files"] == [
        "2 files merged"
    ]


def test_a_lost_file_fails_the_run_and_keeps_the_rest(passing: Results, first: Path, second: Path) -> None:
    damage(first, "missing")
    joined = attach(passing, [first, second], ROOT)
    validate(joined)
    assert joined.coverage == merge([second], ROOT)
    assert joined.replays == passing.replays
    assert (joined.summary.verdict, joined.summary.exit_status) == (Verdict.FAIL, 1)
    gate = next(gate for gate in joined.summary.gates if gate.name == "coverage files")
    assert not gate.passed
    assert str(first) in gate.detail


def test_no_coverage_at_all_fails_the_run(passing: Results) -> None:
    joined = attach(passing, [], ROOT)
    validate(joined)
    assert joined.coverage is None
    assert joined.summary.exit_status == 1
