"""Counters of work and traffic against counting one by one."""

from __future__ import annotations

import numpy as np
import pytest

from golden.counters import (
    CounterError,
    WorkCounters,
    dense_fp16_cycles,
    ema_bytes,
    ema_bytes_fp16,
    ideal_cycles,
    work_counters,
)
from golden.fgmp import encode
from golden.formats import Fp8Format
from golden.geometry import ConvGeometry, Step
from golden.presets import find_preset
from golden.storage import pack
from golden.tests.reference import SHAPES, Case, met_element, random_case, random_fp16, random_geometry

TINY = find_preset("tiny")


def count(case: Case, columns: int) -> WorkCounters:
    """Count MAC by MAC."""
    total = fp8 = fp16 = 0
    for row in range(case.lowering.rows):
        for k in range(case.lowering.depth):
            where = met_element(case.lowering.geometry, case.lowering.step, row, k)
            if where is not None:
                total += columns
                fp16 += columns * bool(case.a.is_fp16[where])
                fp8 += columns * bool(case.a.nonzero[where] and not case.a.is_fp16[where])
    return WorkCounters(total, fp8, fp16, total - fp8 - fp16)


@pytest.mark.parametrize("step", list(Step))
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "k{}s{}p{}".format(*shape))
def test_macs_of_every_kernel_stride_and_padding(
    rng: np.random.Generator, shape: tuple[int, int, int], step: Step
) -> None:
    for columns in (1, 5):
        case = random_case(rng, random_geometry(rng, shape, 4), step, TINY, density=float(rng.random()))
        assert work_counters(case.lowering, case.a, columns) == count(case, columns)


def test_macs_of_a_whole_layer_need_no_loop_over_them() -> None:
    # 2.3e9 MACs; without padding all rows and K indices meet, so the total is M * N * K.
    geometry = ConvGeometry("wide", 16, 256, 16, 16, 256, 1, 1, 0)
    a = encode(np.full(geometry.x_shape, 0x3C00, np.uint16), Fp8Format.E4M3, 0)
    case = random_case(np.random.default_rng(0), geometry, Step.FP, TINY)
    macs = 16 * 16 * 16 * 256 * 256
    assert work_counters(case.lowering, a, 256) == WorkCounters(macs, 0, macs, 0)


def test_the_three_steps_do_the_same_macs(rng: np.random.Generator) -> None:
    geometry = ConvGeometry("any", 2, 3, 7, 6, 5, 3, 2, 1)
    columns = {Step.FP: 5, Step.BP: 3, Step.WG: 5}
    totals = {
        work_counters(case.lowering, case.a, columns[step]).macs_total
        for step in Step
        for case in [random_case(rng, geometry, step, TINY)]
    }
    assert len(totals) == 1


def test_flushed_elements_are_skipped_work() -> None:
    geometry = ConvGeometry("fc", 1, 4, 1, 1, 1, 1, 1, 0)
    bits = np.array([1.0, 2.0**-19, 2.0, 0.0], np.float16).view(np.uint16).reshape(geometry.x_shape)
    case = random_case(np.random.default_rng(0), geometry, Step.FP, TINY)
    # e_thr 1: the highest FP8 binade is 2^0, so 2 is FP16, and 2^-19 <= 2^(1 - 19) is flushed.
    a = encode(bits, Fp8Format.E4M3, 1)
    assert work_counters(case.lowering, a, 3) == WorkCounters(12, 3, 3, 6)


def test_a_tensor_of_another_shape_is_named(rng: np.random.Generator) -> None:
    case = random_case(rng, ConvGeometry("fc", 1, 4, 1, 1, 1, 1, 1, 0), Step.FP, TINY)
    other = encode(np.zeros((1, 5, 1, 1), np.uint16), Fp8Format.E4M3, 0)
    with pytest.raises(CounterError, match=r"shape \(1, 5, 1, 1\), FP of this layer takes \(1, 4, 1, 1\)"):
        work_counters(case.lowering, other, 1)


@pytest.mark.parametrize(("preset", "pes"), [("tiny", 4), ("core", 64), ("lnpu", 768)])
def test_ideal_and_dense_cycles(preset: str, pes: int) -> None:
    counters = WorkCounters(macs_total=1000, macs_fp8=500, macs_fp16=101, macs_skipped=399)
    assert ideal_cycles(counters, find_preset(preset)) == 351 / pes
    assert dense_fp16_cycles(counters, find_preset(preset)) == 1000 / pes


def test_external_traffic_is_the_stored_size_of_all(rng: np.random.Generator) -> None:
    a = encode(random_fp16(rng, (2, 7, 9, 5), 0.5), Fp8Format.E4M3, 0)
    b = encode(random_fp16(rng, (16, 7, 3, 3)), Fp8Format.E4M3, 0)
    assert ema_bytes(a, b, 1440) == len(pack(a)) + len(pack(b)) + 2880
    assert ema_bytes_fp16(a, b, 1440) == 2 * (630 + 1008 + 1440)
