"""The event model: constants are found back, bad input is refused, voltage and frequency do what they say."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from golden.energy import FP16_MULTIPLY_PJ, FP32_ADD_PJ, SramAccesses, sram_access_pj
from golden.hardware_counters import CORE_COUNTERS
from golden.power.calibration import CalibrationError, calibration_text, load_calibration
from golden.power.components import Component, Precision
from golden.power.events import EVENTS, FOLLOWS, EventError, count_events
from golden.power.fit import Constants, FitError, fit
from golden.power.model import PICO, TABLE_V, EventModel
from golden.power.operating import PUBLISHED, OperatingError, OperatingPoint, parse_point
from golden.presets import PRESETS


def constants(rng: np.random.Generator) -> Constants:
    return {
        one: {name: float(rng.uniform(1, 100)) * PICO for name in names} for one, names in FOLLOWS.items()
    }


def tiles(rng: np.random.Generator, count: int) -> list[dict[str, float]]:
    return [{name: float(rng.integers(100, 10_000)) for name in EVENTS} for _ in range(count)]


def test_events_are_counters_of_the_hardware() -> None:
    assert set(EVENTS) - {"balanced"} <= set(CORE_COUNTERS)
    assert {name for names in FOLLOWS.values() for name in names} == set(EVENTS)
    assert set(FOLLOWS) == set(Component)


def test_fit_finds_the_constants(rng: np.random.Generator) -> None:
    wanted = constants(rng)
    wanted[Component.CONTROL]["elements"] = 0.0
    events = tiles(rng, 12)
    model = EventModel(wanted, 1.0)
    found = fit(events, [model.logic(one) for one in events])
    for component, energies in wanted.items():
        for name, energy in energies.items():
            assert found[component][name] == pytest.approx(energy, rel=1e-6, abs=1e-20), (component, name)


def test_no_energy_is_negative(rng: np.random.Generator) -> None:
    wanted = constants(rng)
    events = tiles(rng, 12)
    energies = [EventModel(wanted, 1.0).logic(one) for one in events]
    for one, measured in zip(events, energies, strict=True):
        measured[Component.MULTIPLIER] -= 50 * PICO * min(one["macs_fp8"], one["macs_fp16"])
    found = fit(events, energies)
    assert min(energy for by_event in found.values() for energy in by_event.values()) >= 0


def test_fit_needs_tiles_enough(rng: np.random.Generator) -> None:
    events = tiles(rng, 3)
    energies = [EventModel(constants(rng), 1.0).logic(one) for one in events]
    with pytest.raises(FitError, match="calibrate on more"):
        fit(events, energies)
    with pytest.raises(FitError, match="3 tiles have events, 2 have energies"):
        fit(events, energies[:2])


def test_events_from_counters() -> None:
    counters = dict.fromkeys(CORE_COUNTERS, 7)
    assert count_events(counters, 3) == {**dict.fromkeys(EVENTS, 7.0), "balanced": 3.0}
    with pytest.raises(EventError, match="'a_beats' is missing"):
        count_events({name: 1 for name in CORE_COUNTERS if name != "a_beats"}, 0)
    with pytest.raises(EventError, match="'cycles' is -1"):
        count_events({**counters, "cycles": -1}, 0)


def test_an_fp16_mac_costs_what_the_table_says(rng: np.random.Generator) -> None:
    model = EventModel(constants(rng), 1.8)
    only = {**dict.fromkeys(EVENTS, 0.0), "macs_fp16": 1000.0, "cycles": 0.0}
    point = OperatingPoint(TABLE_V, 100e6)
    found = model.estimate(only, {}, 0, PRESETS["core"], point).logic
    arithmetic = found[Component.MULTIPLIER] + found[Component.ADDER]
    assert arithmetic == pytest.approx(1000 * (FP16_MULTIPLY_PJ + FP32_ADD_PJ) * PICO)


def test_an_estimate_at_both_points(rng: np.random.Generator) -> None:
    model, events = EventModel(constants(rng), 1.8), tiles(rng, 1)[0]
    memories = {"B rows": [SramAccesses(32, 2304, 1000)]}
    low, high = (model.estimate(events, memories, 64, PRESETS["core"], point) for point in PUBLISHED)
    step = (1.1 / 0.7) ** 2
    for component in Component:
        assert high.logic[component] == pytest.approx(step * low.logic[component])
    assert high.sram["B rows"] == pytest.approx(step * low.sram["B rows"])
    assert low.sram["B rows"] == pytest.approx((0.7 / 0.9) ** 2 * 1000 * sram_access_pj(32, 2304) * PICO)
    assert high.external == low.external > 0, "external memory has a supply of its own"
    assert low.seconds == pytest.approx(4 * high.seconds)
    assert low.leakage / low.seconds < high.leakage / high.seconds, "less leaks at a lower voltage"
    assert high.chip == pytest.approx(sum(high.logic.values()) + high.sram["B rows"] + high.leakage)
    assert high.watts == pytest.approx(high.chip / high.seconds)


SOURCE = {"preset": "core", "commit": "0" * 40}


def test_constants_come_back(rng: np.random.Generator, tmp_path: Path) -> None:
    model, path = EventModel(constants(rng), 1.8), tmp_path / "constants.json"
    path.write_text(calibration_text(model, {**SOURCE, "command": "made up"}), encoding="utf-8")
    again = load_calibration(path)
    assert again.voltage == 1.8
    for component, energies in model.constants.items():
        assert again.constants[component] == pytest.approx(energies, rel=1e-3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[:50], "holds no constants"),
        (lambda text: text.replace("macs_fp16", "macs"), "'macs_fp16'.*make it anew"),
        (lambda text: text.replace('"schema": 1', '"schema": 2'), "schema is 2, must be 1"),
        (
            lambda text: text.replace('"core"', '"tiny"'),
            "source.preset is 'tiny', must be 'core'.*make it anew",
        ),
        (lambda text: text.replace('"commit"', '"committed"'), "'commit'.*make it anew"),
        (lambda text: text.replace("0" * 40, ""), "source.commit is '', must name one"),
        (lambda text: _set(text, "NaN"), r"picojoule.control.cycles is nan, must be finite"),
        (lambda text: _set(text, "Infinity"), r"picojoule.control.cycles is inf, must be finite"),
        (lambda text: _set(text, "-0.5"), r"picojoule.control.cycles is -0.5, must be finite and 0 or more"),
        (lambda text: text.replace('"voltage": 1.8', '"voltage": NaN'), "voltage is nan, must be above 0"),
        (lambda text: text.replace('"voltage": 1.8', '"voltage": 0'), "voltage is 0.0, must be above 0"),
    ],
)
def test_constants_that_are_none(
    rng: np.random.Generator, tmp_path: Path, change: Callable[[str], str], message: str
) -> None:
    path = tmp_path / "constants.json"
    text = calibration_text(EventModel(constants(rng), 1.8), SOURCE)
    changed = change(text)
    assert changed != text
    path.write_text(changed, encoding="utf-8")
    with pytest.raises(CalibrationError, match=message) as caught:
        load_calibration(path)
    assert str(path) in str(caught.value)


def _set(text: str, value: str) -> str:
    """Set the last constant of the file."""
    return re.sub(r'("cycles": )[\d.e-]+(\s*}\s*}\s*}\s*)$', rf"\g<1>{value}\2", text)


def test_what_would_not_be_read_is_not_written(rng: np.random.Generator) -> None:
    negative, none = constants(rng), constants(rng)
    negative[Component.CLOCK]["cycles"] = -PICO
    none[Component.MULTIPLIER]["macs_fp16"] = 0.0
    for wrong, source, message in (
        (negative, SOURCE, "clock.cycles is -1"),
        (none, SOURCE, "an FP16 MAC takes no energy"),
        (constants(rng), {**SOURCE, "preset": "tiny"}, "must be 'core'"),
    ):
        with pytest.raises(CalibrationError, match=message):
            calibration_text(EventModel(wrong, 1.8), source)


def test_the_multiplier_is_split_by_precision(rng: np.random.Generator) -> None:
    model, events = EventModel(constants(rng), 1.8), tiles(rng, 1)[0]
    energies = model.constants[Component.MULTIPLIER]
    parts = model.multiplier(events)
    assert parts[Precision.FP8] == pytest.approx(energies["macs_fp8"] * events["macs_fp8"])
    assert sum(parts.values()) == pytest.approx(model.logic(events)[Component.MULTIPLIER])
    found = model.estimate(events, {}, 0, PRESETS["core"], PUBLISHED[0])
    assert sum(found.multiplier.values()) == pytest.approx(found.logic[Component.MULTIPLIER])
    fp8 = found.multiplier[Precision.FP8] / found.logic[Component.MULTIPLIER]
    assert fp8 == pytest.approx(parts[Precision.FP8] / sum(parts.values()))


def test_the_repository_holds_constants() -> None:
    model = load_calibration()
    for component in (Component.MULTIPLIER, Component.ADDER):
        energies = model.constants[component]
        assert 0.2 < energies["macs_fp8"] / energies["macs_fp16"] < 0.8
    assert 0 < model.node_scale < 1, "its process is older than the table's"


def test_points() -> None:
    assert parse_point("0.7,50") == PUBLISHED[0]
    assert PUBLISHED[1].text == "1.1 V, 200 MHz"
    assert OperatingPoint(0.9, 1e8).leakage(0.9) == 1.0
    for text in ("0.7", "a,b", "1,2,3", ""):
        with pytest.raises(OperatingError, match="give VOLTS,MHZ"):
            parse_point(text)
    for text in ("0.1,50", "12,50", "1,0", "1,nan"):
        with pytest.raises(OperatingError, match=r"give 0.3 to 5 V"):
            parse_point(text)
