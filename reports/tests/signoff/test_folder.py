"""A folder is replaced whole, or stays as it was."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from reports.signoff import absent, folder
from reports.signoff.folder import replace_folder
from reports.writer import ReportError


def test_a_folder_is_replaced(tmp_path: Path) -> None:
    place = tmp_path / "out" / "coverage"
    replace_folder(place, {"index.html": "first", "source/a.html": "a"})
    replace_folder(place, {"index.html": "second", "source/b.html": "b"})
    assert sorted(path.relative_to(place).as_posix() for path in place.rglob("*.html")) == [
        "index.html",
        "source/b.html",
    ]
    assert (place / "index.html").read_text(encoding="utf-8") == "second"
    assert [path.name for path in place.parent.iterdir()] == ["coverage"]


def test_what_was_there_stays_if_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "coverage"
    replace_folder(place, {"index.html": "first"})

    def full(path: Path, text: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(folder, "_write", full)
    with pytest.raises(ReportError, match=r"coverage: was not written: No space .*free space there"):
        replace_folder(place, {"index.html": "second"})
    assert (place / "index.html").read_text(encoding="utf-8") == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["coverage"]


@pytest.mark.parametrize(
    ("error", "told", "message"),
    [
        (OSError(errno.EACCES, "Permission denied"), ReportError, "check its permissions"),
        (KeyboardInterrupt(), KeyboardInterrupt, None),
    ],
    ids=["refused", "interrupted"],
)
def test_what_was_there_comes_back_if_it_cannot_be_replaced(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    told: type[BaseException],
    message: str | None,
) -> None:
    place = tmp_path / "coverage"
    replace_folder(place, {"index.html": "first"})
    rename = Path.rename

    def refuse(path: Path, target: Path) -> Path:
        if path.name == "fresh":
            raise error
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(told, match=message):
        replace_folder(place, {"index.html": "second"})
    assert (place / "index.html").read_text(encoding="utf-8") == "first"


def test_a_report_that_is_not_there_has_a_page_that_says_so(tmp_path: Path) -> None:
    absent.fill(tmp_path, absent.FAULTS)
    page = tmp_path / "faults" / "index.html"
    assert "./run faults" in page.read_text(encoding="utf-8")
    page.write_text("a report", encoding="utf-8")
    absent.fill(tmp_path, absent.FAULTS)
    assert page.read_text(encoding="utf-8") == "a report"
