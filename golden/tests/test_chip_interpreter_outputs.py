"""The golden chip model's result path: post-processing, FP16, FGMP, costs, histogram, threshold, chains."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pytest

from golden.chip.encoding import Cause, CompletionRecord, OutputMode
from golden.exact import finish_fp16, postprocess
from golden.fgmp import SharePolicy, encode, exponent_histogram
from golden.formats import (
    BIAS_MAX,
    FP16_NAN,
    Fp8Format,
    bias_of,
    canonical_fp32,
    encode_fp8,
    fp16_to_float32,
)
from golden.presets import PRESETS, Preset
from golden.tests.chip_image import ChipImage, JobImage, block, half, halves, matrix_job, one_job
from golden.tests.reference import random_fp16, with_specials

U8 = npt.NDArray[np.uint8]
U16 = npt.NDArray[np.uint16]
U32 = npt.NDArray[np.uint32]
Bool = npt.NDArray[np.bool_]

CORE, TINY = PRESETS["core"], PRESETS["tiny"]
ROOM = 2 * 2 + 2 * 16
"""Bytes of an FGMP block of 16 elements at most."""


def _copying_job(preset: Preset, values: U16, d: bytes = b"", room: int | None = None) -> JobImage:
    """A job whose sums are `values` (FP16 bits [rows, columns]; NaN and zeros lose sign and payload).

    Each row of A is 1.0 at a channel of its own, so rows are at most the channels of a K tile.
    """
    rows = len(values)
    unit = [[half(1.0) if c == r else None for c in range(rows)] for r in range(rows)]
    return matrix_job(preset, unit, [halves(row) for row in values], d=d, room=room)


def _sums(values: U16) -> U32:
    """Sums of `_copying_job`: FP32 bits."""
    with np.errstate(invalid="ignore"):
        return canonical_fp32((fp16_to_float32(values) + np.float32(0)).view(np.uint32))


@lru_cache(maxsize=1)
def _all_halves() -> U16:
    """All FP16 values in parts of 128 rows: uint16 [32, 128, 16]."""
    return np.arange(1 << 16, dtype=np.uint16).reshape(32, 128, 16)


def _d(scale: U32 | None, bias: U32 | None, residual: U16 | None, keep: Bool | None) -> bytes:
    """Stream D: pairs, then records."""
    content = b""
    if scale is not None and bias is not None:
        content += np.stack([scale, bias], axis=1).astype("<u4").tobytes()
    rows = len(residual) if residual is not None else len(keep) if keep is not None else 0
    for row in range(rows):
        if residual is not None:
            content += residual[row].astype("<u2").tobytes()
        if keep is not None:
            content += np.packbits(keep[row], bitorder="little").tobytes()
    return content


# --------------------------------------------------------------------------------------------------
# Formats
# --------------------------------------------------------------------------------------------------


def test_fp16_output_is_rounded_once(rng: np.random.Generator) -> None:
    """Sums with more bits than FP16 holds, from below the subnormals to above the largest number."""
    a = random_fp16(rng, (128, 8))
    b = random_fp16(rng, (8, 16))
    # A row scale from FP16's smallest subnormals up to overflow.
    a = (fp16_to_float32(a) * np.exp2(np.linspace(-14, 9, 128))[:, None]).astype(np.float16).view(np.uint16)
    job = matrix_job(CORE, [halves(row) for row in a], [halves(row) for row in b])
    image = ChipImage(CORE)
    image.add([job])
    image.add([job], mode=OutputMode.FP16, columns=16)
    assert image.run().message == ""
    rounded = finish_fp16(image.fp32(0, 0))
    assert (image.fp16(0, 1) == rounded).all()
    magnitudes = rounded & 0x7FFF
    assert (magnitudes == 0x7C00).any()
    assert ((magnitudes > 0) & (magnitudes < 0x400)).any()


@pytest.mark.parametrize("fmt", list(Fp8Format))
@pytest.mark.parametrize("bias", [0, 7, 15, 30, BIAS_MAX])
def test_every_fp16_value_as_fgmp(fmt: Fp8Format, bias: int) -> None:
    """65,536 results: their blocks, lengths and channel costs."""
    image = ChipImage(CORE)
    jobs = [_copying_job(CORE, part, room=128 * ROOM) for part in _all_halves()]
    image.add(jobs, mode=OutputMode.FGMP, output_format=int(fmt), output_bias=bias)
    done = image.run()
    assert done.message == ""
    for index, part in enumerate(_all_halves()):
        results = finish_fp16(_sums(part))
        codes, wide, _ = encode_fp8(results, fmt, bias)
        expected = b"".join(_fgmp_row(*row) for row in zip(results, codes, wide, strict=True))
        record = image.record(index)
        spent = (codes != 0).sum(axis=0) + 2 * wide.sum(axis=0)
        assert record.bytes == len(expected)
        assert record.costs == tuple(spent.tolist())
        assert done.descriptors[0].jobs[index].costs == record.costs
        output = image.output(index)
        assert output[: len(expected)].tobytes() == expected
        assert (output[len(expected) :] == 0xA5).all()
    assert image.completion().bias == bias
    assert done.descriptors[0].result_bytes == sum(one.bytes for one in done.descriptors[0].jobs)


def _fgmp_row(results: U16, codes: U8, wide: Bool) -> bytes:
    return block(
        [
            (16, int(bits)) if is_wide else (8, int(code)) if code else None
            for bits, code, is_wide in zip(results, codes, wide, strict=True)
        ]
    )


def test_fgmp_of_a_core_with_four_columns(rng: np.random.Generator) -> None:
    """A mask byte holds four elements; the group bits are shorter still."""
    values = with_specials(rng, random_fp16(rng, (16, 4), 0.6), 0.1)
    image = one_job("tiny", _copying_job(TINY, values, room=16 * 10), mode=OutputMode.FGMP, output_bias=13)
    assert image.run().message == ""
    results = finish_fp16(_sums(values))
    tensor = encode(results, Fp8Format.E4M3, 3)
    expected = b"".join(_fgmp_row(*row) for row in zip(results, tensor.codes, tensor.is_fp16, strict=True))
    assert image.output()[: len(expected)].tobytes() == expected
    assert image.record().bytes == len(expected)


# --------------------------------------------------------------------------------------------------
# Post-processing
# --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", [TINY, CORE], ids=lambda preset: preset.name)
@pytest.mark.parametrize("asked", range(16))
def test_post_processing_is_that_of_the_golden_model(
    rng: np.random.Generator, preset: Preset, asked: int
) -> None:
    """Each combination of scale and bias, residual, ReLU and mask, infinities and NaN included."""
    rows, columns = 16, preset.columns
    scaled, added, relu, masked = (bool(asked >> bit & 1) for bit in range(4))
    values = with_specials(rng, random_fp16(rng, (rows, columns)), 0.1)
    scale = rng.standard_normal(columns).astype(np.float32).view(np.uint32)
    bias = rng.standard_normal(columns).astype(np.float32).view(np.uint32)
    scale[0], bias[1] = np.float32(-np.inf).view(np.uint32), 0xFFC00001
    residual = with_specials(rng, random_fp16(rng, (rows, columns)), 0.1)
    keep = rng.random((rows, columns)) < 0.6
    d = _d(
        scale if scaled else None,
        bias if scaled else None,
        residual if added else None,
        keep if masked else None,
    )
    image = one_job(
        preset.name,
        _copying_job(preset, values, d),
        mode=OutputMode.FP16,
        scale_bias=scaled,
        residual=added,
        relu=relu,
        mask=masked,
    )
    done = image.run()
    assert done.message == ""
    one, none = np.float32(1).view(np.uint32), np.float32(-0.0).view(np.uint32)
    expected = postprocess(
        _sums(values),
        scale if scaled else np.full(columns, one, np.uint32),
        bias if scaled else np.full(columns, none, np.uint32),  # adding -0 changes nothing
        residual if added else None,
        relu,
    )
    if masked:
        expected = np.where(keep, expected, np.uint16(0))
    assert (image.fp16() == expected).all()
    assert (done.descriptors[0].histogram == exponent_histogram(expected)).all()


def test_scale_and_bias_round_twice() -> None:
    """A fused multiply-add would leave what the product's rounding loses."""
    value = np.float16(2**6 * (1 + 2**-10))
    acc = np.float32(value) * np.float32(value)  # 21 bits, so that the product with a scale of 13 is rounded
    scale = np.full(4, 1 + 2**-12, np.float32)
    shift = -(acc * scale)
    fused = np.float16(float(acc) * float(scale[0]) + float(shift[0]))
    assert fused != 0
    element = half(float(value))
    d = _d(scale.view(np.uint32), shift.view(np.uint32), None, None)
    image = one_job(
        "tiny", matrix_job(TINY, [[element]], [[element] * 4], d=d), mode=OutputMode.FP16, scale_bias=True
    )
    assert image.run().message == ""
    assert image.fp16().tolist() == [[0] * 4]


