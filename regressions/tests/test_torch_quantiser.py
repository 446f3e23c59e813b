"""FGMP in PyTorch against the golden model: every bit pattern and threshold, captured tensors, policies."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from golden.fgmp import DEFAULT_FORMATS, FgmpTensor, encode, encode_with, exponent_histogram, make_policy
from golden.formats import E_THR_MAX, E_THR_MIN, Fp8Format, fp16_to_float32, fp32_to_fp16
from regressions.traces import SAMPLE_PATH, Trace
from regressions.training.quantiser import (
    Coding,
    Quantised,
    bits_of,
    count_magnitudes,
    half_bits,
    histogram_of,
    quantise,
    quantise_bits,
    saturated,
)

Bits = NDArray[np.uint16]

EVERY_PATTERN = np.arange(1 << 16, dtype=np.uint32).astype(np.uint16)
THRESHOLDS = range(E_THR_MIN, E_THR_MAX + 1)
FINITE = 0x7C00
"""Magnitudes below it are finite."""


def as_tensor(bits: Bits) -> Tensor:
    """The same bits as PyTorch's float16."""
    return torch.from_numpy(bits.view(np.float16))


def words(values: Tensor) -> NDArray[np.uint32]:
    """The bits of float32 values."""
    bits: NDArray[np.uint32] = values.numpy().view(np.uint32)
    return bits


def assert_equal(quantised: Quantised, golden: FgmpTensor) -> None:
    """Fail unless a quantised tensor is the golden model's, bit for bit and count for count."""
    assert quantised.e_thr == golden.e_thr
    np.testing.assert_array_equal(words(quantised.values), fp16_to_float32(golden.decoded).view(np.uint32))
    found = quantised.elements, quantised.nonzero_count, quantised.fp16_count
    assert found == (golden.elements, golden.nonzero_count, golden.fp16_count)


@pytest.mark.parametrize("fmt", Fp8Format)
@pytest.mark.parametrize("e_thr", THRESHOLDS)
def test_every_pattern_with_every_threshold(fmt: Fp8Format, e_thr: int, rng: np.random.Generator) -> None:
    """Subnormals, zeros of both signs, infinities and NaNs among them; in any order and shape."""
    bits = rng.permutation(EVERY_PATTERN).reshape(64, 16, 8, 8)
    policy = make_policy("fixed", e_thr=e_thr)
    assert_equal(quantise_bits(bits_of(as_tensor(bits)), Coding(fmt, policy)), encode(bits, fmt, e_thr))


@pytest.mark.parametrize("name", Trace.open(SAMPLE_PATH, verify=False).layers)
def test_captured_tensors(name: str) -> None:
    """Every tensor of the sample, by each policy, and with the neighbours of the threshold chosen."""
    layer = Trace.open(SAMPLE_PATH, verify=False).load(name)
    for tensor, bits in layer.tensors.items():
        fmt = DEFAULT_FORMATS[{"x": "X", "delta": "delta"}.get(tensor, "W")]
        values = torch.from_numpy(fp16_to_float32(bits))
        previous = exponent_histogram((bits.astype(np.int64) * 3 % 0x7C00).astype(np.uint16))
        for policy in (
            make_policy(),
            make_policy("share", target=0.05),
            make_policy("share", target=0),
            make_policy("previous"),
        ):
            golden = encode_with(bits, fmt, policy, previous)
            assert_equal(quantise(values, Coding(fmt, policy), previous), golden)
            for e_thr in {max(golden.e_thr - 1, E_THR_MIN), min(golden.e_thr + 1, E_THR_MAX)}:
                fixed = make_policy("fixed", e_thr=e_thr)
                assert_equal(quantise(values, Coding(fmt, fixed)), encode(bits, fmt, e_thr))


@pytest.mark.parametrize("size", [0, 1, 7, 1000])
def test_random_patterns(size: int, rng: np.random.Generator) -> None:
    for _ in range(30):
        top = rng.choice([2, 1 << 10, 1 << 15, 1 << 16])  # zeros, subnormals, positive numbers, all
        bits = rng.integers(top, size=size).astype(np.uint16)
        policy = make_policy("share", target=str(rng.random()))
        fmt = Fp8Format(int(rng.integers(2)))
        quantised = quantise_bits(bits_of(as_tensor(bits)), Coding(fmt, policy))
        assert_equal(quantised, encode_with(bits, fmt, policy))
        np.testing.assert_array_equal(quantised.histogram, exponent_histogram(bits))


