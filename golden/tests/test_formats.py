"""FP8, FP16 and FP32 conversions against ml_dtypes, gfloat and exact float64 arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import gfloat
import gfloat.formats
import ml_dtypes
import numpy as np
import numpy.typing as npt
import pytest

from golden import formats
from golden.formats import (
    BIAS_MAX,
    E_THR_MAX,
    E_THR_MIN,
    FP16_NAN,
    FP32_NAN,
    FormatError,
    Fp8Format,
    bias_of,
    decode_fp8,
    encode_fp8,
)

CODES = np.arange(256, dtype=np.uint8)
HALVES = np.arange(1 << 16, dtype=np.uint16)
HALF_VALUES = HALVES.view(np.float16).astype(np.float64)
ENCODINGS = tuple(Fp8Format)
BIASES = range(BIAS_MAX + 1)


@dataclass(frozen=True)
class Reference:
    """What the two outside libraries call one of our encodings."""

    ml_dtype: type
    gfloat_info: gfloat.FormatInfo

    def gfloat_with_bias(self, bias: int) -> gfloat.FormatInfo:
        """Return gfloat's description with another exponent bias."""
        info = self.gfloat_info
        return gfloat.FormatInfo(
            f"{info.name}_bias{bias}",
            info.k,
            info.precision,
            bias=bias,
            is_signed=True,
            domain=info.domain,
            has_nz=True,
            num_high_nans=info.num_high_nans,
            has_subnormals=True,
            is_twos_complement=False,
        )


REFERENCES = {
    Fp8Format.E4M3: Reference(ml_dtypes.float8_e4m3fn, gfloat.formats.format_info_ocp_e4m3),
    Fp8Format.E5M2: Reference(ml_dtypes.float8_e5m2, gfloat.formats.format_info_ocp_e5m2),
}


def half_bits(values: npt.NDArray[np.float64]) -> npt.NDArray[np.uint16]:
    """Round float64 to FP16 bits with NumPy; NaNs made canonical."""
    with np.errstate(over="ignore", under="ignore"):
        bits = values.astype(np.float16).view(np.uint16)
    return np.where(np.isnan(values), np.uint16(FP16_NAN), bits)


@pytest.mark.parametrize("fmt", ENCODINGS)
def test_formats_agree_with_gfloat(fmt: Fp8Format) -> None:
    layout, info = fmt.layout, REFERENCES[fmt].gfloat_info
    assert (layout.width, layout.precision, layout.default_bias) == (info.k, info.precision, info.bias)
    assert layout.exponent_bits == info.expBits
    assert layout.max_finite_code == info.code_of_max
    assert layout.infinity_code == (info.code_of_posinf if info.num_infs else None)


@pytest.mark.parametrize("fmt", ENCODINGS)
def test_decode_matches_ml_dtypes_at_every_bias(fmt: Fp8Format) -> None:
    reference = REFERENCES[fmt]
    at_default = CODES.view(reference.ml_dtype).astype(np.float64)
    for bias in BIASES:
        expected = half_bits(np.ldexp(at_default, fmt.layout.default_bias - bias))
        np.testing.assert_array_equal(
            decode_fp8(CODES, fmt, bias), expected, err_msg=f"{fmt.name}, bias {bias}"
        )


@pytest.mark.parametrize("fmt", ENCODINGS)
def test_decode_matches_gfloat_at_every_bias(fmt: Fp8Format) -> None:
    for bias in BIASES:
        values = gfloat.decode_ndarray(REFERENCES[fmt].gfloat_with_bias(bias), CODES)
        np.testing.assert_array_equal(
            decode_fp8(CODES, fmt, bias), half_bits(values), err_msg=f"{fmt.name}, bias {bias}"
        )


def test_decode_leaves_fp16_as_ieee_says() -> None:
    """E5M2 with bias 0 overflows, with bias 63 it becomes subnormal, ties included, and zero."""
    assert decode_fp8(np.array([0x7B, 0xFB], dtype=np.uint8), Fp8Format.E5M2, 0).tolist() == [0x7C00, 0xFC00]
    # Field f, fraction m at bias 42: (1 + m/4) * 2^(f-42). f = 17 is half a subnormal step.
    codes = np.array([17 << 2, 17 << 2 | 1, 18 << 2 | 2, 0x80 | 17 << 2], dtype=np.uint8)
    assert decode_fp8(codes, Fp8Format.E5M2, 42).tolist() == [0, 1, 2, 0x8000]
    assert decode_fp8(np.array([0x7F, 0xFF], dtype=np.uint8), Fp8Format.E4M3, 7).tolist() == [FP16_NAN] * 2


