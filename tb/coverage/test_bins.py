"""Crosses count what they are given, once and by name, and nothing while nobody collects."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from tb.coverage import bins
from tb.coverage.bins import CROSSES, BinsError, Cross, Illegal, IllegalBinError, cross_of
from tb.coverage.crosses.__main__ import report

AXES = {"operand": ("zero", "NaN"), "group": ("FP8", "FP16", "none")}
REASON = "no zero is stored"


@pytest.fixture
def cross() -> Iterator[Cross]:
    """Give a cross of 2 x 3 bins, one of them illegal, that nobody else meets; collect with it."""
    before = bins.collecting()
    bins.collect()
    made = Cross("test.cross", AXES, [Illegal(REASON, operand="zero", group="FP16")])
    yield made
    del CROSSES["test.cross"]
    bins.collect(before)


def test_combinations_are_counted(cross: Cross) -> None:
    cross.sample(np.array([0, 1, 1, 1]), np.array([0, 2, 2, 1]))
    cross.sample(1, np.array([[1], [0]]))
    assert bins.take() == {
        "bins:test.cross[zero,FP8]": 1,
        "bins:test.cross[NaN,none]": 2,
        "bins:test.cross[NaN,FP16]": 2,
        "bins:test.cross[NaN,FP8]": 1,
    }
    assert bins.take() == {}


def test_what_is_not_of_interest_is_not_counted(cross: Cross) -> None:
    cross.sample(np.array([-1, 1, 1]), np.array([1, -1, 0]))
    cross.sample(np.zeros(0, np.int64), 0)
    assert bins.take() == {"bins:test.cross[NaN,FP8]": 1}


def test_nothing_is_counted_unless_somebody_collects(cross: Cross) -> None:
    bins.collect(False)
    assert not bins.collecting()
    cross.sample(0, 1)
    cross.add(np.ones((2, 3), np.int64))
    assert bins.take() == {}


def test_an_illegal_bin_fails_the_test(cross: Cross) -> None:
    illegal = r"illegal bin hit: bins:test\.cross\[zero,FP16\], 2 times.*: no zero is stored; correct"
    with pytest.raises(IllegalBinError, match=illegal):
        cross.sample(np.array([0, 1, 0]), 1)
    counts = np.zeros((2, 3), np.int64)
    counts[0, 1] = 2
    with pytest.raises(IllegalBinError, match=illegal):
        cross.add(counts)
    assert bins.take() == {}


def test_legal_and_illegal_bins_are_named(cross: Cross) -> None:
    assert list(cross.legal_keys()) == [
        "bins:test.cross[zero,FP8]",
        "bins:test.cross[zero,none]",
        "bins:test.cross[NaN,FP8]",
        "bins:test.cross[NaN,FP16]",
        "bins:test.cross[NaN,none]",
    ]
    assert cross.illegal_keys() == {"bins:test.cross[zero,FP16]": REASON}
    assert {cross_of(key) for key in cross.legal_keys()} == {"test.cross"}
    assert not any(cross_of(name) for name in ("bins:test.cross", "pe.cov_sum_zero", "pe.cov[1]"))


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ((0,), "1 classes for 2 axes"),
        ((0, 0, 0), "3 classes for 2 axes"),
        ((0, np.array([1, 3])), "axis group: bin 3 of 3"),
        ((2, 0), "axis operand: bin 2 of 2"),
    ],
)
def test_samples_that_have_no_bin_are_named(
    cross: Cross, classes: tuple[bins.Classes, ...], message: str
) -> None:
    with pytest.raises(BinsError, match=f"cross test.cross.*{message}"):
        cross.sample(*classes)
    with pytest.raises(BinsError, match=r"a histogram of \(3, 2\), must be of \(2, 3\)"):
        cross.add(np.zeros((3, 2), np.int64))


@pytest.mark.parametrize(
    ("name", "axes", "illegal", "message"),
    [
        ("test.cross", AXES, (), "there is one of this name"),
        ("test.a", {"axis": ("x,y",)}, (), r"axis axis: 'x,y' cannot name a bin"),
        ("test.a", {"axis": ("x[",)}, (), r"axis axis: 'x\[' cannot name a bin"),
        ("test.a", {"axis": ("",)}, (), "axis axis: '' cannot name a bin"),
        ("test.a", {"axis": ("x", "x")}, (), "no bins, or two of one name"),
        ("test.a", {"axis": ()}, (), "no bins, or two of one name"),
        (
            "test.a",
            AXES,
            [Illegal("no", operand="one")],
            r"there is no operand \['one'\]; correct illegal 'no'",
        ),
        ("test.a", AXES, [Illegal("no", element="zero")], r"there is no element \['zero'\]"),
        ("test.a", AXES, [Illegal("no")], "no combination is legal"),
    ],
)
def test_wrong_declarations_are_named(
    cross: Cross, name: str, axes: dict[str, tuple[str, ...]], illegal: list[Illegal], message: str
) -> None:
    with pytest.raises(BinsError, match=message):
        Cross(name, axes, illegal)
    assert "test.a" not in CROSSES


def test_misses_are_reported_by_feature() -> None:
    test = "tb/arith/test_arith.py::test_fp16_mul_random"
    keys = list(CROSSES["fp16_mul.classes"].legal_keys())
    lines = report({test: set(keys[1:])})
    assert lines == ["fp16-mul: fp16_mul.classes, 80 of 81 bins met, 0 illegal", f"  missed {keys[0]}"]
