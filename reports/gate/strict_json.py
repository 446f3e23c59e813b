"""JSON files that people merge and machines cut short: read without the leniency of Python's reader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

from regressions.run import shown


class DocumentError(ValueError):
    """A document cannot be compared; the message names file, field and remedy."""


def load(path: Path, remedy: str) -> Any:
    """Return what the JSON file `path` holds.

    Parameters
    ----------
    path
    remedy
        What the user does if the file is no good; ends each message.

    Raises
    ------
    DocumentError
        If the file cannot be read, is no JSON, names a field twice (a merge gone wrong), or holds NaN or an
        infinity, which no comparison can judge.
    """
    name = shown(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DocumentError(f"{name}: is missing; {remedy}") from None
    except OSError as error:
        raise DocumentError(f"{name}: cannot be read: {error.strerror}; {remedy}") from None
    except UnicodeDecodeError:
        raise DocumentError(f"{name}: is not text in UTF-8; {remedy}") from None
    return loads(text, str(name), remedy)


def loads(text: str, name: str, remedy: str) -> Any:
    """Return what the JSON `text` holds; raises `DocumentError` as `load` does, with the text's name."""
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise DocumentError(f"{name}:{error.lineno}: is no JSON ({error.msg}); {remedy}") from None
    except ValueError as error:
        raise DocumentError(f"{name}: {error}; {remedy}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"field {twice!r} occurs twice")
    return table


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"holds {text}, which cannot be compared")
