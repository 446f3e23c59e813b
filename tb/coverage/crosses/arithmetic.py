"""What of the arithmetic modules is sampled: their input words, and the sums that they should give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tb.coverage.bins import collecting
from tb.coverage.crosses.additions import ACC_ADD, FP32_ADD
from tb.coverage.crosses.conversions import sample_fp8_to_fp16, sample_fp16_to_fp8, sample_fp32_to_fp16
from tb.coverage.crosses.products import sample_fp16_products, sample_fp32_products

Words = npt.NDArray[Any]
Arrays = Sequence[Words]


def _by_format(sample: Callable[[Words, int, int], None]) -> Callable[[Arrays, Arrays], None]:
    """Sample words for each format and bias that they come with."""

    def sample_all(inputs: Arrays, expected: Arrays) -> None:
        words, fmt, bias = inputs
        for one in np.unique(np.stack([fmt, bias]), axis=1).T:
            sample(words[(fmt == one[0]) & (bias == one[1])], int(one[0]), int(one[1]))

    return sample_all


_SAMPLERS: dict[str, Callable[[Arrays, Arrays], None]] = {
    "fp32_add": lambda inputs, expected: FP32_ADD.sample(*inputs, *expected),
    "acc_add_probe": lambda inputs, expected: ACC_ADD.sample(*inputs, *expected),
    "fp32_mul": lambda inputs, expected: sample_fp32_products(*inputs),
    "fp16_mul": lambda inputs, expected: sample_fp16_products(*inputs),
    "fp32_to_fp16": lambda inputs, expected: sample_fp32_to_fp16(*inputs),
    "fp8_to_fp16": _by_format(sample_fp8_to_fp16),
    "fp16_to_fp8": _by_format(sample_fp16_to_fp8),
}


def sample_module(name: str, inputs: Arrays, expected: Arrays) -> None:
    """Sample an arithmetic module's words, by its input and output ports."""
    if collecting():
        _SAMPLERS[name](inputs, expected)
