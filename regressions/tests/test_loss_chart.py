"""The chart of two runs' losses."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree

import pytest

from regressions.training.loss_chart import HEIGHT, WIDTH, Rows, loss_chart

SVG = "{http://www.w3.org/2000/svg}"


def curves(rows: Rows) -> list[list[tuple[float, float]]]:
    drawn = ElementTree.fromstring(loss_chart(rows, "one", "two"))
    lines = [one.attrib["points"].split() for one in drawn.iter(f"{SVG}polyline")]
    return [[(float(x), float(y)) for x, y in (point.split(",") for point in line)] for line in lines]


@pytest.mark.parametrize(
    "rows",
    [
        [(1, 2.5, 2.4), (2, 1.0, 1.5), (3, 0.5, 0.5)],
        [(7, 0.001, 0.002)],
        [(1, 0.0, 0.0), (2, 0.0, 0.0)],
        [(number, 2000 / number, 1 / number) for number in range(1, 400)],
    ],
)
def test_curves_lie_inside_and_a_higher_loss_higher(rows: Rows) -> None:
    for place, line in enumerate(curves(rows), start=1):
        assert len(line) == len(rows)
        for (one, (x, y)), (other, (_, height)) in pairwise(zip(rows, line, strict=True)):
            assert (one[place] > other[place]) >= (y < height)
            assert 0 < x < WIDTH
            assert 0 < y < HEIGHT


def test_names_are_text() -> None:
    made = loss_chart([(1, 1.0, 1.0)], "<&>", "two")
    assert "&lt;&amp;&gt;" in made
    assert [one.text for one in ElementTree.fromstring(made).iter(f"{SVG}text")][-2:] == ["<&>", "two"]
    assert made.count("http") == 1, "the name space, and nothing from outside"
