"""The database of runs: one SQLite file, safe to append to from several processes, never overwritten.

::

    runs      one row a run: when, what, on what, verdict
    measures  what is measured, once: level and scope, name, unit
    readings  a measure in a run
    figures   the two joined, to ask with any SQLite client: run, level, scope, name, value, unit

A run is appended in one transaction, whole or not at all. The file's `application_id` says that it is such a
history, its `user_version` is the schema's; an older schema is brought up to date in the same transaction. A
file that is damaged, newer or of another program is left as it is.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import NamedTuple

APPLICATION_ID = int.from_bytes(b"LNPU", "big")
BUSY_S = 30.0
"""How long an append waits for another process's."""

MIGRATIONS: list[tuple[str, ...]] = [
    (
        """CREATE TABLE runs (
            id INTEGER PRIMARY KEY,
            started TEXT NOT NULL,
            source TEXT NOT NULL,
            suite TEXT NOT NULL,
            preset TEXT NOT NULL,
            trace TEXT NOT NULL,
            trace_file TEXT NOT NULL,
            settings TEXT NOT NULL,
            selection TEXT NOT NULL,
            seed INTEGER NOT NULL,
            git_commit TEXT,
            git_dirty INTEGER NOT NULL,
            tools TEXT NOT NULL,
            verdict TEXT NOT NULL,
            wall_s REAL NOT NULL,
            command TEXT NOT NULL,
            document TEXT NOT NULL UNIQUE
        )""",
        """CREATE TABLE measures (
            id INTEGER PRIMARY KEY,
            level TEXT NOT NULL,
            scope TEXT NOT NULL,
            name TEXT NOT NULL,
            unit TEXT NOT NULL,
            UNIQUE (level, scope, name, unit)
        )""",
        """CREATE TABLE readings (
            measure INTEGER NOT NULL REFERENCES measures (id),
            run INTEGER NOT NULL REFERENCES runs (id),
            value NOT NULL,
            PRIMARY KEY (measure, run)
        ) WITHOUT ROWID""",
        """CREATE VIEW figures AS
            SELECT readings.run, measures.level, measures.scope, measures.name, readings.value, measures.unit
            FROM readings JOIN measures ON measures.id = readings.measure""",
    ),
]
"""Statements that lead from each schema to the next, the first from an empty file."""


class HistoryError(RuntimeError):
    """The history cannot be read or appended to; the file is as it was."""


class Measure(NamedTuple):
    """What is measured: `level` is the kind of `scope` (``total``, ``step``, ``layer``, ``replay``, ...)."""

    level: str
    scope: str
    name: str
    unit: str


class Reading(NamedTuple):
    """A measure's value in a run."""

    measure: Measure
    value: int | float


@dataclass(frozen=True)
class Run:
    """One run.

    Attributes
    ----------
    started : str
        ISO 8601, UTC.
    source : str
        Kind of document: ``results``, ``coverage``, ``faults``.
    suite, preset : str
    trace, trace_file : str
        Digest of the replayed tensors, and where they lay.
    settings : str
        All that was chosen and can move a figure, as JSON with sorted keys.
    selection : str
        Digest of what was run of the suite; sums compare only between equal ones.
    seed : int
    git_commit : str or None
    git_dirty : bool
    tools : str
        Versions by name, as JSON with sorted keys.
    verdict : str
        ``pass`` or ``fail``.
    wall_s : float
    command : str
    document : str
        Digest of the document: the same one is appended once.
    """

    started: str
    source: str
    suite: str
    preset: str
    trace: str
    trace_file: str
    settings: str
    selection: str
    seed: int
    git_commit: str | None
    git_dirty: bool
    tools: str
    verdict: str
    wall_s: float
    command: str
    document: str

    @property
    def comparison(self) -> tuple[str, ...]:
        """What two runs must share for their figures to be comparable."""
        return (self.source, self.suite, self.preset, self.trace, self.settings)


class Stored(NamedTuple):
    """A run in the history, by its number there."""

    number: int
    run: Run


_COLUMNS = ", ".join(field.name for field in fields(Run))


def schema_version() -> int:
    """Return the version of the schema that this code writes."""
    return len(MIGRATIONS)


