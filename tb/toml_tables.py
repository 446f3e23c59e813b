"""Files that people keep as lists of tables in TOML: read, with a message for each thing that is wrong."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from tb.toolchain import REPO_ROOT

Table = dict[str, Any]


def shown_name(path: Path) -> str:
    """Name a file in messages: below the repository's root if it lies there."""
    return path.relative_to(REPO_ROOT).as_posix() if path.is_relative_to(REPO_ROOT) else path.name


def read_tables(path: Path, kinds: Collection[str], error: type[ValueError]) -> dict[str, list[Table]]:
    """Return the tables of a file by kind, each kind in the file's order.

    Raises
    ------
    ValueError
        Of the type `error`: if the file cannot be read, is no TOML, or holds anything but lists of tables of
        these kinds.
    """
    name = shown_name(path)
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise error(f"{name}: cannot be read ({problem.strerror}); restore it") from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise error(f"{name}: is not TOML: {problem}; correct it") from problem
    for key, tables in read.items():
        if key not in kinds:
            raise error(f"{name}: unknown table '{key}'; use {' and '.join(f'[[{kind}]]' for kind in kinds)}")
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise error(f"{name}: '{key}' is no list of tables; write [[{key}]]")
    return {kind: read.get(kind, []) for kind in kinds}


def refuse_others(
    where: str, table: Mapping[str, Any], fields: Collection[str], error: type[ValueError]
) -> None:
    """Raise `error` if a table has a field beside `fields`."""
    for field in sorted(table.keys() - set(fields)):
        raise error(f"{where}, {field}: is no field; use {', '.join(fields)}")


def texts_of(
    where: str, table: Mapping[str, Any], fields: Collection[str], error: type[ValueError]
) -> dict[str, str]:
    """Return the fields that must be texts; raise `error` if one is missing or empty."""
    for field in fields:
        if not isinstance(table.get(field), str) or not table[field].strip():
            raise error(f"{where}, {field}: is missing or empty; give it a text")
    return {field: table[field] for field in fields}
