"""JSON files that people merge and machines cut short: read without the leniency of Python's reader."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any, NoReturn

from regressions.run import shown

SHOWN = 20
"""Characters of a number that a message shows."""
HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""How JSON writes half of a character beyond the first 65,536."""


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
        document = json.loads(
            text,
            object_pairs_hook=_once,
            parse_constant=_refuse_constant,
            parse_int=_whole,
            parse_float=_number,
        )
        if HALF.search(text):  # what cannot be printed or written either
            json.dumps(document, ensure_ascii=False).encode()
        return document
    except json.JSONDecodeError as error:
        raise DocumentError(f"{name}:{error.lineno}: is no JSON ({error.msg}); {remedy}") from None
    except UnicodeEncodeError as error:
        half = error.object[error.start]
        raise DocumentError(f"{name}: holds {half!r}, half of a character; {remedy}") from None
    except ValueError as error:
        raise DocumentError(f"{name}: {error}; {remedy}") from None
    except RecursionError:
        raise DocumentError(f"{name}: is nested too deeply; {remedy}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"field {twice!r} occurs twice")
    return table


def _whole(text: str) -> int:
    _number(text)
    return int(text)


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"holds {text[:SHOWN]}, which is too large")
    return number


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"holds {text}, which cannot be compared")