def test_relu_passes_nan_and_makes_plus_zero() -> None:
    """Sums never are -0, but scaled by -1 and with -0 added they may be; without ReLU they stay it."""
    values = np.array([[0x0000, 0x7C00, 0xFE01, 0x0001], [0x8001, 0xFC00, 0x8000, 0x3C00]], np.uint16)
    keep = np.array([[1, 1, 0, 1], [1, 1, 1, 1]], np.bool_)
    scale, shift = np.full(4, -1, np.float32), np.full(4, -0.0, np.float32)
    image = ChipImage(TINY)
    for relu, masked in ((False, False), (True, False), (True, True)):
        d = _d(scale.view(np.uint32), shift.view(np.uint32), None, None)
        if masked:
            d += _d(None, None, None, keep)
        job = _copying_job(TINY, values, d)
        image.add([job], mode=OutputMode.FP16, scale_bias=True, relu=relu, mask=masked)
    assert image.run().message == ""
    assert image.fp16(0, 0).tolist() == [[0x8000, 0xFC00, FP16_NAN, 0x8001], [1, 0x7C00, 0x8000, 0xBC00]]
    assert image.fp16(0, 1).tolist() == [[0, 0, FP16_NAN, 0], [1, 0x7C00, 0, 0]]
    assert image.fp16(0, 2).tolist() == [[0, 0, 0, 0], [1, 0x7C00, 0, 0]]


