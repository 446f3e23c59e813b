"""Bits by signal: ranges that say no more and no less than the bits."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from reports.signoff.listing import missed_rows
from reports.signoff.signals import ranges, signals
from reports.tests.signoff.made_up import BITS, ELSE, LINE
from tb.coverage.points import Kind, Point


def toggle(name: str, line: int = 3) -> Point:
    return Point("pe", "rtl/pe/pe.sv", line, 1, Kind.TOGGLE, name)


def named(*names: str) -> list[tuple[str, str, int]]:
    return [(one.name, one.ways, len(one.points)) for one in signals(toggle(name) for name in names)]


def test_bits_of_a_signal_are_one_range() -> None:
    names = [f"addr_i[{bit}]:{way}" for bit in (*range(20, 32), 7) for way in ("0->1", "1->0")]
    assert named(*names) == [("addr_i[31:20,7]", "both ways", 26)]


def test_ways_are_told_apart() -> None:
    assert named("a[1]:0->1", "a[0]:0->1", "a[3]:1->0", "a[2]:0->1", "a[2]:1->0") == [
        ("a[1:0]", "0→1", 2),
        ("a[3]", "1→0", 1),
        ("a[2]", "both ways", 2),
    ]


def test_a_signal_of_one_bit_and_fields_of_a_structure() -> None:
    assert named("clk_i:0->1", "s.x[1]:1->0", "s.x[0]:1->0", "s.y:1->0") == [
        ("clk_i", "0→1", 1),
        ("s.x[1:0]", "1→0", 2),
        ("s.y", "1→0", 1),
    ]


def test_signals_of_other_lines_and_names_of_another_form_stay_apart() -> None:
    found = signals([toggle("a[0]:0->1", 3), toggle("a[1]:0->1", 4), toggle("odd")])
    assert [(one.name, one.points[0].line) for one in found] == [("a[0]", 3), ("a[1]", 4), ("odd", 3)]


@pytest.mark.parametrize("dimensions", [0, 1, 2, 3])
def test_ranges_cover_just_the_bits(dimensions: int, rng: np.random.Generator) -> None:
    for _ in range(20):
        every = list(itertools.product(range(4), repeat=dimensions))
        bits = [bit for bit in every if rng.random() < 0.6] or every
        written = ranges(bits)
        covered = [bit for text, _ in written for bit in expand(text)]
        assert sorted(covered) == sorted(bits)
        assert sorted(bit for _, members in written for bit in members) == sorted(bits)


def expand(text: str) -> list[tuple[int, ...]]:
    """Read ``[1:0][3,1:0]`` back."""
    axes = []
    for part in text.removeprefix("[").removesuffix("]").split("][") if text else []:
        runs = [[int(end) for end in run.split(":")] for run in part.split(",")]
        axes.append([at for run in runs for at in range(run[-1], run[0] + 1)])
    return list(itertools.product(*axes))


def test_missed_points_as_rows() -> None:
    rows = missed_rows([*BITS[:5], ELSE, LINE])
    assert [(row.kind, row.name, row.place, row.points) for row in rows] == [
        ("line", "block", "rtl/pe/pe.sv:24", 1),
        ("branch", "else", "rtl/pe/pe.sv:42", 1),
        ("toggle", "first_q[1:0] both ways", "rtl/pe/pe.sv:22", 4),
        ("toggle", "first_q[2] 0→1", "rtl/pe/pe.sv:22", 1),
    ]
