"""Files that a campaign writes as it goes, and reads again when it goes on: one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from tb.build_cache import write_whole
from tb.mutation.worker import Outcome, Timing, Verdict
from tb.mutation.workers import CampaignError

T = TypeVar("T")


def drop_torn_line(path: Path) -> None:
    """Drop the line that a campaign was writing when it was killed."""
    if path.is_file():
        whole = path.read_bytes().rpartition(b"\n")
        if whole[2]:
            write_whole(path, whole[0] + whole[1])


def outcomes(path: Path) -> list[Outcome]:
    """Return the verdicts of a file, none if it is not there; raises `CampaignError` if it is damaged."""
    return list(_read(path, _outcome))


def timings(path: Path) -> list[Timing]:
    """Return what tests take, as `outcomes` does verdicts."""
    return list(_read(path, lambda raw: Timing(_text(raw["test"]), _seconds(raw["seconds"]))))


def builds(path: Path) -> list[tuple[str, str]]:
    """Return mutants (`Campaign.models`) and test of each build of models, as `outcomes` does verdicts."""
    return list(_read(path, lambda raw: (_text(raw["models"]), _text(raw["test"]))))


def spent(path: Path) -> list[float]:
    """Return the seconds that runs of the campaign took, as `outcomes` does verdicts."""
    return list(_read(path, lambda raw: raw["seconds"] + 0.0))


def _read(path: Path, build: Callable[[dict[str, Any]], T]) -> Iterator[T]:
    if not path.is_file():
        return
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            one = build(json.loads(line, parse_constant=_refuse))
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
            raise CampaignError(f"{path}:{number}: is damaged ({error}); delete it") from None
        yield one


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _outcome(raw: dict[str, Any]) -> Outcome:
    mutant, test = _text(raw["mutant"]), _text(raw["test"])
    return Outcome(mutant, Verdict(raw["verdict"]), test, raw["seconds"] + 0.0, int(raw["tests"]))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _seconds(value: Any) -> float | None:
    return None if value is None else value + 0.0
