"""Bits, distances and sums shown for a mismatch are those of the formats."""

from __future__ import annotations

import numpy as np
import pytest

from regressions.results import Operand
from reports.page.bits import bit_fields, distance, running_sums
from reports.text import duration, energy, first_line, macs, percent, plain, signed_percent, size, value_text


def test_running_sums_are_those_of_binary32(rng: np.random.Generator) -> None:
    a = rng.normal(size=500).astype(np.float16) * (rng.random(500) < 0.7)
    b = (rng.normal(size=500) * 100).astype(np.float16)
    operands = [
        Operand(k, "00", float(left), "0000", float(right))
        for k, (left, right) in enumerate(zip(a, b, strict=True))
    ]
    total = np.float32(0)
    for left, right, got in zip(a, b, running_sums(operands), strict=True):
        if left == 0:
            assert got is None
            continue
        total = np.float32(total + np.float32(left) * np.float32(right))
        assert got == float(total)


def test_a_zero_skips_even_infinity() -> None:
    operands = [Operand(0, "00", 0.0, "7C00", float("inf")), Operand(1, "80", -0.0, "7E00", float("nan"))]
    assert running_sums(operands) == [None, None]


def test_distance_counts_representable_values(rng: np.random.Generator) -> None:
    for value in rng.normal(size=100).astype(np.float32):
        code = f"{int(value.view(np.uint32)):08x}"
        up = f"0x{int(np.nextafter(value, np.float32(np.inf)).view(np.uint32)):08X}"
        assert distance(code, up) == 1
        assert distance(up, code) == -1


@pytest.mark.parametrize(
    ("expected", "actual", "apart"),
    [
        ("80000000", "00000000", 0),
        ("80000001", "00000001", 2),
        ("7F7FFFFF", "7F800000", 1),
        ("7FC00000", "00000000", None),
        ("3C00", "3C01", 1),
        ("3C00", "3F800000", None),
    ],
)
def test_distance_at_the_edges(expected: str, actual: str, apart: int | None) -> None:
    assert distance(expected, actual) == apart


def test_fields_mark_the_bits_that_differ() -> None:
    sign, exponent, significand = bit_fields("BF800001", "3F800000")
    assert sign == [("1", True)]
    assert "".join(bit for bit, _ in exponent) == "01111111"
    assert not any(differs for _, differs in exponent)
    assert [differs for _, differs in significand] == [False] * 22 + [True]
    assert [len(field) for field in bit_fields("3C00", "3C00")] == [1, 5, 10]
    assert bit_fields("3C", "3C") == []


def test_numbers_as_text() -> None:
    assert energy(1234.0) == "1.23\u202fnJ"
    assert energy(0.0) == "0\u202fpJ"
    assert energy(608.2e6) == "608\u202fµJ"
    assert size(31_744) == "31.7\u202fkB"
    assert macs(14_400_000) == "14.4\u202fMMAC"
    assert percent(None) == "–"
    assert signed_percent(-0.0004, 2) == "−0.04\u202f%"
    assert signed_percent(-0.00001, 2) == "0.00\u202f%"
    assert signed_percent(0.05) == "+5.0\u202f%"
    assert duration(59.94) == "59.9\u202fs"
    assert duration(183.4) == "3\u202fmin 03\u202fs"
    assert duration(7260) == "2\u202fh 01\u202fmin"


def test_values_tell_neighbours_apart(rng: np.random.Generator) -> None:
    for value in rng.normal(size=200).astype(np.float32):
        assert np.float32(value_text(float(value))) == value
    assert [value_text(float(text)) for text in ("nan", "inf", "-inf")] == ["NaN", "+inf", "-inf"]


def test_terminal_colours_are_taken_out() -> None:
    assert plain("\x1b[1;31merror:\x1b[0m x\x1b]8;;file\x07y") == "error: xy"
    assert first_line("\n\x1b[31m \x1b[0m\n  second \n third") == "second"
