"""Comparison of a module's outputs with reference words, bit for bit, and what a mismatch looks like."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tb.arith.bulk_model import BulkModel, Words
from tb.coverage.crosses.arithmetic import sample_module

Decimal = Callable[[str, int, int], str]
"""Writes a port's word in decimal: port name, word, index of the case."""

_FLOATS: dict[int, type[np.floating[Any]]] = {4: np.float32, 2: np.float16}


def check(
    module: BulkModel,
    case: str,
    inputs: Sequence[Words],
    expected: Sequence[Words],
    decimal: Decimal | None = None,
) -> None:
    """Evaluate `module` on `inputs` and compare each output with its expected words.

    Parameters
    ----------
    module : BulkModel
        Module to evaluate.
    case : str
        Kind of stimulus, for the message.
    inputs, expected : sequence of ndarray
        Words of each input and each output port, all of one shape.
    decimal : callable, optional
        Decimal form of a port's word; by default 32 and 16 bits are binary32 and FP16, a byte a number.

    Raises
    ------
    AssertionError
        If any bit differs: the message shows the first case with its operands and both results.
    """
    results = module(*inputs)
    differs = np.zeros(results[0].shape, dtype=bool)
    for result, want in zip(results, expected, strict=True):
        differs |= result != want
    if not differs.any():
        sample_module(module.name, inputs, expected)
        return
    index = int(np.flatnonzero(differs)[0])

    def show(names: Sequence[str], words: Sequence[Words]) -> str:
        return ", ".join(
            _show(name, word.reshape(-1)[index], index, decimal)
            for name, word in zip(names, words, strict=True)
        )

    outputs = list(module.ports.outputs)
    raise AssertionError(
        f"{module.name}, {case}: {np.count_nonzero(differs)} of {differs.size} cases differ; case {index}:"
        f"\n  operands  {show(list(module.ports.inputs), inputs)}"
        f"\n  result    {show(outputs, results)}"
        f"\n  expected  {show(outputs, expected)}"
    )


def _show(name: str, word: np.generic, index: int, decimal: Decimal | None) -> str:
    size = word.dtype.itemsize
    value = int(word.item())
    if decimal is not None:
        written = decimal(name, value, index)
    else:
        written = str(word.view(_FLOATS[size]) if size in _FLOATS else value)
    return f"{name} = {value:0{2 * size}x} ({written})"
