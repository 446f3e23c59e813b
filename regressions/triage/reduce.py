"""Smaller cases from a case: fewer columns, images, channels, pixels, kernel positions, plainer values.

Each function returns the input of a smaller replay of the same step, or None where there is none. Formats,
threshold exponents, balancer, stalls and seed stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from golden.formats import U16
from golden.geometry import ConvGeometry, Step
from tb.core.replay import ReplayInput

FP16_ONE = 0x3C00
SIGN = 0x8000


def own_columns(source: ReplayInput) -> ReplayInput:
    """Return the same replay with B cut to its columns."""
    return keep_columns(source, range(len(source.columns)))


def keep_columns(source: ReplayInput, kept: Sequence[int]) -> ReplayInput:
    """Keep some columns of the product."""
    axis = 0 if source.step is Step.FP else 1
    b = source.b.take(source.columns[list(kept)], axis=axis)
    geometry = _channels(source.geometry, len(kept), inputs=source.step is Step.BP)
    return replace(source, geometry=geometry, b=b, columns=np.arange(len(kept), dtype=np.int64))


def keep_images(source: ReplayInput, kept: Sequence[int]) -> ReplayInput:
    """Keep some images."""
    b = source.b[list(kept)] if source.step is Step.WG else source.b
    geometry = replace(source.geometry, batch=len(kept))
    return replace(source, geometry=geometry, a=source.a[list(kept)], b=b)


def keep_channels(source: ReplayInput, kept: Sequence[int]) -> ReplayInput:
    """Keep some channels of A: of the reduction in FP and BP, of the product's rows in WG."""
    b = source.b
    if source.step is not Step.WG:
        b = b.take(list(kept), axis=1 if source.step is Step.FP else 0)
    geometry = _channels(source.geometry, len(kept), inputs=source.step is not Step.BP)
    return replace(source, geometry=geometry, a=source.a[:, list(kept)], b=b)


def _channels(geometry: ConvGeometry, count: int, *, inputs: bool) -> ConvGeometry:
    return replace(geometry, in_channels=count) if inputs else replace(geometry, out_channels=count)


def output_size(source: ReplayInput, axis: int) -> int:
    """Rows (`axis` 2) or columns (3) of an output image."""
    return source.geometry.out_height if axis == 2 else source.geometry.out_width


def crop(source: ReplayInput, axis: int, first: int, last: int) -> ReplayInput | None:
    """Keep rows (`axis` 2) or columns (3) `first` to before `last` of output images, and what is below."""
    geometry = source.geometry
    size = geometry.in_height if axis == 2 else geometry.in_width
    outputs = output_size(source, axis)
    before, after = first * geometry.stride, (outputs - last) * geometry.stride
    left = size - before - after
    if left < 1:
        return None
    inputs, at_outputs = slice(before, size - after), slice(first, last)
    a = _cut(source.a, axis, at_outputs if source.step is Step.BP else inputs)
    b = _cut(source.b, axis, at_outputs) if source.step is Step.WG else source.b
    cropped = replace(geometry, in_height=left) if axis == 2 else replace(geometry, in_width=left)
    return replace(source, geometry=cropped, a=a, b=b)


def _cut(tensor: U16, axis: int, part: slice) -> U16:
    return tensor[:, :, part] if axis == 2 else tensor[:, :, :, part]


def one_tap(source: ReplayInput, ky: int, kx: int) -> ReplayInput | None:
    """Keep one kernel position: a 1x1 convolution of the elements that it meets."""
    geometry = source.geometry
    if geometry.taps == 1:
        return None
    height, width = geometry.out_height, geometry.out_width
    small = replace(geometry, in_height=height, in_width=width, kernel=1, stride=1, padding=0)
    b = source.b if source.step is Step.WG else source.b[:, :, ky : ky + 1, kx : kx + 1]
    if source.step is Step.BP:
        return replace(source, geometry=small, b=b)
    padding, stride = geometry.padding, geometry.stride
    padded = np.pad(source.a, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    a = padded[:, :, ky : ky + stride * height : stride, kx : kx + stride * width : stride]
    return replace(source, geometry=small, a=a[:, :, :height, :width], b=b)


def inner_kernel(source: ReplayInput) -> ReplayInput | None:
    """Leave out the outermost kernel positions."""
    geometry = source.geometry
    if geometry.kernel < 3 or geometry.padding < 1:
        return None
    smaller = replace(geometry, kernel=geometry.kernel - 2, padding=geometry.padding - 1)
    b = source.b if source.step is Step.WG else source.b[:, :, 1:-1, 1:-1]
    return replace(source, geometry=smaller, b=b)


def nonzeros(tensor: U16) -> list[int]:
    """Places of the elements that are not zero, in the flat tensor."""
    return [int(at) for at in np.flatnonzero(tensor & (SIGN - 1))]


def keep_values(source: ReplayInput, operand: str, kept: Sequence[int]) -> ReplayInput:
    """Set all elements of operand ``a`` or ``b`` to zero but those at some places."""
    tensor = source.a if operand == "a" else source.b
    flat = np.zeros(tensor.size, np.uint16)
    flat[list(kept)] = tensor.reshape(-1)[list(kept)]
    return _with_operand(source, operand, flat.reshape(tensor.shape))


def set_ones(source: ReplayInput, operand: str, places: Sequence[int]) -> ReplayInput | None:
    """Set elements of operand ``a`` or ``b`` to one; None if they are."""
    tensor = source.a if operand == "a" else source.b
    flat = tensor.reshape(-1).copy()
    if (flat[list(places)] == FP16_ONE).all():
        return None
    flat[list(places)] = FP16_ONE
    return _with_operand(source, operand, flat.reshape(tensor.shape))


def _with_operand(source: ReplayInput, operand: str, tensor: U16) -> ReplayInput:
    return replace(source, a=tensor) if operand == "a" else replace(source, b=tensor)


def as_weight_gradient(source: ReplayInput) -> ReplayInput | None:
    """Return the WG replay that forms the same products as an FP or BP one, or None if it has a kernel.

    Sums over channels become sums over pixels: rows of the product are its channels.
    """
    geometry = source.geometry
    if source.step is Step.WG or geometry.taps != 1 or geometry.stride != 1 or geometry.padding != 0:
        return None
    batch, depth, height, width = source.a.shape
    rows = batch * height * width
    a = source.a.transpose(0, 2, 3, 1).reshape(1, rows, depth, 1)
    b = source.b.take(source.columns, axis=0 if source.step is Step.FP else 1)[:, :, 0, 0]
    by_column = b if source.step is Step.FP else b.T
    columns = by_column.shape[0]
    flat = replace(geometry, batch=1, in_channels=rows, in_height=depth, in_width=1, out_channels=columns)
    return replace(
        source,
        geometry=flat,
        step=Step.WG,
        a=np.ascontiguousarray(a),
        b=np.ascontiguousarray(by_column).reshape(1, columns, depth, 1),
        columns=np.arange(columns, dtype=np.int64),
    )
