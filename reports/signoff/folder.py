"""A folder of pages and documents below `reports/out`, written whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from regressions.problems import DISK_FULL
from regressions.run import shown
from reports.writer import ReportError


def replace_folder(place: Path, files: Mapping[str, str]) -> None:
    """Put a folder of text files, by their paths in it, in the place of what `place` is.

    A reader finds the folder as it was, as it will be, or, for an instant, none: never half of one.

    Raises
    ------
    ReportError
        If the file system refuses; what was there is there still.
    """
    temporary: Path | None = None
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".writing-{place.name}-", dir=place.parent))
        fresh = temporary / "fresh"
        for name, text in files.items():
            _write(fresh / name, text)
        if place.exists():
            place.rename(temporary / "before")
        try:
            fresh.rename(place)
        except BaseException:
            if (temporary / "before").exists():
                (temporary / "before").rename(place)
            raise
    except OSError as error:
        remedy = "free space there" if error.errno in DISK_FULL else "check its permissions"
        raise ReportError(
            f"{shown(place)}: was not written: {error.strerror}; what was there is untouched; {remedy}"
        ) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
