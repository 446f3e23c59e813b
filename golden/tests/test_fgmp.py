"""FGMP: histogram, threshold policies and encoded tensors against brute force."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest

from golden import fgmp
from golden.fgmp import FgmpError, FgmpTensor, encode, exponent_histogram, make_policy
from golden.formats import E_THR_MAX, E_THR_MIN, FormatError, Fp8Format

HALVES = np.arange(1 << 16, dtype=np.uint16)


def random_halves(
    rng: np.random.Generator, shape: tuple[int, ...], density: float = 0.6, spread: float = 4.0
) -> npt.NDArray[np.uint16]:
    """FP16 bits of normal numbers over a few binades, thinned out with zeros of both signs."""
    values = rng.standard_normal(shape) * 2.0 ** rng.normal(-3.0, spread, shape)
    values = np.where(rng.random(shape) < density, values, rng.choice([0.0, -0.0], shape))
    with np.errstate(over="ignore"):
        return values.astype(np.float16).view(np.uint16)


def finite_nonzeros(bits: npt.NDArray[np.uint16]) -> list[float]:
    """Magnitudes of the finite non-zeros, one by one."""
    return [abs(float(v)) for v in bits.reshape(-1).view(np.float16) if math.isfinite(v) and v != 0]


def binade(magnitude: float) -> int:
    """floor(log2 x) by exact arithmetic."""
    return math.frexp(magnitude)[1] - 1


def test_histogram_of_every_half() -> None:
    expected = np.zeros(40, dtype=np.int64)
    for magnitude in finite_nonzeros(HALVES):
        expected[binade(magnitude) + 24] += 1
    found = exponent_histogram(HALVES.reshape(256, 256))
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, expected)
    assert found[0] == 2  # 2^-24 of either sign
    assert found[39] == 2048


def test_histogram_of_nothing() -> None:
    nothing = np.array([0, 0x8000, 0x7C00, 0xFC00, 0x7E00, 0x7C01], dtype=np.uint16)
    assert not exponent_histogram(nothing).any()
    assert not exponent_histogram(nothing[:0]).any()


@pytest.mark.parametrize("target", [0, "0.05", 0.2, Fraction(1, 3), 0.5, 1.0], ids=str)
def test_share_policy_is_the_brute_force_minimum(
    rng: np.random.Generator, target: float | str | Fraction
) -> None:
    policy = make_policy("share", target=target)
    for _ in range(40):
        size = int(rng.integers(1, 60))
        bits = random_halves(rng, (size,), density=rng.random(), spread=float(rng.choice([0.0, 2.0, 8.0])))
        binades = [binade(m) for m in finite_nonzeros(bits)]
        fits = [
            e
            for e in range(E_THR_MIN, E_THR_MAX + 1)
            if sum(b >= e for b in binades) <= Fraction(str(target)) * len(binades)
        ]
        expected = min(fits) if binades else E_THR_MAX
        assert policy.choose(exponent_histogram(bits), None) == expected


def test_share_policy_counts_exactly() -> None:
    """Exactly a fifth above the threshold still fits; one element more does not."""
    histogram = np.zeros(40, dtype=np.int64)
    histogram[24 + 3], histogram[24 + 1] = 10**15, 4 * 10**15
    assert make_policy().choose(histogram, None) == 2
    histogram[24 + 3] += 1
    assert make_policy().choose(histogram, None) == 4


def test_share_policy_ends() -> None:
    histogram = np.zeros(40, dtype=np.int64)
    assert make_policy("share").choose(histogram, None) == 16
    histogram[39] = 1  # a single element of the top binade: only 16 leaves it out
    assert make_policy("share").choose(histogram, None) == 16
    assert make_policy("share", target=1).choose(histogram, None) == -24
    histogram[0] = 100  # now that one is within a fifth; the lowest binade must stay below the threshold
    assert make_policy("share").choose(histogram, None) == -23


def test_previous_policy_uses_the_history() -> None:
    policy = make_policy("previous", target="0.2")
    now, before = np.zeros(40, dtype=np.int64), np.zeros(40, dtype=np.int64)
    now[30], before[20] = 7, 7
    assert policy.choose(now, before) == make_policy("share").choose(before, None) == -3
    assert policy.choose(now, None) == make_policy("share").choose(now, None) == 7


def test_fixed_policy() -> None:
    assert make_policy("fixed", e_thr=-5).choose(np.zeros(40, dtype=np.int64), None) == -5


def test_policies_are_plug_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fgmp, "POLICIES", dict(fgmp.POLICIES))

    @fgmp.register_policy("top")
    class Top:
        def choose(self, current: fgmp.Histogram, previous: fgmp.Histogram | None) -> int:
            return int(np.flatnonzero(current).max()) + fgmp.EXPONENT_MIN + 1

    bits = np.array([1.0, 3.0], dtype=np.float16).view(np.uint16)
    tensor = fgmp.encode_with(bits, Fp8Format.E4M3, make_policy("top"))
    assert tensor.e_thr == 2
    assert tensor.fp16_count == 0
    with pytest.raises(FgmpError, match="'top' is registered twice"):
        fgmp.register_policy("top")(Top)


@pytest.mark.parametrize("fmt", tuple(Fp8Format))
def test_encoded_tensor_of_every_half(fmt: Fp8Format) -> None:
    values = HALVES.view(np.float16).astype(np.float64)
    for e_thr in range(E_THR_MIN, E_THR_MAX + 1):
        tensor = encode(HALVES, fmt, e_thr)
        assert tensor.bias == (16 if fmt is Fp8Format.E4M3 else 31) - e_thr
        assert tensor.nonzero[tensor.is_fp16].all()
        assert not tensor.codes[tensor.is_fp16 | ~tensor.nonzero].any()
        assert not tensor.fp16[~tensor.is_fp16].any()
        # Masked out is +0; FP16 keeps its bits; FP8 is non-zero, of the same sign, within half a step.
        assert not tensor.decoded[~tensor.nonzero].any()
        assert (tensor.decoded == HALVES)[tensor.is_fp16].all()
        fp8 = tensor.nonzero & ~tensor.is_fp16
        decoded = tensor.decoded.view(np.float16).astype(np.float64)[fp8]
        assert (np.sign(decoded) == np.sign(values[fp8])).all()
        relative, smallest = (
            (2.0**-4, 2.0 ** (e_thr - 18)) if fmt is Fp8Format.E4M3 else (2.0**-3, 2.0 ** (e_thr - 32))
        )
        bound = np.maximum(np.abs(values[fp8]) * relative, smallest / 2)
        assert (np.abs(decoded - values[fp8]) <= bound).all()


def test_nan_payloads_survive() -> None:
    bits = np.array([0x7C01, 0xFFFF, 0x7E00, 0xFC00], dtype=np.uint16)
    tensor = encode(bits, Fp8Format.E5M2, 16)
    np.testing.assert_array_equal(tensor.decoded, bits)
    np.testing.assert_array_equal(tensor.fp16, bits)
    assert tensor.is_fp16.all()


def test_statistics_count_flushed_elements_as_zeros() -> None:
    # e_thr 1: FP8 ends at 1.75, the smallest FP8 subnormal is 2^-17.
    values = np.array([0.0, -0.0, 2.0**-18, 2.0**-17, 1.0, 1.75, 3.0, np.inf], dtype=np.float16)
    tensor = encode(values.view(np.uint16), Fp8Format.E4M3, 1)
    assert tensor.nonzero.tolist() == [False, False, False, True, True, True, True, True]
    assert tensor.is_fp16.tolist() == [False] * 6 + [True] * 2
    assert tensor.zero_fraction == 3 / 8
    assert tensor.fp16_fraction == 2 / 5
    nothing = encode(np.zeros((0, 3), dtype=np.uint16), Fp8Format.E4M3, 1)
    assert (nothing.shape, nothing.zero_fraction, nothing.fp16_fraction) == ((0, 3), 0.0, 0.0)
    assert encode(np.zeros(5, dtype=np.uint16), Fp8Format.E4M3, 1).fp16_fraction == 0.0


def test_channel_costs_by_brute_force(rng: np.random.Generator) -> None:
    bits = random_halves(rng, (3, 5, 4, 7))
    bits[:, 2] = 0x8000  # a dead channel, of -0
    tensor: FgmpTensor = fgmp.encode_with(bits, Fp8Format.E4M3, make_policy())
    expected = [0] * 5
    for (_, channel, _, _), nonzero in np.ndenumerate(tensor.nonzero):
        expected[channel] += int(nonzero)
    for _, channel, _, _ in np.argwhere(tensor.is_fp16):
        expected[channel] += 1
    found = fgmp.channel_costs(tensor)
    assert found.dtype == np.int64
    assert found.tolist() == expected
    assert found[2] == 0
    assert tensor.fp16_count > 0


def test_default_formats() -> None:
    assert fgmp.DEFAULT_FORMATS == {"X": Fp8Format.E4M3, "W": Fp8Format.E4M3, "delta": Fp8Format.E5M2}


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(
        FgmpError, match="unknown threshold policy 'best': choose one of fixed, previous, share"
    ):
        make_policy("best")
    with pytest.raises(FgmpError, match=r"threshold policy 'fixed': .*e_thr"):
        make_policy("fixed")
    with pytest.raises(FgmpError, match=r"target is 1\.5, must be a number in 0\.\.1"):
        make_policy("share", target=1.5)
    with pytest.raises(FgmpError, match=r"target is 'most'"):
        make_policy("previous", target="most")
    with pytest.raises(FormatError, match="e_thr is 20"):
        make_policy("fixed", e_thr=20)
    with pytest.raises(FgmpError, match=r"histogram has shape \(39,\)"):
        make_policy().choose(np.zeros(39, dtype=np.int64), None)
    with pytest.raises(
        FormatError, match="exponent histogram: expected a NumPy array of uint16, got float32"
    ):
        exponent_histogram(np.zeros(3, dtype=np.float32))
    with pytest.raises(FgmpError, match=r"shape \(2, 3\), must be NCHW"):
        fgmp.channel_costs(encode(np.zeros((2, 3), dtype=np.uint16), Fp8Format.E4M3, 0))
