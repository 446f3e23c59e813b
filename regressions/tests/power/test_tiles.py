"""Tiles: what is cut from a layer, what its variants hold, and what the command line refuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from golden.fgmp import encode
from golden.geometry import Step
from golden.presets import PRESETS, PresetError
from regressions.operands import ReplaySettings
from regressions.option_error import OptionError
from regressions.power import options as power_options
from regressions.power.options import CALIBRATION, VALIDATION, parse_power
from regressions.power.records import Role, Variant
from regressions.power.tiles import MAGNITUDE, SPARSE_DENSITY, TileChoice, cut, parse_tile, variant
from regressions.traces import SAMPLE_PATH, Trace
from tb.core.replay import ReplayInput

TINY = PRESETS["tiny"]
SETTINGS = ReplaySettings("tiny", True, 1)
HERE = ["--liberty", "some.lib"]


def tile(layer: str = "layer1.1.conv1", step: Step = Step.FP, pixels: int = 4) -> ReplayInput:
    choice = TileChoice(layer, step, Role.CALIBRATION)
    return cut(Trace.open(SAMPLE_PATH, verify=False), choice, TINY, SETTINGS, pixels)


@pytest.mark.parametrize("name", [*CALIBRATION, *VALIDATION])
def test_default_tiles_fit_a_core(name: str) -> None:
    choice = parse_tile(name, Role.VALIDATION)
    source = tile(choice.layer, choice.step)
    assert source.a.size > 0
    assert len(source.columns) == TINY.columns
    assert source.geometry.out_height <= 4
    most = 4 if choice.step is Step.WG else 16
    assert source.a.shape[1] == (3 if choice.layer == "stem" else most)


def test_default_tiles_validate_other_shapes_than_they_calibrate() -> None:
    def kinds(names: Sequence[str]) -> set[tuple[Step, int, int]]:
        tiles = [parse_tile(name, Role.VALIDATION) for name in names]
        shapes = [(one.step, tile(one.layer, one.step).geometry) for one in tiles]
        return {(step, geometry.kernel, geometry.stride) for step, geometry in shapes}

    new = kinds(VALIDATION) - kinds(CALIBRATION)
    assert {(Step.FP, 3, 2), (Step.BP, 1, 2), (Step.FP, 1, 2), (Step.FP, 1, 1)} <= new
    assert "stem-WG" in VALIDATION, "three channels, of images, which no other tile has"


@pytest.mark.parametrize(("layer", "step"), [("stem", Step.WG), ("layer1.1.conv1", Step.FP)])
def test_all_fp8_is_all_fp8(layer: str, step: Step) -> None:
    """Some images' pixels lie between the last FP8 code and the binade's end: one binade more holds them."""
    made = variant(tile(layer, step), Variant.FP8, 7)
    assert encode(made.a, made.a_fmt, made.a_e_thr).fp16_count == 0
    assert encode(made.a, made.a_fmt, made.a_e_thr - 1).fp16_count > 0, "the least threshold"


@pytest.mark.parametrize("top", [0x7BFF, 0x7C00, 0x7E00])
def test_what_no_fp8_code_stands_for(top: int) -> None:
    source = tile()
    a = source.a.copy()
    a[0, 0, 0, 0] = top  # the greatest number, infinity, NaN
    with pytest.raises(OptionError, match=r"tile layer1.1.conv1-FP: .* no FP8 code stands for"):
        variant(replace(source, a=a), Variant.FP8, 7)


def test_variants() -> None:
    source = tile()
    zero = (source.a & MAGNITUDE) == 0
    assert 0.1 < zero.mean() < 0.9, "the tile has zeros to fill"
    made = {kind: variant(source, kind, 7) for kind in Variant}
    encoded = {kind: encode(one.a, one.a_fmt, one.a_e_thr) for kind, one in made.items()}
    assert made[Variant.FGMP] is source
    assert encoded[Variant.FP8].fp16_count == 0
    assert encoded[Variant.FP16].fp16_count == encoded[Variant.FP16].nonzero_count == (~zero).sum()
    dense = made[Variant.DENSE].a
    assert ((dense & MAGNITUDE) != 0).all()
    assert np.array_equal(dense[~zero], source.a[~zero])
    assert set(dense[zero].tolist()) <= set(source.a[~zero].tolist())
    sparse = made[Variant.SPARSE].a
    kept = sparse != 0
    assert np.array_equal(sparse[kept], dense[kept])
    assert kept.mean() == pytest.approx(SPARSE_DENSITY, abs=0.05)
    assert np.array_equal(variant(source, Variant.SPARSE, 7).a, sparse)
    assert not np.array_equal(variant(source, Variant.SPARSE, 8).a, sparse)


def test_steps_that_training_has_not() -> None:
    with pytest.raises(OptionError, match="tile stem-BP: training computes no BP at this layer"):
        tile("stem", Step.BP)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--calibrate", "layer1"], "tile 'layer1': give LAYER-STEP"),
        (["--validate", "fc-XX"], "tile 'fc-XX': give LAYER-STEP, STEP being one of FP, BP, WG"),
        (["--validate", CALIBRATION[0]], "cannot both calibrate and validate"),
        (["--calibrate", CALIBRATION[0]], "5 measurements (5 variants a tile) cannot tell 6 energies apart"),
        (
            ["--save-constants", "--preset", "tiny"],
            "--save-constants with --preset tiny: golden/power/calibration.json holds constants of core",
        ),
        (["--preset", "lnpu"], "--preset lnpu: it has 12 cores"),
        (["--pixels", "0"], "--pixels 0: give 1 or more"),
        (["--wire", "-1"], "--wire -1: give 0 to 10"),
        (["--point", "0.7"], "--point: operating point '0.7': give VOLTS,MHZ"),
    ],
)
def test_options_that_cannot_be(words: list[str], message: str) -> None:
    with pytest.raises(OptionError) as caught:
        parse_power([*HERE, *words])
    assert message in str(caught.value)


def test_two_tiles_can_calibrate() -> None:
    options = parse_power([*HERE, "--calibrate", *CALIBRATION[:2], "--save-constants"])
    assert options.save_constants
    assert sum(one.role is Role.CALIBRATION for one in options.tiles) == 2


def test_a_preset_that_is_none() -> None:
    with pytest.raises(PresetError, match="choose one of"):
        parse_power([*HERE, "--preset", "big"])


def test_the_library_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path))
    with pytest.raises(OptionError, match=r"install the package qflow-tech-osu018 .* --liberty FILE"):
        parse_power([])
    library = tmp_path / power_options.LIBRARY
    library.parent.mkdir(parents=True)
    library.touch()
    options = parse_power(["--preset", "tiny", "--point", "0.9,100"])
    assert options.liberty == library
    assert [one.text for one in options.points] == ["0.9 V, 100 MHz"]
    assert options.command == "./run power --preset tiny --point 0.9,100"