@pytest.mark.parametrize("fmt", ENCODINGS)
def test_encode_matches_ml_dtypes_everywhere(fmt: Fp8Format) -> None:
    """All 65,536 FP16 values at all biases, so at all thresholds -24..16 and beyond."""
    reference = REFERENCES[fmt]
    for bias in BIASES:
        # Exact: FP16 times 2^(bias - default) fits float32, whose exponents go from -149 to 127.
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = np.ldexp(HALF_VALUES, bias - fmt.layout.default_bias).astype(np.float32)
            rounded: npt.NDArray[Any] = scaled.astype(reference.ml_dtype)
        stays = ~np.isfinite(rounded.astype(np.float32))
        zero = rounded.astype(np.float32) == 0
        codes, is_fp16, flushed = encode_fp8(HALVES, fmt, bias)
        where = f"{fmt.name}, bias {bias}"
        np.testing.assert_array_equal(is_fp16, stays, err_msg=where)
        np.testing.assert_array_equal(flushed, zero & (HALF_VALUES != 0), err_msg=where)
        np.testing.assert_array_equal(codes, np.where(stays | zero, 0, rounded.view(np.uint8)), err_msg=where)


@pytest.mark.parametrize("fmt", ENCODINGS)
@pytest.mark.parametrize("e_thr", [-24, -23, -14, -7, 0, 3, 9, 15, 16])
def test_encode_matches_gfloat(fmt: Fp8Format, e_thr: int) -> None:
    info = REFERENCES[fmt].gfloat_with_bias(bias_of(fmt, e_thr))
    finite = np.isfinite(HALF_VALUES)
    rounded = gfloat.round_ndarray(info, HALF_VALUES[finite], gfloat.RoundMode.TiesToEven)
    codes, is_fp16, flushed = encode_fp8(HALVES, fmt, bias_of(fmt, e_thr))
    assert is_fp16[~finite].all()
    np.testing.assert_array_equal(is_fp16[finite], ~np.isfinite(rounded))
    np.testing.assert_array_equal(flushed[finite], (rounded == 0) & (HALF_VALUES[finite] != 0))
    kept = np.isfinite(rounded) & (rounded != 0)
    np.testing.assert_array_equal(codes[finite][kept], gfloat.encode_ndarray(info, rounded[kept]))
    assert not codes[finite][~kept].any()


@pytest.mark.parametrize("fmt", ENCODINGS)
def test_encode_meets_the_contract_at_every_threshold(fmt: Fp8Format) -> None:
    """Groups and flushing by the inequalities of contract 2.8, which are written without rounding."""
    magnitude = np.abs(HALF_VALUES)
    for e_thr in range(E_THR_MIN, E_THR_MAX + 1):
        if fmt is Fp8Format.E4M3:
            stays, zero = ~(magnitude <= 1.8125 * 2.0 ** (e_thr - 1)), magnitude <= 2.0 ** (e_thr - 19)
        else:
            stays, zero = ~(magnitude < 1.875 * 2.0 ** (e_thr - 1)), magnitude <= 2.0 ** (e_thr - 33)
        codes, is_fp16, flushed = encode_fp8(HALVES, fmt, bias_of(fmt, e_thr))
        np.testing.assert_array_equal(is_fp16, stays, err_msg=f"{fmt.name}, e_thr {e_thr}")
        np.testing.assert_array_equal(flushed, zero & (magnitude != 0), err_msg=f"{fmt.name}, e_thr {e_thr}")
        np.testing.assert_array_equal(codes != 0, ~(is_fp16 | zero), err_msg=f"{fmt.name}, e_thr {e_thr}")