def test_histogram_of_each_pattern_alone() -> None:
    """Each pattern in a bin of its own weight, so that no two can change places."""
    for first in range(0, 1 << 16, 1 << 12):
        bits = np.repeat(EVERY_PATTERN[first : first + (1 << 12)], 1 + np.arange(1 << 12) % 5)
        counts = count_magnitudes(bits_of(as_tensor(bits)))
        np.testing.assert_array_equal(histogram_of(counts), exponent_histogram(bits))


def test_float32_is_rounded_once(rng: np.random.Generator) -> None:
    """Random float32 patterns, and those about the ties and the ends of FP16."""
    edges = fp16_to_float32(EVERY_PATTERN[:FINITE]).view(np.uint32)
    middles = edges[:-1] + (edges[1:] - edges[:-1]) // 2
    beyond = np.array([65519.996, 65520.0, 1e30, np.inf, np.nan], np.float32).view(np.uint32)
    random = rng.integers(1 << 32, size=100_000, dtype=np.uint64).astype(np.uint32)
    near = [middles - np.uint32(1), middles, middles + np.uint32(1)]
    patterns = np.concatenate([edges, *near, beyond, random])
    patterns = np.concatenate([patterns, patterns ^ np.uint32(1 << 31)])
    values = torch.from_numpy(patterns.view(np.float32))
    golden = fp32_to_fp16(patterns)
    number = (golden & np.uint16(0x7FFF)) <= FINITE
    np.testing.assert_array_equal(half_bits(values).numpy()[number], golden[number])
    coding = Coding(Fp8Format.E4M3, make_policy("fixed", e_thr=3))
    quantised = words(quantise(values, coding).values)
    expected = fp16_to_float32(encode(golden, coding.fmt, 3).decoded).view(np.uint32)
    np.testing.assert_array_equal(quantised, expected)


def test_previous_iteration_decides(rng: np.random.Generator) -> None:
    small, large = (rng.standard_normal((2, 1000)) * [[2.0**-6], [2.0**5]]).astype(np.float16).view(np.uint16)
    coding = Coding(Fp8Format.E5M2, make_policy("previous"))
    first = quantise_bits(bits_of(as_tensor(small)), coding)
    second = quantise_bits(bits_of(as_tensor(large)), coding, first.histogram)
    assert_equal(second, encode_with(large, coding.fmt, coding.policy, exponent_histogram(small)))
    assert first.e_thr == second.e_thr
    assert second.fp16_count > 900


@pytest.mark.parametrize("fmt", Fp8Format)
@pytest.mark.parametrize("e_thr", THRESHOLDS)
def test_saturation_leaves_no_finite_element_in_fp16(fmt: Fp8Format, e_thr: int) -> None:
    """FP8 alone: what FGMP would keep in FP16 becomes the largest FP8 number; all else is as in FGMP."""
    policy = make_policy("fixed", e_thr=e_thr)
    found = quantise_bits(bits_of(as_tensor(EVERY_PATTERN)), Coding(fmt, policy, saturate=True))
    plain = encode(EVERY_PATTERN, fmt, e_thr)
    decoded = fp16_to_float32(plain.decoded)
    magnitude = EVERY_PATTERN & np.uint16(0x7FFF)
    beyond = plain.is_fp16 & (magnitude < FINITE)
    np.testing.assert_array_equal(words(found.values)[~beyond], decoded.view(np.uint32)[~beyond])
    fp8 = np.abs(decoded[~plain.is_fp16])
    np.testing.assert_array_equal(np.abs(found.values.numpy()[beyond]), fp8.max(initial=0))
    signs = np.signbit(found.values.numpy()) == (EVERY_PATTERN >= 0x8000)
    assert signs[beyond & (found.values.numpy() != 0)].all()
    assert found.fp16_count == np.count_nonzero(magnitude >= FINITE)
    again = encode(saturated(EVERY_PATTERN, fmt, e_thr), fmt, e_thr)
    np.testing.assert_array_equal(again.is_fp16, magnitude >= FINITE)
    np.testing.assert_array_equal(fp16_to_float32(again.decoded).view(np.uint32), words(found.values))