def append_run(path: Path, run: Run, readings: Sequence[Reading]) -> int:
    """Append a run in one transaction; return its number, the old one if its document is there already.

    Raises
    ------
    HistoryError
        If the file is damaged, newer, of another program, locked for long, or cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HistoryError(
            f"{path}: cannot be written: {error.strerror}; name another with --history"
        ) from error
    with _transaction(path, "BEGIN IMMEDIATE") as database:
        row = database.execute("SELECT id FROM runs WHERE document = ?", (run.document,)).fetchone()
        if row is not None:
            return int(row[0])
        marks = ", ".join("?" * len(fields(Run)))
        number = database.execute(f"INSERT INTO runs ({_COLUMNS}) VALUES ({marks})", astuple(run)).lastrowid
        assert number is not None
        measures = [reading.measure for reading in readings]
        database.executemany(
            "INSERT OR IGNORE INTO measures (level, scope, name, unit) VALUES (?, ?, ?, ?)", measures
        )
        database.executemany(
            """INSERT INTO readings (measure, run, value) SELECT id, ?, ? FROM measures
            WHERE level = ? AND scope = ? AND name = ? AND unit = ?""",
            [(number, reading.value, *reading.measure) for reading in readings],
        )
        return number


def load_runs(path: Path) -> list[Stored]:
    """Return all runs in the order of their start.

    Raises
    ------
    HistoryError
        If there is no such history, or it cannot be read.
    """
    _require(path)
    with _transaction(path) as database:
        rows = database.execute(f"SELECT id, {_COLUMNS} FROM runs ORDER BY started, id").fetchall()
    return [Stored(row[0], _run(row[1:])) for row in rows]


def load_readings(path: Path) -> Iterator[tuple[Measure, int, int | float]]:
    """Yield measure, number of the run and value of all readings, one measure after the other.

    Raises
    ------
    HistoryError
        If there is no such history, or it cannot be read.
    """
    _require(path)
    with _transaction(path) as database:
        measures = {
            row[0]: Measure(*row[1:])
            for row in database.execute("SELECT id, level, scope, name, unit FROM measures")
        }
        rows = database.execute("SELECT measure, run, value FROM readings ORDER BY measure, run")
        for measure, run, value in rows:
            yield measures[measure], run, value


def _run(row: Sequence[object]) -> Run:
    values = {field.name: value for field, value in zip(fields(Run), row, strict=True)}
    values["git_dirty"] = bool(values["git_dirty"])
    return Run(**values)  # type: ignore[arg-type]  # the columns are the fields


def _require(path: Path) -> None:
    if not path.is_file():
        raise HistoryError(f"{path}: there is no history yet; './run regress' starts one")


@contextmanager
def _transaction(path: Path, begin: str = "BEGIN") -> Iterator[sqlite3.Connection]:
    """Open the history, check and migrate it, and commit what is done in the context; all or nothing.

    Who appends takes the lock at once (``BEGIN IMMEDIATE``); who reads waits for none and needs no permission
    to write, unless there is something to migrate.
    """
    database: sqlite3.Connection | None = None
    try:
        database = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
        database.execute(begin)
        _prepare(database, path)
        yield database
        database.execute("COMMIT")
    except sqlite3.Error as error:
        raise HistoryError(_explain(error, path)) from error
    finally:
        if database is not None:
            with contextlib.suppress(sqlite3.Error):
                if database.in_transaction:
                    database.execute("ROLLBACK")
            database.close()


def _prepare(database: sqlite3.Connection, path: Path) -> None:
    """Check that the file is a sound history of a known schema, and bring it up to date."""
    application = _pragma(database, "application_id")
    version = _pragma(database, "user_version")
    (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != APPLICATION_ID and (application or version or tables):
        raise HistoryError(
            f"{path}: is a database of another program, left as it is; name another file with --history"
        )
    if version > schema_version():
        raise HistoryError(
            f"{path}: schema {version} is newer than this version's, {schema_version()}; it is left as it "
            "is: update the project, or name another file with --history"
        )
    (sound,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if sound != "ok":
        raise HistoryError(_damaged(path, sound))
    if version < schema_version():
        for statements in MIGRATIONS[version:]:
            for statement in statements:
                database.execute(statement)
        database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        database.execute(f"PRAGMA user_version = {schema_version()}")


def _pragma(database: sqlite3.Connection, name: str) -> int:
    return int(database.execute(f"PRAGMA {name}").fetchone()[0])


def _explain(error: sqlite3.Error, path: Path) -> str:
    cause = str(error)
    if "locked" in cause:
        return f"{path}: another process has held it for over {BUSY_S:.0f} s; append again when it has ended"
    if "full" in cause:
        return f"{path}: the disk is full; free space there, or name another file with --history"
    if any(word in cause for word in ("unable to open", "readonly", "disk I/O")):
        return (
            f"{path}: cannot be opened for writing ({cause}); check it and the permissions of its folder, or "
            "name another file with --history"
        )
    return _damaged(path, cause)


def _damaged(path: Path, cause: str) -> str:
    return (
        f"{path}: is damaged or no history ({cause}) and is left as it is; restore a copy or move it away, "
        "or name another file with --history"
    )


def as_json(value: object) -> str:
    """Return `value` as JSON with sorted keys: equal text for equal values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
