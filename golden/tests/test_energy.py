"""The first power model: the published points, the stated assumptions, and additivity."""

from __future__ import annotations

from typing import Any

import pytest

from golden import energy
from golden.energy import EnergyError, SramAccesses, energy_pj, sram_access_pj
from golden.presets import PRESETS

NOTHING: dict[str, Any] = {
    "macs_fp8": 0,
    "macs_fp16": 0,
    "adder_tree_adds": 0,
    "psum_adds": 0,
    "sram": [],
    "cycles": 0,
    "external_bytes": 0,
}
CORE = PRESETS["core"]


def test_sram_meets_the_published_points() -> None:
    """64-bit accesses: 8 KB 10 pJ, 32 KB 20 pJ, 1 MB 100 pJ (Horowitz 2014)."""
    for capacity, picojoule in ((8 << 10, 10.0), (32 << 10, 20.0), (1 << 20, 100.0)):
        assert sram_access_pj(8, capacity) == pytest.approx(picojoule)


def test_sram_follows_capacity_and_width() -> None:
    assert sram_access_pj(8, 16 << 10) == pytest.approx(10 * 2**0.5)  # halfway, on the logarithmic scale
    assert sram_access_pj(8, 2 << 10) == pytest.approx(5.0)  # continued below 8 KB with the same power law
    assert sram_access_pj(32, 8 << 10) == pytest.approx(40.0)
    energies = [sram_access_pj(8, 1 << bits) for bits in range(6, 24)]
    assert energies == sorted(energies)


def test_nothing_happening_costs_nothing() -> None:
    assert energy_pj(NOTHING, CORE) == dict.fromkeys(energy.COMPONENTS, 0.0)


def test_arithmetic() -> None:
    result = energy_pj({**NOTHING, "macs_fp16": 1000}, CORE)
    assert result["multiplier"] == pytest.approx(1100)
    assert result["adder"] == pytest.approx(900)
    result = energy_pj({**NOTHING, "macs_fp8": 1000}, CORE)
    assert result["multiplier"] == pytest.approx(400)
    assert result["adder"] == pytest.approx(900)
    result = energy_pj({**NOTHING, "adder_tree_adds": 7, "psum_adds": 3}, CORE)
    assert result["adder"] == pytest.approx(9.0)
    assert result["multiplier"] == 0


def test_fp8_multiply_lies_between_the_bare_array_and_fp16() -> None:
    bare = 0.2 * 44 / 64  # the table's INT8 multiply, by partial-product bits
    assert bare < energy.FP8_MULTIPLY_PJ < energy.FP16_MULTIPLY_PJ


def test_memories() -> None:
    result = energy_pj({**NOTHING, "sram": [SramAccesses(32, 8 << 10, 10), (8, 32 << 10, 5)]}, CORE)
    assert result["sram"] == pytest.approx(10 * 40 + 5 * 20)
    result = energy_pj({**NOTHING, "external_bytes": 8}, CORE)
    assert 1300 < result["external"] < 2600
    assert sum(result.values()) == result["external"]


def test_control_follows_work_and_leakage_time() -> None:
    busy = {**NOTHING, "macs_fp8": 500, "macs_fp16": 20, "sram": [(16, 4096, 90)]}
    result = energy_pj(busy, CORE)
    on_chip = result["multiplier"] + result["adder"] + result["sram"]
    assert result["control"] == pytest.approx(energy.CONTROL_SHARE * on_chip)
    assert result["leakage"] == 0
    idle = energy_pj({**NOTHING, "cycles": 100}, CORE)
    assert idle["leakage"] == pytest.approx(100 * energy.LEAKAGE_SHARE * 64 * 2.0)
    assert sum(idle.values()) == idle["leakage"]
    lnpu = energy_pj({**NOTHING, "cycles": 100}, PRESETS["lnpu"])
    assert lnpu["leakage"] == pytest.approx(12 * idle["leakage"])


def test_energies_add_up() -> None:
    """Two replays together cost the sum of both; every component is in the results' contract."""
    first = {**NOTHING, "macs_fp8": 9, "psum_adds": 4, "cycles": 5, "sram": [(8, 1024, 3)]}
    second = {**NOTHING, "macs_fp16": 2, "external_bytes": 64, "cycles": 7, "sram": [(32, 2048, 1)]}
    both = {key: first[key] + second[key] for key in NOTHING}
    one, two, total = (energy_pj(counters, CORE) for counters in (first, second, both))
    assert tuple(total) == ("multiplier", "adder", "sram", "control", "leakage", "external")
    for component in total:
        assert total[component] == pytest.approx(one[component] + two[component])


def test_the_estimate_says_so() -> None:
    assert energy.ESTIMATE_NOTE.startswith("First estimate")


@pytest.mark.parametrize("name", NOTHING)
def test_missing_counter_is_named(name: str) -> None:
    counters = {key: value for key, value in NOTHING.items() if key != name}
    with pytest.raises(EnergyError, match=f"counter '{name}' is missing"):
        energy_pj(counters, CORE)


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), "many", None])
def test_impossible_counter_is_named(value: object) -> None:
    with pytest.raises(EnergyError, match=r"counter 'cycles' is .*must be a number of events"):
        energy_pj({**NOTHING, "cycles": value}, CORE)


def test_impossible_memory_is_named() -> None:
    with pytest.raises(EnergyError, match="both must be positive"):
        energy_pj({**NOTHING, "sram": [(8, 0, 1)]}, CORE)
    with pytest.raises(EnergyError, match="has -1 accesses"):
        energy_pj({**NOTHING, "sram": [(8, 1024, -1)]}, CORE)
