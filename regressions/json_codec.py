"""Dataclasses to plain JSON values and back: a wrong, missing or unknown field is an error that names it."""

from __future__ import annotations

import math
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
NON_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
"""JSON has no such numbers: a float that is not finite is written as one of these strings."""


class ResultsError(ValueError):
    """Results do not follow the contract; the message starts with the path of the field."""


def encode(value: object) -> Any:
    """Return `value` (dataclasses, mappings, sequences, enums, scalars) as plain JSON values.

    Floats that are not finite become ``"nan"``, ``"inf"`` or ``"-inf"``, which `decode` takes back.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {_json_name(field.name): encode(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [encode(item) for item in value]
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")
    if value is None or isinstance(value, str | int | float):
        return value
    raise ResultsError(f"a value of type {type(value).__name__} cannot be written as JSON: {value!r}")


def decode(kind: type[T], value: object, where: str = "") -> T:
    """Return `value`, plain JSON, as the dataclass `kind`; `where` is its path in the document.

    Raises
    ------
    ResultsError
        If a field is missing, unknown, or of another type than the dataclass states.
    """
    result: T = _decode(kind, value, where)
    return result


def _json_name(name: str) -> str:
    """Return the JSON key of a field: reserved words carry a trailing underscore in the dataclasses."""
    return name.removesuffix("_")


@cache
def _types(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {_json_name(field.name): hints[field.name] for field in fields(kind)}


def _decode(kind: Any, value: object, where: str) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        choices = get_args(kind)
        if value is None and type(None) in choices:
            return None
        return _decode(next(choice for choice in choices if choice is not type(None)), value, where)
    if origin is list:
        item_kind = get_args(kind)[0]
        items = _expect(list, value, where, "a list")
        return [_decode(item_kind, item, f"{where}[{index}]") for index, item in enumerate(items)]
    if origin is dict:
        item_kind = get_args(kind)[1]
        table = _expect(dict, value, where, "an object")
        return {str(key): _decode(item_kind, item, _join(where, str(key))) for key, item in table.items()}
    if is_dataclass(kind):
        return _decode_dataclass(kind, value, where)
    return _decode_scalar(kind, value, where)


def _decode_dataclass(kind: Any, value: object, where: str) -> Any:
    table = _expect(dict, value, where, "an object")
    known = _types(kind)
    for name in table:
        if name not in known:
            raise ResultsError(f"{_join(where, str(name))}: unknown field (known: {', '.join(known)})")
    for name in known:
        if name not in table:
            raise ResultsError(f"{_join(where, name)}: missing")
    by_json_name = {_json_name(field.name): field.name for field in fields(kind)}
    return kind(
        **{by_json_name[name]: _decode(known[name], table[name], _join(where, name)) for name in known}
    )


def _decode_scalar(kind: Any, value: object, where: str) -> Any:
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        try:
            return kind(_expect(str, value, where, "a string"))
        except ValueError:
            raise ResultsError(f"{where}: is {value!r}, must be one of {', '.join(kind)}") from None
    if kind is float:
        if isinstance(value, str) and value in NON_FINITE:
            return NON_FINITE[value]
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        raise ResultsError(f"{where}: is {value!r}, must be a number")
    if kind is int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise ResultsError(f"{where}: is {value!r}, must be a whole number")
    if kind is bool:
        return _expect(bool, value, where, "true or false")
    return _expect(str, value, where, "a string")


def _expect(kind: type[T], value: object, where: str, name: str) -> T:
    if not isinstance(value, kind):
        raise ResultsError(f"{where or 'the document'}: is {str(value)[:80]!r}, must be {name}")
    return value


def _join(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name
