"""The report folder of a run, written whole or not at all; earlier runs stay beside it.

::

    reports/out/20250131T021500-1/   results.json, junit.xml, replays.csv, index.html (triage/, if any failed)
    reports/out/latest -> 20250131T021500-1
"""

from __future__ import annotations

import errno
import json
import os
import shlex
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from regressions.results import Results
from regressions.run import shown
from regressions.triage.records import TriagedCase
from reports import junit, page, replays_csv
from reports.schema import ResultsError, validate

LATEST = "latest"
RESULTS = "results.json"
JUNIT = "junit.xml"
CSV = "replays.csv"
PAGE = "index.html"
HISTORY_PAGE = "history.html"
"""The page of earlier runs, in the folder of all reports."""
RELATED = (
    (HISTORY_PAGE, "History"),
    (f"coverage/{PAGE}", "Tests"),
    (f"faults/{PAGE}", "Faults"),
    (f"traffic/{PAGE}", "Traffic"),
    (f"power/{PAGE}", "Power"),
    (f"accuracy/{PAGE}", "Accuracy"),
    (f"fidelity/{PAGE}", "Fidelity"),
)
"""Pages in the folder of all reports that a run's page links to, with their labels."""


class ReportError(RuntimeError):
    """The report could not be written; earlier reports are untouched."""


def write(results: Results | Mapping[str, Any], out_dir: Path, files: Path | None = None) -> Path:
    """Write the report of `results` below `out_dir` and point `out_dir/latest` at it.

    Everything is written to a temporary folder beside its place and then renamed, so that a reader sees
    the previous report or this one, never half of one.

    Parameters
    ----------
    results
        What the regression found, or the document of `results.json`.
    out_dir
        Folder of all reports, created if need be.
    files
        Folder of the files that the results name (reproducers, waves); what is there comes into the report.

    Returns
    -------
    Path
        The run's own folder.

    Raises
    ------
    ResultsError
        If the results break the contract. They are kept as they came in `out_dir/rejected-<time>.json`.
    ReportError
        If the file system refuses (disk full, no permission). Nothing of earlier reports is lost.
    """
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    try:
        validate(results)
        checked = results if isinstance(results, Results) else Results.from_json(results)
        checked = with_kept_files(checked, files)
    except ResultsError as error:
        kept = _keep_rejected(results, out_dir, stamp)
        raise ResultsError(f"results.json: {error}{kept}") from error
    temporary: Path | None = None
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".writing-", dir=out_dir))
        temporary.chmod(0o755)
        if files is not None:
            _take_along(checked, files, temporary)
        for place in (out_dir / f"{stamp}-{number}" for number in count(1)):
            if not place.exists():
                _write_documents(with_copies_named(checked, place), temporary, out_dir)
                if _moved(temporary, place):
                    break
        temporary = None
        _point_latest(out_dir, place)
    except OSError as error:
        raise ReportError(_explain(error, out_dir)) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
    return place


def _write_documents(results: Results, folder: Path, out_dir: Path) -> None:
    for name, text in (
        (RESULTS, _json_text(results.to_json())),
        (JUNIT, junit.render(results)),
        (CSV, replays_csv.render(results)),
        (PAGE, page.render(results, _related(out_dir))),
    ):
        _write_file(folder / name, text)


def _related(out_dir: Path) -> list[tuple[str, str]]:
    """Return the pages beside the report's folder that it links to: those that have been written."""
    return [(f"../{page}", label) for page, label in RELATED if (out_dir / page).is_file()]


def _json_text(document: object) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _write_file(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def with_kept_files(results: Results, files: Path | None) -> Results:
    """Return results that name only those files of triage that are still there."""
    if results.triage is None:
        return results

    def kept(name: str) -> bool:
        return files is not None and bool(name) and (files / name).is_file()

    def only_kept(case: TriagedCase | None) -> TriagedCase | None:
        if case is None:
            return None
        waves = case.waves if case.waves is not None and kept(case.waves.file) else None
        return replace(case, file=case.file if kept(case.file) else "", waves=waves)

    buckets = [
        replace(bucket, original=only_kept(bucket.original), shrunk=only_kept(bucket.shrunk))
        for bucket in results.triage.buckets
    ]
    return replace(results, triage=replace(results.triage, buckets=buckets))


def with_copies_named(results: Results, place: Path) -> Results:
    """Return results whose commands name the reproducers in `place`: a run's own folder is soon thrown away.

    Parameters
    ----------
    results
        Those that `with_kept_files` returned: of a file that is lost no copy is named.
    place
        The report's folder.
    """
    if results.triage is None:
        return results

    def named(case: TriagedCase | None) -> TriagedCase | None:
        if case is None or not case.file:
            return case
        words = shlex.split(case.command)
        copy = str(shown(place / case.file))
        return replace(
            case, command=shlex.join([copy if word.endswith(case.file) else word for word in words])
        )

    buckets = [
        replace(bucket, original=named(bucket.original), shrunk=named(bucket.shrunk))
        for bucket in results.triage.buckets
    ]
    return replace(results, triage=replace(results.triage, buckets=buckets))


def _take_along(results: Results, source: Path, place: Path) -> None:
    """Put reproducers and waves into the report: linked where the file system can, since waves are large."""
    for name in _triage_files(results):
        origin, copy = source / name, place / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(origin, copy)
        except OSError:
            shutil.copyfile(origin, copy)


def _triage_files(results: Results) -> list[str]:
    """Return the files that triage left, relative to the folder of ``results.json``."""
    buckets = results.triage.buckets if results.triage is not None else []
    cases = [case for bucket in buckets for case in (bucket.shrunk, bucket.original) if case is not None]
    return [name for case in cases for name in (case.file, case.waves.file if case.waves else "") if name]


def _moved(temporary: Path, place: Path) -> bool:
    """Rename `temporary`; False if another report took the place: a filled folder cannot be replaced."""
    try:
        temporary.rename(place)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        return False
    return True


def _point_latest(out_dir: Path, place: Path) -> None:
    """Point `latest` at `place` in one step: by a link, or by a copy where links are not to be had."""
    latest = out_dir / LATEST
    fresh = out_dir / f".{LATEST}-{place.name}"
    try:
        fresh.symlink_to(place.name, target_is_directory=True)
    except (OSError, NotImplementedError):
        shutil.copytree(place, fresh)
    if latest.is_dir() and not (latest.is_symlink() and fresh.is_symlink()):
        retired = out_dir / f".{LATEST}-before-{place.name}"
        latest.rename(retired)
        fresh.rename(latest)
        if retired.is_symlink():
            retired.unlink()
        else:
            shutil.rmtree(retired, ignore_errors=True)
    else:
        fresh.replace(latest)


def _keep_rejected(results: Results | Mapping[str, Any], out_dir: Path, stamp: str) -> str:
    """Save results that break the contract, so that no night's work is lost; return where."""
    path = out_dir / f"rejected-{stamp}.json"
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        document = results.to_json() if isinstance(results, Results) else results
        _write_file(path, json.dumps(document, indent=1, default=repr) + "\n")
    except (OSError, ValueError, TypeError) as error:
        return f"; they could not be kept either ({error})"
    return f"; kept as they came in {path}"


def _explain(error: OSError, out_dir: Path) -> str:
    where = error.filename or out_dir
    remedy = "check its permissions"
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        remedy = f"free space, or remove old runs below {out_dir}"
    return (
        f"{where}: the report was not written: {error.strerror}; earlier reports are untouched; "
        f"{remedy}, then report again"
    )
