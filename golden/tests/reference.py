"""Slow, literal references for the golden model's tests; they share no loop, table or address with it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from golden.fgmp import FgmpTensor, channel_costs, encode
from golden.formats import Fp8Format
from golden.geometry import ConvGeometry, Step
from golden.lowering import Lowering
from golden.presets import Preset

U16 = npt.NDArray[np.uint16]
U32 = npt.NDArray[np.uint32]
Doubles = npt.NDArray[np.float64]

Element = tuple[int, int, int, int]

SHAPES = [
    (kernel, stride, padding)
    for kernel in range(1, 8)
    for stride in (1, 2)
    for padding in sorted({0, 1, kernel // 2, kernel - 1, kernel, kernel + 2})
]
"""Every kernel and stride, with paddings from none to more than the kernel, that the tests sweep."""


def met_element(geometry: ConvGeometry, step: Step, row: int, k: int) -> Element | None:
    """Return the element ``(n, c, y, x)`` of A that meets row `k` of B in row `row` of the product.

    None where that is padding or a zero of dilation.
    """
    g = geometry
    window = (g.in_channels, g.kernel, g.kernel)
    if step is Step.BP:
        n, y, x = _unravel(row, (g.batch, g.in_height, g.in_width))
        o, ky, kx = _unravel(k, (g.out_channels, g.kernel, g.kernel))
        # W's own tap is (kernel-1-ky, kernel-1-kx), and δ[oy] reached X[stride * oy - padding + that tap].
        oy, dilated_y = divmod(y + g.padding - (g.kernel - 1 - ky), g.stride)
        ox, dilated_x = divmod(x + g.padding - (g.kernel - 1 - kx), g.stride)
        inside = 0 <= oy < g.out_height and 0 <= ox < g.out_width
        return (n, o, oy, ox) if inside and not dilated_y and not dilated_x else None
    pixel, tap = (row, k) if step is Step.FP else (k, row)
    n, y, x = _unravel(pixel, (g.batch, g.out_height, g.out_width))
    c, ky, kx = _unravel(tap, window)
    iy, ix = g.stride * y + ky - g.padding, g.stride * x + kx - g.padding
    return (n, c, iy, ix) if 0 <= iy < g.in_height and 0 <= ix < g.in_width else None


def _unravel(index: int, shape: tuple[int, int, int]) -> tuple[int, int, int]:
    rest, last = divmod(index, shape[2])
    first, middle = divmod(rest, shape[1])
    return first, middle, last


def reference_product(lowering: Lowering, a: FgmpTensor, b: U16) -> U32:
    """Compute the exact product by following ``lowering.line_lists()`` literally, one addition at a time."""
    by_tile: defaultdict[int, dict[int, list[int]]] = defaultdict(dict)
    for item in lowering.line_lists():
        by_tile[item.tile][item.line] = [int(k) for k in item.k]
    elements = a.decoded.view(np.float16).astype(np.float32)
    columns = b.view(np.float16).astype(np.float32)
    result = np.zeros((lowering.rows, b.shape[1]), np.float32)
    with np.errstate(invalid="ignore"):
        for row in range(lowering.rows):
            for tile in sorted(by_tile):
                sums = [np.zeros(b.shape[1], np.float32) for _ in range(lowering.preset.lines)]
                for line, ks in by_tile[tile].items():
                    for k in ks:
                        where = met_element(lowering.geometry, lowering.step, row, k)
                        if where is not None and elements[where] != 0:
                            sums[line] = sums[line] + elements[where] * columns[k]
                result[row] = result[row] + (sums[0] if lowering.step is Step.WG else _tree(sums))
    return np.where(np.isnan(result), np.uint32(0x7FC00000), result.view(np.uint32))


def _tree(sums: list[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    """Add neighbours until one is left: ``((0+1)+(2+3))+((4+5)+(6+7))``."""
    while len(sums) > 1:
        sums = [left + right for left, right in zip(sums[::2], sums[1::2], strict=True)]
    return sums[0]


def convolution_step(geometry: ConvGeometry, step: Step, a: Doubles, b: Doubles) -> Doubles:
    """Compute a training step in float64 from its definition, pixel by pixel; tensors as in a trace.

    FP: ``a`` X, ``b`` W, returns Y. BP: ``a`` δ, ``b`` W, returns the gradient at X. WG: ``a`` X, ``b`` δ,
    returns the gradient at W.
    """
    g = geometry
    margin = ((0, 0), (0, 0), (g.padding, g.padding), (g.padding, g.padding))
    padded = np.zeros((g.batch, g.in_channels, g.in_height + 2 * g.padding, g.in_width + 2 * g.padding))
    if step is not Step.BP:
        padded = np.pad(a, margin)
    y_result, w_result = np.zeros(g.delta_shape), np.zeros(g.w_shape)
    for y in range(g.out_height):
        for x in range(g.out_width):
            top, left = y * g.stride, x * g.stride
            window = np.s_[:, :, top : top + g.kernel, left : left + g.kernel]
            if step is Step.FP:
                y_result[:, :, y, x] = np.einsum("ncij,ocij->no", padded[window], b)
            elif step is Step.BP:
                padded[window] += np.einsum("no,ocij->ncij", a[:, :, y, x], b)
            else:
                w_result += np.einsum("no,ncij->ocij", b[:, :, y, x], padded[window])
    if step is Step.FP:
        return y_result
    if step is Step.WG:
        return w_result
    return padded[:, :, g.padding : g.padding + g.in_height, g.padding : g.padding + g.in_width]


def additions(lowering: Lowering) -> int:
    """Return how many roundings a product can pass through at most: list, tree, tiles."""
    lists = lowering.line_lists()
    tiles = max(item.tile for item in lists) + 1
    return max(len(item.k) for item in lists) + (lowering.preset.lines - 1).bit_length() + tiles


def random_geometry(
    rng: np.random.Generator, shape: tuple[int, int, int], channels: int, extra: int = 3
) -> ConvGeometry:
    """Draw a small layer: batch up to 2, up to `channels` channels, images up to `extra` over the least."""
    kernel, stride, padding = shape
    smallest = max(1, kernel - 2 * padding)
    height, width = (smallest + int(rng.integers(0, extra + 1)) for _ in range(2))
    c, o = (int(rng.integers(1, channels + 1)) for _ in range(2))
    return ConvGeometry("random", int(rng.integers(1, 3)), c, height, width, o, kernel, stride, padding)


def random_fp16(rng: np.random.Generator, shape: tuple[int, ...], density: float = 1.0) -> U16:
    """Draw FP16 bits: normal values over 18 binades, a share `density` not zero, zeros of both signs."""
    values = rng.standard_normal(shape) * np.exp2(rng.integers(-11, 7, shape))
    values *= rng.random(shape) < density
    return values.astype(np.float16).view(np.uint16)


def with_specials(rng: np.random.Generator, bits: U16, share: float = 0.05) -> U16:
    """Replace a share of elements (at least one) by infinities, NaNs and zeros of both signs."""
    specials = np.array([0x7C00, 0xFC00, 0x7E00, 0xFE01, 0x7C01, 0x0000, 0x8000], np.uint16)
    flat = bits.copy().reshape(-1)
    where = rng.random(flat.size) < share
    where[rng.integers(flat.size)] = True
    flat[where] = rng.choice(specials, int(where.sum()))
    return flat.reshape(bits.shape)


@dataclass(frozen=True)
class Case:
    """A lowered step with operands: `a` encoded, `b` as rows by K index."""

    lowering: Lowering
    a: FgmpTensor
    b: U16


def make_case(
    geometry: ConvGeometry,
    step: Step,
    preset: Preset,
    a_bits: U16,
    b: U16,
    *,
    balancer: bool = True,
    e_thr: int = 2,
) -> Case:
    """Encode A as the step's operand is and lower the step with its costs."""
    a = encode(a_bits, Fp8Format.E5M2 if step is Step.BP else Fp8Format.E4M3, e_thr)
    return Case(Lowering(geometry, step, preset, channel_costs(a), balancer), a, b)


def random_case(
    rng: np.random.Generator,
    geometry: ConvGeometry,
    step: Step,
    preset: Preset,
    *,
    columns: int = 3,
    density: float = 0.7,
    balancer: bool = True,
) -> Case:
    """Draw the operands of one step, without infinities and NaNs."""
    shape = geometry.delta_shape if step is Step.BP else geometry.x_shape
    a_bits = random_fp16(rng, shape, density)
    empty = Lowering(geometry, step, preset, np.zeros(shape[1], np.int64), balancer)
    return make_case(
        geometry,
        step,
        preset,
        a_bits,
        random_fp16(rng, (empty.depth, columns)),
        balancer=balancer,
        e_thr=int(rng.integers(-3, 6)),
    )