@pytest.mark.parametrize(
    ("fmt", "e_thr", "value", "expected"),
    [
        # The largest FP8 numbers and the first that stay FP16: ties to even go down in E4M3, up in E5M2.
        (Fp8Format.E4M3, 0, 1.8125 / 2, (0x7E, False, False)),
        (Fp8Format.E4M3, 0, 1.8125 / 2 + 2.0**-11, (0, True, False)),
        (Fp8Format.E4M3, 0, -1.8125 / 2, (0xFE, False, False)),
        (Fp8Format.E5M2, 0, 1.875 / 2, (0, True, False)),
        (Fp8Format.E5M2, 0, 1.875 / 2 - 2.0**-11, (0x7B, False, False)),
        (Fp8Format.E4M3, 16, 1.8125 * 2.0**15, (0x7E, False, False)),
        (Fp8Format.E5M2, 16, -1.875 * 2.0**15, (0, True, False)),
        # Half of the smallest subnormal is flushed, the next FP16 above it is not.
        (Fp8Format.E4M3, 6, 2.0**-13, (0, False, True)),
        (Fp8Format.E4M3, 6, 2.0**-13 + 2.0**-23, (1, False, False)),
        (Fp8Format.E4M3, 6, -(2.0**-13), (0, False, True)),
        (Fp8Format.E5M2, 12, 2.0**-21, (0, False, True)),
        (Fp8Format.E5M2, 12, 2.0**-21 + 2.0**-24, (1, False, False)),
        (Fp8Format.E5M2, 9, 2.0**-24, (0, False, True)),
        (Fp8Format.E5M2, 8, 2.0**-24, (1, False, False)),
        # A tie between subnormals goes to the even code: 1.5 and 2.5 steps both to 2.
        (Fp8Format.E4M3, 6, 1.5 * 2.0**-12, (2, False, False)),
        (Fp8Format.E4M3, 6, 2.5 * 2.0**-12, (2, False, False)),
        (Fp8Format.E4M3, 6, 0.0, (0, False, False)),
        (Fp8Format.E4M3, 6, -0.0, (0, False, False)),
    ],
)
def test_encode_boundaries(
    fmt: Fp8Format, e_thr: int, value: float, expected: tuple[int, bool, bool]
) -> None:
    half = np.array([value], dtype=np.float16)
    assert float(half[0]) == value
    codes, is_fp16, flushed = encode_fp8(half.view(np.uint16), fmt, bias_of(fmt, e_thr))
    assert (int(codes[0]), bool(is_fp16[0]), bool(flushed[0])) == expected


@pytest.mark.parametrize("fmt", ENCODINGS)
def test_decoding_an_encoded_value_is_exact(fmt: Fp8Format) -> None:
    """At every threshold the rounded value is an FP16 number, so that a second encoding changes nothing."""
    for e_thr in range(E_THR_MIN, E_THR_MAX + 1):
        bias = bias_of(fmt, e_thr)
        codes, is_fp16, _ = encode_fp8(HALVES, fmt, bias)
        decoded = decode_fp8(codes, fmt, bias)
        exact = np.ldexp(
            CODES.view(REFERENCES[fmt].ml_dtype).astype(np.float64), fmt.layout.default_bias - bias
        )
        np.testing.assert_array_equal(decoded.view(np.float16).astype(np.float64), exact[codes])
        again, second_is_fp16, flushed = encode_fp8(decoded, fmt, bias)
        np.testing.assert_array_equal(again, codes)
        assert not flushed.any()
        assert not second_is_fp16[~is_fp16].any()


def test_bias_of_default_thresholds() -> None:
    """The OCP biases 7 and 15 put the top binade where OCP has it: 2^8 and 2^15."""
    assert bias_of(Fp8Format.E4M3, 9) == 7
    assert bias_of(Fp8Format.E5M2, 16) == 15
    assert [bias_of(Fp8Format.E4M3, e) for e in (-24, 16)] == [40, 0]
    assert [bias_of(Fp8Format.E5M2, e) for e in (-24, 16)] == [55, 15]


def test_fp16_widens_exactly() -> None:
    widened = formats.fp16_to_float32(HALVES)
    assert widened.dtype == np.float32
    nan = np.isnan(HALF_VALUES)
    expected = HALF_VALUES[~nan].astype(np.float32).view(np.uint32)
    np.testing.assert_array_equal(widened.view(np.uint32)[~nan], expected)
    assert (widened.view(np.uint32)[nan] == FP32_NAN).all()


