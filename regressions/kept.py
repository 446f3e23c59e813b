"""Finished replays that outlive their run, so that an interrupted one goes on where it stood.

Each replay is kept in a folder that is named by the content of all that went into it: the trace, the model of
the RTL, this project's Python and C++, and the replay's options. What has changed is another folder.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from regressions.json_codec import ResultsError, decode
from regressions.order import RECORD, Order
from regressions.problems import writing
from regressions.results import Replay, Status
from tb.build_cache import digest
from tb.toolchain import REPO_ROOT

ROOMS = ("golden", "tb", "regressions")
SUFFIXES = (".py", ".cpp", ".hpp", ".h")
KEY_LENGTH = 16
KEPT_SETS = 4
"""Sets of replays (one a content) that are kept, the newest ones."""


def keep(folder: Path, orders: Mapping[str, Order], *, fresh: bool) -> dict[str, Order]:
    """Return the orders with folders that last; one that passed before has its record there already.

    Parameters
    ----------
    folder : Path
        Of all sets.
    fresh : bool
        Throw away what is kept of these orders.

    Raises
    ------
    WriteError
        If a folder cannot be written.
    """
    if not orders:
        return {}
    first = next(iter(orders.values()))
    with writing(folder, "--runs"):
        place = folder / content_key(first)
        if fresh:
            shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True, exist_ok=True)
        (place / "used").touch()
        kept = {name: replace(order, folder=place / name) for name, order in orders.items()}
        for order in kept.values():
            if not passed(order):
                shutil.rmtree(order.folder, ignore_errors=True)
        for old in sorted(folder.glob("*/used"), key=lambda path: -path.stat().st_mtime_ns)[KEPT_SETS:]:
            shutil.rmtree(old.parent, ignore_errors=True)
    return kept


def passed(order: Order) -> bool:
    """Return whether a replay has a sound record of having passed."""
    try:
        record = decode(Replay, json.loads((order.folder / RECORD).read_text(encoding="utf-8")))
    except (OSError, ValueError, ResultsError):
        return False
    return (record.layer, record.step, record.status) == (order.layer, order.step, Status.PASS)


def content_key(order: Order) -> str:
    """Return the name of all that an order's result follows from, layer and step apart."""
    parts = {
        "trace": digest(order.trace.read_bytes()),
        "model": order.build.dir.name,
        "settings": order.to_json()["settings"],
        "code": {str(path.relative_to(REPO_ROOT)): digest(path.read_bytes()) for path in _code()},
    }
    return digest(json.dumps(parts, sort_keys=True).encode())[:KEY_LENGTH]


def _code() -> Iterator[Path]:
    for room in ROOMS:
        for path in sorted((REPO_ROOT / room).rglob("*")):
            if path.suffix in SUFFIXES and not {"tests", "capture"} & set(path.parts):
                yield path
