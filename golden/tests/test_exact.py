"""Exact products against a literal float32 reference, and against float64 within a proven bound."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from golden.exact import ExactError, exact_product, finish_fp16, postprocess
from golden.formats import FormatError
from golden.geometry import ConvGeometry, Step
from golden.lowering import b_matrix, result_tensor
from golden.presets import find_preset
from golden.tests.reference import (
    SHAPES,
    Case,
    additions,
    convolution_step,
    make_case,
    random_case,
    random_fp16,
    random_geometry,
    reference_product,
    with_specials,
)

TINY, CORE = find_preset("tiny"), find_preset("core")
SMALL = ConvGeometry("small", 2, 5, 4, 3, 4, 3, 1, 1)
STEPS = list(Step)
F32_ROUNDING = 2.0**-24
"""Largest relative error of one rounding to float32."""


def check(case: Case) -> np.ndarray:
    """Compare with the literal reference; return the result bits."""
    found = exact_product(case.lowering, case.a, case.b)
    wanted = reference_product(case.lowering, case.a, case.b)
    assert found.dtype == np.uint32
    assert found.shape == wanted.shape
    different = np.argwhere(found != wanted)
    assert not different.size, (
        f"{len(different)} of {found.size} differ, first at (row, column) {different[0]}: "
        f"{found[tuple(different[0])]:08x}, wanted {wanted[tuple(different[0])]:08x}"
    )
    return found


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "k{}s{}p{}".format(*shape))
def test_every_kernel_stride_and_padding(
    rng: np.random.Generator, shape: tuple[int, int, int], step: Step
) -> None:
    for preset, channels, extra in ((TINY, 7, 3), (CORE, 24, 2), (CORE, 5, 3)):
        geometry = random_geometry(rng, shape, channels, extra)
        check(random_case(rng, geometry, step, preset, balancer=bool(rng.integers(2))))


@pytest.mark.parametrize("balancer", [True, False])
@pytest.mark.parametrize("step", STEPS)
def test_many_groups_with_a_tail(rng: np.random.Generator, step: Step, balancer: bool) -> None:
    # 3x3 on `core`: groups of 32 channels, so 2 full ones and a tail of 5; 1x1 on `tiny`: groups of 16.
    for preset, channels, kernel in ((CORE, 69, 3), (TINY, 37, 1)):
        geometry = ConvGeometry("deep", 1, channels, 3, 2, channels, kernel, 1, kernel // 2)
        check(random_case(rng, geometry, step, preset, balancer=balancer))


@pytest.mark.parametrize("step", STEPS)
def test_fully_connected_layer_with_a_batch(rng: np.random.Generator, step: Step) -> None:
    geometry = ConvGeometry("fc", 11, 83, 1, 1, 10, 1, 1, 0)
    check(random_case(rng, geometry, step, TINY, columns=5))


@pytest.mark.parametrize("lines", [1, 2, 4, 16])
@pytest.mark.parametrize("rows", [1, 5, 36])
def test_other_numbers_of_lines_and_rows(rng: np.random.Generator, lines: int, rows: int) -> None:
    preset = replace(CORE, lines=lines, rows=rows)
    for step in STEPS:
        check(random_case(rng, replace(SMALL, in_channels=19, out_channels=18), step, preset))


@pytest.mark.parametrize("columns", [1, 8, 15, 16, 17, 32, 33, 48, 65])
def test_every_tail_of_columns(rng: np.random.Generator, columns: int) -> None:
    for step in STEPS:
        check(random_case(rng, SMALL, step, TINY, columns=columns))


@pytest.mark.parametrize("pixels", range(1, 18))
def test_every_tail_of_rows(rng: np.random.Generator, pixels: int) -> None:
    check(random_case(rng, ConvGeometry("row", 1, 5, 1, pixels, 3, 1, 1, 0), Step.FP, TINY))


@pytest.mark.parametrize("density", [0.0, 0.02, 0.3, 1.0])
@pytest.mark.parametrize("step", STEPS)
def test_every_density(rng: np.random.Generator, step: Step, density: float) -> None:
    bits = check(random_case(rng, SMALL, step, TINY, density=density))
    if density == 0.0:
        assert not bits.any()  # +0, not -0


@pytest.mark.parametrize("specials_in", ["A", "B", "both"])
@pytest.mark.parametrize("step", STEPS)
def test_infinities_and_nans(rng: np.random.Generator, step: Step, specials_in: str) -> None:
    for preset in (TINY, CORE):
        case = random_case(rng, SMALL, step, preset, columns=19, density=0.5)
        a_bits, b = case.a.decoded, case.b
        a_bits = a_bits if specials_in == "B" else with_specials(rng, a_bits)
        b = b if specials_in == "A" else with_specials(rng, b)
        check(make_case(SMALL, step, preset, a_bits, b))


@pytest.mark.parametrize("bits", [0x7C00, 0xFC00, 0x7E00, 0x7C01, 0xFFFF])
@pytest.mark.parametrize("step", STEPS)
def test_a_zero_is_skipped_even_against_infinity_and_nan(
    rng: np.random.Generator, step: Step, bits: int
) -> None:
    case = random_case(rng, SMALL, step, TINY)
    finite = exact_product(case.lowering, case.a, case.b)
    dead = case.a.decoded.copy()
    dead[:, 2] = rng.choice(np.array([0, 0x8000], np.uint16), dead[:, 2].shape)
    b = case.b.copy()
    if step is Step.WG:
        # A's channels are rows of the product: only those of channel 2 stay finite, at +0.
        b[:] = bits
        rows = exact_product(case.lowering, make_case(SMALL, step, TINY, dead, b).a, b)
        rows = rows.reshape(SMALL.in_channels, SMALL.taps, -1)
        assert not rows[2].any()
        assert (rows[[0, 1, 3, 4]] & 0x7F800000 == 0x7F800000).any()
        return
    b[2 * SMALL.taps : 3 * SMALL.taps] = 0
    clean = make_case(SMALL, step, TINY, dead, b, balancer=False)
    wanted = exact_product(clean.lowering, clean.a, b)
    b[2 * SMALL.taps : 3 * SMALL.taps] = bits
    np.testing.assert_array_equal(exact_product(clean.lowering, clean.a, b), wanted)
    assert (wanted & 0x7F800000 != 0x7F800000).all()
    assert (wanted != finite).any()


def test_infinity_times_zero_and_opposite_infinities_are_the_canonical_nan() -> None:
    geometry = ConvGeometry("fc", 1, 2, 1, 1, 1, 1, 1, 0)
    infinity, minus_infinity, one, nan = 0x7C00, 0xFC00, 0x3C00, 0xFE01
    for a, b in (
        ([infinity, one], [0x0000, one]),
        ([infinity, one], [0x8000, one]),
        ([infinity, minus_infinity], [one, one]),
        ([nan, one], [one, one]),
        ([one, one], [one, nan]),
    ):
        operand = np.array(a, np.uint16).reshape(1, 2, 1, 1)
        bits = check(make_case(geometry, Step.FP, TINY, operand, np.array(b, np.uint16)[:, None]))
        assert bits[0, 0] == 0x7FC00000


def test_dead_channels(rng: np.random.Generator) -> None:
    for step in (Step.FP, Step.BP):
        case = random_case(rng, replace(SMALL, in_channels=12, out_channels=12), step, TINY)
        bits = case.a.decoded.copy()
        bits[:, ::3] = 0
        check(make_case(case.lowering.geometry, step, TINY, bits, case.b))


def test_subnormal_operands_make_normal_sums() -> None:
    # The smallest product, 2^-24 * 2^-24 = 2^-48.
    geometry = ConvGeometry("fc", 1, 1, 1, 1, 1, 1, 1, 0)
    smallest = np.ones((1, 1, 1, 1), np.uint16)
    bits = check(make_case(geometry, Step.FP, TINY, smallest, np.ones((1, 1), np.uint16), e_thr=-24))
    assert bits.view(np.float32)[0, 0] == 2.0**-48


def test_the_largest_products_do_not_overflow() -> None:
    geometry = ConvGeometry("fc", 1, 512, 1, 1, 1, 1, 1, 0)
    largest = np.full((1, 512, 1, 1), 0x7BFF, np.uint16)
    bits = check(make_case(geometry, Step.FP, CORE, largest, np.full((512, 1), 0x7BFF, np.uint16)))
    assert bits.view(np.float32)[0, 0] == pytest.approx(512 * 65504.0**2, rel=1e-6)


def test_order_of_additions_by_hand() -> None:
    """Two lines, balancer off: channels 0, 2 and 1, 3; 2^24 + 1 rounds to 2^24, so each order shows."""
    geometry = ConvGeometry("fc", 1, 4, 1, 1, 1, 1, 1, 0)
    a = np.full((1, 4, 1, 1), 0x6C00, np.uint16)  # 4096
    for column, wanted in (
        ([4096.0, 2.0**-12, -4096.0, 2.0**-12], 2.0),  # (2^24 - 2^24) + (1 + 1)
        ([4096.0, -4096.0, 2.0**-12, 2.0**-12], 1.0),  # (2^24 + 1) + (-2^24 + 1): the first 1 is lost
        ([2.0**-12, 2.0**-12, 4096.0, -4096.0], 1.0),  # (1 + 2^24) + (1 - 2^24): the same
    ):
        b = np.array(column, np.float16).view(np.uint16)[:, None]
        bits = check(make_case(geometry, Step.FP, TINY, a, b, balancer=False))
        assert bits.view(np.float32)[0, 0] == wanted


def test_the_balancer_changes_the_order(rng: np.random.Generator) -> None:
    geometry = replace(SMALL, in_channels=16)
    on = random_case(rng, geometry, Step.FP, CORE, columns=16)
    off = replace(on.lowering, balancer=False)
    assert (exact_product(on.lowering, on.a, on.b) != exact_product(off, on.a, on.b)).any()


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    "geometry",
    [
        ConvGeometry("3x3", 2, 70, 9, 8, 33, 3, 1, 1),
        ConvGeometry("3x3 stride 2", 2, 33, 9, 8, 40, 3, 2, 1),
        ConvGeometry("1x1 stride 2", 3, 40, 8, 9, 66, 1, 2, 0),
        ConvGeometry("7x7 stride 2", 1, 3, 21, 20, 17, 7, 2, 3),
        ConvGeometry("5x5", 1, 9, 7, 8, 6, 5, 1, 4),
        ConvGeometry("fc", 9, 300, 1, 1, 10, 1, 1, 0),
    ],
    ids=lambda geometry: geometry.name,
)
def test_float64_convolution_within_the_error_bound(
    rng: np.random.Generator, geometry: ConvGeometry, step: Step
) -> None:
    """Each product is rounded at most `additions` times: |error| <= ((1 + u)^additions - 1) * sum |a b|."""
    a_shape = geometry.delta_shape if step is Step.BP else geometry.x_shape
    b_shape = geometry.delta_shape if step is Step.WG else geometry.w_shape
    a_bits, b_bits = random_fp16(rng, a_shape, 0.6), random_fp16(rng, b_shape)
    columns = np.arange(b_shape[1] if step is not Step.FP else b_shape[0])
    case = make_case(geometry, step, CORE, a_bits, b_matrix(step, b_bits, columns))
    product = exact_product(case.lowering, case.a, case.b)
    found = result_tensor(case.lowering, product).view(np.float32).astype(np.float64)
    a = case.a.decoded.view(np.float16).astype(np.float64)
    b = b_bits.view(np.float16).astype(np.float64)
    wanted = convolution_step(geometry, step, a, b)
    # float64's own rounding, 2^-53 an addition, is covered by one rounding more.
    bound = (1 + F32_ROUNDING) ** (additions(case.lowering) + 1) - 1
    assert found.shape == wanted.shape
    assert (np.abs(found - wanted) <= bound * convolution_step(geometry, step, np.abs(a), np.abs(b))).all()
    assert np.abs(wanted).max() > 1


def test_operands_that_do_not_fit_are_named(rng: np.random.Generator) -> None:
    case = random_case(rng, SMALL, Step.FP, TINY)
    other = random_case(rng, replace(SMALL, in_channels=4), Step.FP, TINY)
    with pytest.raises(ExactError, match=r"operand A has shape \(2, 4, 4, 3\), FP .* takes \(2, 5, 4, 3\)"):
        exact_product(case.lowering, other.a, case.b)
    with pytest.raises(ExactError, match=r"operand B has shape \(36, 3\), FP .* takes \(45, N\)"):
        exact_product(case.lowering, case.a, other.b)
    with pytest.raises(FormatError, match="operand B"):
        exact_product(case.lowering, case.a, case.b.view(np.float16))


def _rounded(value: float) -> np.float32:
    """Round once to float32; exact for a float64 product or sum of two float32 (53 >= 2 * 24 + 2 bits)."""
    with np.errstate(all="ignore"):
        return np.float32(np.float64(value))


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("with_residual", [False, True])
def test_postprocessing_rounds_at_each_step(
    rng: np.random.Generator, relu: bool, with_residual: bool
) -> None:
    shape = (2, 3, 4, 25)
    acc = rng.integers(0, 2**32, shape, np.uint32)  # any bits: subnormals, infinities and NaNs too
    plain = rng.random(shape) < 0.7
    acc[plain] = (rng.standard_normal(shape) * 100).astype(np.float32).view(np.uint32)[plain]
    scale, bias = (rng.standard_normal((3, 1, 1)).astype(np.float32) for _ in range(2))
    residual = rng.integers(0, 2**16, shape, np.uint16) if with_residual else None
    found = postprocess(acc, scale.view(np.uint32), bias.view(np.uint32), residual, relu)
    assert found.dtype == np.uint16
    for index in np.ndindex(shape):
        channel = (index[1], 0, 0)
        with np.errstate(all="ignore"):
            y = _rounded(np.float64(acc[index].view(np.float32)) * np.float64(scale[channel]))
            y = _rounded(np.float64(y) + np.float64(bias[channel]))
            if residual is not None:
                y = _rounded(np.float64(y) + np.float64(residual[index].view(np.float16)))
            if relu and y <= 0:
                y = np.float32(0)
            wanted = 0x7E00 if np.isnan(y) else int(np.float16(y).view(np.uint16))
        assert found[index] == wanted, (
            f"at {index}: {acc[index]:08x} gives {found[index]:04x}, not {wanted:04x}"
        )


def test_relu_and_rounding_of_special_values() -> None:
    one, zero = (np.array([value], np.float32).view(np.uint32) for value in (1, -0.0))
    specials = np.array([0x80000000, 0xFF800000, 0x7F800000, 0xFFC00001, 0xBF800000, 0x80000001], np.uint32)
    plain = [0x8000, 0xFC00, 0x7C00, 0x7E00, 0xBC00, 0x8000]
    assert postprocess(specials, one, zero, None, False).tolist() == plain
    assert postprocess(specials, one, zero, None, True).tolist() == [0, 0, 0x7C00, 0x7E00, 0, 0]
    assert finish_fp16(specials).tolist() == plain
    # 65520 is the tie between the largest FP16 and 65536; 2^-25 the tie between 0 and the smallest.
    ties = np.array([65520, 65519.996, 2.0**-25, 2.0**-25 * 1.5, 2049, 2051], np.float32).view(np.uint32)
    assert finish_fp16(ties).tolist() == [0x7C00, 0x7BFF, 0, 1, 0x6800, 0x6802]


def test_postprocessing_takes_bits_only() -> None:
    bits = np.zeros(1, np.uint32)
    with pytest.raises(FormatError, match="scale"):
        postprocess(bits, np.ones(1, np.float32), bits, None, False)