def test_fp32_rounds_to_fp16(rng: np.random.Generator) -> None:
    """Around every FP16 number and every midpoint of two, random patterns, and the special ones."""
    steps = np.concatenate(
        [HALVES[:0x7C00].view(np.float16).astype(np.float32), np.array([65536.0], dtype=np.float32)]
    )
    middle = ((steps[1:].astype(np.float64) + steps[:-1]) / 2).astype(np.float32)
    near = np.concatenate([steps, middle]).view(np.uint32)
    near = np.concatenate([near, near + np.uint32(1), near[near > 0] - np.uint32(1)])
    random = rng.integers(0, 1 << 32, 500_000, dtype=np.uint32)
    special = np.array(
        [0x7F800000, 0x7F800001, 0x7FFFFFFF, 1, 0x007FFFFF, 0x477FEFFF, 0x477FF000], dtype=np.uint32
    )
    bits = np.concatenate([near, near | np.uint32(1 << 31), random, special, special | np.uint32(1 << 31)])

    found = formats.fp32_to_fp16(bits)
    with np.errstate(invalid="ignore"):  # signalling NaNs
        values = bits.view(np.float32).astype(np.float64)
    nan = np.isnan(values)
    assert (found[nan] == FP16_NAN).all()
    magnitude = formats.round_magnitudes(np.where(np.isfinite(values), values, 0.0), formats.FP16, 15)
    magnitude = np.where(np.isinf(values), 0x7C00, np.minimum(magnitude, 0x7C00))
    expected = magnitude | np.where(bits >> 31, 0x8000, 0)
    np.testing.assert_array_equal(found[~nan], expected[~nan])


def test_rounding_agrees_with_rational_arithmetic(rng: np.random.Generator) -> None:
    """`round_magnitudes` against nearest-even by exact fractions over all codes of the format."""
    for fmt in ENCODINGS:
        finite = fmt.layout.max_finite_code + 1
        bias = int(rng.integers(0, BIAS_MAX + 1))
        table = [Fraction(float(v)) for v in formats.values_of(CODES[:finite], fmt.layout, bias)]
        low, high = float(table[1]) / 4, float(table[-1])
        samples = np.exp(rng.uniform(np.log(low), np.log(high), 300))
        samples = np.concatenate([samples, [float((a + b) / 2) for a, b in pairwise(table)]])
        found = formats.round_magnitudes(samples, fmt.layout, bias)
        for value, code in zip(samples, found, strict=True):
            exact = Fraction(float(value))
            best = min(range(finite), key=lambda c: (abs(table[c] - exact), c & 1))
            assert code == best, f"{fmt.name}, bias {bias}: {value} became code {code}, nearest is {best}"


def test_canonical_fp32_touches_nans_only() -> None:
    bits = np.array([0x7F800000, 0xFF800000, 0x7F800001, 0xFFC12345, 0x80000000, 0x3F800000], dtype=np.uint32)
    assert formats.canonical_fp32(bits).tolist() == [
        0x7F800000,
        0xFF800000,
        FP32_NAN,
        FP32_NAN,
        0x80000000,
        0x3F800000,
    ]


def test_shapes_are_kept() -> None:
    bits = HALVES[:24].reshape(2, 3, 4)
    codes, is_fp16, flushed = encode_fp8(bits, Fp8Format.E4M3, 7)
    assert codes.shape == is_fp16.shape == flushed.shape == (2, 3, 4)
    assert decode_fp8(codes, Fp8Format.E4M3, 7).shape == (2, 3, 4)
    assert formats.fp16_to_float32(bits[:, ::2]).shape == (2, 2, 4)
    assert decode_fp8(codes[:0], Fp8Format.E4M3, 7).shape == (0, 3, 4)


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(FormatError, match=r"e_thr is 17, must lie in -24\.\.16"):
        bias_of(Fp8Format.E4M3, 17)
    with pytest.raises(FormatError, match=r"bias is 64, must lie in 0\.\.63"):
        decode_fp8(CODES, Fp8Format.E4M3, 64)
    with pytest.raises(FormatError, match=r"bias is -1"):
        encode_fp8(HALVES, Fp8Format.E5M2, -1)
    with pytest.raises(FormatError, match=r"FP16 bits: expected a NumPy array of uint16, got float16"):
        encode_fp8(HALVES.view(np.float16), Fp8Format.E4M3, 7)
    with pytest.raises(FormatError, match=r"FP8 codes: expected a NumPy array of uint8, got list"):
        decode_fp8([1, 2], Fp8Format.E4M3, 7)  # type: ignore[arg-type]
    with pytest.raises(FormatError, match=r"FP32 bits: .* got float32"):
        formats.fp32_to_fp16(np.zeros(3, dtype=np.float32))
