"""Ratios and the verdict, on made-up tiles: a model that is right passes, one that is not is seen."""

from __future__ import annotations

import pytest

from golden.geometry import Step
from regressions.power.records import LIMIT, Role, TileResult, Variant
from regressions.power.study import PER_MAC, SPARSITY, compare, verdict

ENERGY = {
    Variant.FGMP: 60.0,
    Variant.FP8: 50.0,
    Variant.FP16: 100.0,
    Variant.DENSE: 90.0,
    Variant.SPARSE: 30.0,
}


def tiles(role: Role = Role.VALIDATION, zeros: float = 0.4, wrong: float = 1.0) -> list[TileResult]:
    """Return all variants of a tile; the model's sparse energy is `wrong` times the gates'."""
    return [
        TileResult(
            layer="layer1.0.conv1",
            step=Step.FP,
            variant=kind,
            role=role,
            cycles=100,
            macs=1000 if kind is not Variant.FP8 else 800,
            zeros=zeros,
            fp16=0.0,
            events={},
            gates={"multiplier": energy / 2, "adder": energy / 2},
            levels={"PE": energy * 0.75, "line": energy * 0.25},
            leakage=0.0,
            model={"multiplier": energy * (wrong if kind is Variant.SPARSE else 1)},
            model_multiplier={},
            by_wire={},
            bits_compared=1,
        )
        for kind, energy in ENERGY.items()
    ]


def test_ratios() -> None:
    found = {(one.what, one.over): one for one in compare(tiles(wrong=1.1))}
    mac = found[PER_MAC, Variant.FP8]
    # 50 pJ of 800 MACs over 100 pJ of 1000.
    assert mac.measured == mac.predicted == mac.pe == pytest.approx(0.625)
    assert found[SPARSITY, Variant.FGMP].measured == pytest.approx(2 / 3)
    sparse = found[SPARSITY, Variant.SPARSE]
    assert sparse.measured == pytest.approx(1 / 3)
    assert sparse.error == pytest.approx(0.1)


def test_a_tile_without_zeros_is_not_compared_with_itself() -> None:
    assert [one.over for one in compare(tiles(zeros=0.0))] == [Variant.FP8, Variant.SPARSE]


@pytest.mark.parametrize(("wrong", "passes"), [(1.0, True), (1.14, True), (1.16, False), (0.84, False)])
def test_verdict(wrong: float, passes: bool) -> None:
    worst = verdict(compare(tiles(wrong=wrong)))
    assert worst == pytest.approx(abs(wrong - 1))
    assert (worst <= LIMIT) == passes


def test_only_validation_counts() -> None:
    both = [*compare(tiles(Role.CALIBRATION, wrong=2.0)), *compare(tiles())]
    assert verdict(both) == pytest.approx(0.0, abs=1e-12)


def test_nothing_validated_does_not_pass() -> None:
    assert verdict(compare(tiles(Role.CALIBRATION))) > LIMIT