# --------------------------------------------------------------------------------------------------
# Histogram, threshold, records
# --------------------------------------------------------------------------------------------------


def test_histogram_counts_real_columns_of_all_jobs() -> None:
    """All FP16 values: FGMP changes nothing, FP32 output counts nothing, missing columns do not count."""
    image = ChipImage(CORE)
    for mode, columns in ((OutputMode.FP16, 16), (OutputMode.FGMP, 5), (OutputMode.FP32, 16)):
        jobs = [_copying_job(CORE, part, room=128 * 64) for part in _all_halves()]
        image.add(jobs, mode=mode, columns=columns, output_bias=20)
    done = image.run()
    assert done.message == ""
    for index, columns in ((0, 16), (1, 5)):
        results = finish_fp16(_sums(_all_halves()[:, :, :columns]))
        expected = exponent_histogram(results)
        magnitude = results & 0x7FFF
        record = image.completion(index)
        assert record.histogram == tuple(expected.tolist())
        assert record.zeros == np.count_nonzero(magnitude == 0)
        assert record.nonfinite == np.count_nonzero(magnitude >= 0x7C00)
        assert record.nonzeros == expected.sum()
        run = done.descriptors[index]
        assert (run.zeros, run.nonfinite) == (record.zeros, record.nonfinite)
        assert (run.histogram == expected).all()
        assert (run.threshold, run.threshold_bias) == (record.threshold, record.threshold_bias)
    assert image.completion(2) == CompletionRecord(32, bias=20, threshold=16)


@pytest.mark.parametrize("fmt", list(Fp8Format))
def test_threshold_is_that_of_the_share_policy(rng: np.random.Generator, fmt: Fp8Format) -> None:
    """Random tensors and shares, ties among them, and tensors without a finite non-zero."""
    image = ChipImage(TINY)
    tensors, shares = [], []
    for index in range(60):
        values = random_fp16(rng, (16, 4), 0.8)
        if index % 3 == 0:
            # Few binades with equal counts: the share is met exactly at times.
            values = np.exp2(rng.integers(-3, 3, (16, 4)).astype(np.float64)).astype(np.float16)
            values = np.ascontiguousarray(values).view(np.uint16)
        if index % 10 == 0:
            values = np.zeros((16, 4), np.uint16)
            values[0, 0] = 0x7C00
        share = [(1, 5), (0, 1), (1, 1), (int(rng.integers(0, 9)), int(rng.integers(9, 256)))][index % 4]
        tensors.append(finish_fp16(_sums(values)))
        shares.append(share)
        image.add([_copying_job(TINY, values)], mode=OutputMode.FP16, share=share, output_format=int(fmt))
    assert image.run().message == ""
    for index, (values, share) in enumerate(zip(tensors, shares, strict=True)):
        expected = SharePolicy(Fraction(*share)).choose(exponent_histogram(values))
        record = image.completion(index)
        assert record.threshold == expected
        assert record.threshold_bias == bias_of(fmt, expected)


def test_output_bias_comes_from_the_record_of_another_descriptor(rng: np.random.Generator) -> None:
    """The threshold counts, not the bias of the record: formats may differ."""
    values = random_fp16(rng, (16, 4))
    image = ChipImage(TINY)
    first = image.add([_copying_job(TINY, values)], mode=OutputMode.FP16)
    image.add(
        [_copying_job(TINY, values, room=160)],
        mode=OutputMode.FGMP,
        output_format=1,
        output_bias=5,
        threshold_from_record=True,
        threshold_record=first.completion,
    )
    done = image.run()
    assert done.message == ""
    e_thr = SharePolicy().choose(exponent_histogram(finish_fp16(_sums(values))))
    assert done.descriptors[0].threshold == e_thr
    assert image.completion(1).bias == done.descriptors[1].bias == bias_of(Fp8Format.E5M2, e_thr)
    tensor = encode(finish_fp16(_sums(values)), Fp8Format.E5M2, e_thr)
    rows = zip(tensor.fp16, tensor.codes, tensor.is_fp16, strict=True)
    expected = b"".join(_fgmp_row(*row) for row in rows)
    assert image.output(0, 1)[: len(expected)].tobytes() == expected


def test_a_chain_goes_where_its_descriptors_say(rng: np.random.Generator) -> None:
    values = [random_fp16(rng, (3, 4)) for _ in range(3)]
    image = ChipImage(TINY)
    for one in values:
        image.add([_copying_job(TINY, one)])
    # The second one lies last in memory, but the chain leaves it out.
    image.change(0, next=image.lines[2])
    done = image.run()
    assert done.cause is Cause.NONE
    assert [one.line for one in done.descriptors] == [image.lines[0], image.lines[2]]
    assert (image.fp32(0, 0) == _sums(values[0])).all()
    assert (image.fp32(0, 2) == _sums(values[2])).all()
    assert (image.output(0, 1) == 0xA5).all()
