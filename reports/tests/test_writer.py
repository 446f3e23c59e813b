"""A report is written whole or not at all, and earlier ones stay."""

from __future__ import annotations

import csv
import json
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from regressions.results import Results
from reports import ResultsError, write
from reports.tests.test_coverage import records
from tb.coverage.points import HEADER

FILES = {"index.html", "junit.xml", "replays.csv", "results.json"}
REPOSITORY = Path(__file__).resolve().parents[2]


def raw_results(results: Results, folder: Path) -> Path:
    path = folder / "raw.json"
    path.write_text(json.dumps(results.to_json()), encoding="utf-8")
    return path


def command_line(*arguments: object, limit: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run ``python -m reports``; with `limit`, no file may grow beyond so many bytes."""

    def limit_files() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run(
        [sys.executable, "-B", "-m", "reports", *map(str, arguments)],
        cwd=REPOSITORY,
        preexec_fn=limit_files,
        capture_output=True,
        text=True,
        check=False,
    )


def test_files(broken: Results, tmp_path: Path) -> None:
    place = write(broken, tmp_path / "out")
    assert {path.name for path in place.iterdir()} == FILES
    latest = tmp_path / "out" / "latest"
    assert latest.resolve() == place.resolve()
    assert Results.from_json(json.loads((latest / "results.json").read_text(encoding="utf-8"))) == broken
    with (latest / "replays.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.reader(file))) == 63


def test_a_document_is_as_good_as_results(broken: Results, tmp_path: Path) -> None:
    one = write(broken, tmp_path / "one")
    two = write(broken.to_json(), tmp_path / "two")
    for name in FILES:
        assert (one / name).read_bytes() == (two / name).read_bytes()


def test_earlier_runs_stay(broken: Results, passing: Results, tmp_path: Path) -> None:
    places = [write(results, tmp_path) for results in (broken, passing, broken)]
    assert len(set(places)) == 3
    for place in places:
        assert {path.name for path in place.iterdir()} == FILES
    assert (tmp_path / "latest").resolve() == places[2].resolve()
    assert {path.name for path in tmp_path.iterdir()} == {"latest", *(place.name for place in places)}


def test_the_folder_may_be_moved(broken: Results, tmp_path: Path) -> None:
    write(broken, tmp_path / "out")
    moved = (tmp_path / "out").rename(tmp_path / "elsewhere")
    assert (moved / "latest" / "index.html").is_file()


def test_where_links_are_not_to_be_had_latest_is_a_copy(
    broken: Results, passing: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("links are not supported here")

    linked = write(passing, tmp_path)
    monkeypatch.setattr(Path, "symlink_to", refuse)
    places = [linked, write(broken, tmp_path), write(passing, tmp_path)]
    assert not (tmp_path / "latest").is_symlink()
    assert (tmp_path / "latest" / "results.json").read_bytes() == (places[-1] / "results.json").read_bytes()
    monkeypatch.undo()
    places.append(write(broken, tmp_path))
    assert (tmp_path / "latest").is_symlink()
    assert {path.name for path in tmp_path.iterdir()} == {"latest", *(place.name for place in places)}


def test_results_that_break_the_contract_are_kept(passing: Results, tmp_path: Path) -> None:
    bad = replace(passing, replays=passing.replays[:-1])
    with pytest.raises(ResultsError, match=r"results\.json: summary\.planned: .*; kept as they came in"):
        write(bad, tmp_path)
    (kept,) = tmp_path.iterdir()
    assert kept.name.startswith("rejected-")
    assert len(json.loads(kept.read_text(encoding="utf-8"))["replays"]) == 61


def test_a_full_disk_loses_nothing(passing: Results, broken: Results, tmp_path: Path) -> None:
    out = tmp_path / "out"
    earlier = write(passing, out)
    before = {path: path.read_bytes() for path in earlier.iterdir()}
    result = command_line(raw_results(broken, tmp_path), "--out", out, limit=50_000)
    assert result.returncode == 2
    assert result.stderr.startswith(f"error: {out}: the report was not written: ")
    assert "earlier reports are untouched; free space" in result.stderr
    assert result.stderr.count("\n") == 1
    assert {path.name for path in out.iterdir()} == {"latest", earlier.name}
    assert (out / "latest").resolve() == earlier.resolve()
    assert {path: path.read_bytes() for path in earlier.iterdir()} == before


def test_a_place_that_cannot_be_written_is_named(passing: Results, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file, not a folder")
    result = command_line(raw_results(passing, tmp_path), "--out", tmp_path / "out")
    assert result.returncode == 2
    assert result.stderr.startswith(f"error: {tmp_path / 'out'}: the report was not written: ")


def test_command_line(passing: Results, broken: Results, tmp_path: Path) -> None:
    good = command_line(raw_results(passing, tmp_path), "--out", tmp_path / "out")
    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout.startswith("PASS 62/62 · resnet18 · core\nreport: ")
    bad = command_line(raw_results(broken, tmp_path), "--out", tmp_path / "out")
    assert (bad.returncode, bad.stderr) == (1, "")
    first, problem, place = bad.stdout.splitlines()
    assert first == "FAIL 55/62 · resnet18 · core"
    assert problem == "layer1.1.conv2-BP: 1 of 1,024 elements differ"
    assert Path(place.removeprefix("report: ")).is_file()


def test_command_line_merges_coverage(passing: Results, tmp_path: Path) -> None:
    sound = tmp_path / "sound.dat"
    sound.write_text(HEADER + "\n" + "".join(records([1] * 8)), encoding="utf-8")
    raw = raw_results(passing, tmp_path)
    assert command_line(raw, "--out", tmp_path / "out", "--coverage", sound).returncode == 0
    result = command_line(raw, "--out", tmp_path / "out", "--coverage", sound, tmp_path / "lost.dat")
    assert result.returncode == 1
    assert f"coverage files: {tmp_path / 'lost.dat'}: missing" in result.stdout
    written = json.loads((tmp_path / "out" / "latest" / "results.json").read_text(encoding="utf-8"))
    assert written["coverage"]["line"] == {"hit": 4, "total": 4}


@pytest.mark.parametrize(
    ("text", "message"), [("{", "Expecting"), ("[]", "must be an object"), (None, "No such")]
)
def test_command_line_refuses_what_are_no_results(tmp_path: Path, text: str | None, message: str) -> None:
    path = tmp_path / "raw.json"
    if text is not None:
        path.write_text(text)
    result = command_line(path, "--out", tmp_path / "out")
    assert result.returncode == 2
    assert result.stderr.startswith(f"error: {path}: ")
    assert message in result.stderr
    assert not (tmp_path / "out").exists()


def test_half_a_report_is_never_seen(
    passing: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever stands below the folder at the moment of the rename is whole."""
    seen = []
    rename = Path.rename

    def look(self: Path, target: Path) -> Path:
        seen.append({path.name for path in self.iterdir()} if self.is_dir() else set())
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", look)
    write(passing, tmp_path)
    assert seen == [FILES]


@pytest.mark.parametrize(
    ("page", "link"),
    [
        ("history.html", '<a href="../history.html">History</a>'),
        ("coverage/index.html", '<a href="../coverage/index.html">Tests</a>'),
        ("faults/index.html", '<a href="../faults/index.html">Faults</a>'),
        ("power/index.html", '<a href="../power/index.html">Power</a>'),
        ("accuracy/index.html", '<a href="../accuracy/index.html">Accuracy</a>'),
    ],
)
def test_other_pages_are_linked_once_they_are_there(
    passing: Results, tmp_path: Path, page: str, link: str
) -> None:
    assert link not in (write(passing, tmp_path) / "index.html").read_text(encoding="utf-8")
    (tmp_path / page).parent.mkdir(exist_ok=True)
    (tmp_path / page).write_text("<p>there</p>", encoding="utf-8")
    assert link in (write(passing, tmp_path) / "index.html").read_text(encoding="utf-8")
