"""Layer geometry and the three training steps, as the hardware contract names them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MAX_KERNEL = 7
MAX_STRIDE = 2


class GeometryError(ValueError):
    """A layer lies outside what the hardware contract covers."""


class Step(StrEnum):
    """A training step: forward, error propagation, weight gradient."""

    FP = "FP"
    BP = "BP"
    WG = "WG"


@dataclass(frozen=True)
class ConvGeometry:
    """Shape of one convolution; a fully connected layer is a 1x1 convolution on 1x1 images.

    Tensors: X is ``[batch, in_channels, in_height, in_width]``, W is
    ``[out_channels, in_channels, kernel, kernel]``, δ (the gradient at the output) is
    ``[batch, out_channels, out_height, out_width]``.

    Raises
    ------
    GeometryError
        If a field lies outside the contract (kernel 1 to 7, stride 1 or 2, non-negative padding, positive
        sizes, at least one output pixel).
    """

    name: str
    batch: int
    in_channels: int
    in_height: int
    in_width: int
    out_channels: int
    kernel: int
    stride: int
    padding: int

    def __post_init__(self) -> None:
        for field in ("batch", "in_channels", "in_height", "in_width", "out_channels"):
            if getattr(self, field) < 1:
                raise GeometryError(
                    f"layer {self.name}: {field} is {getattr(self, field)}, must be at least 1"
                )
        if not 1 <= self.kernel <= MAX_KERNEL:
            raise GeometryError(
                f"layer {self.name}: kernel is {self.kernel}, the hardware takes 1 to {MAX_KERNEL}"
            )
        if not 1 <= self.stride <= MAX_STRIDE:
            raise GeometryError(
                f"layer {self.name}: stride is {self.stride}, the hardware takes 1 to {MAX_STRIDE}"
            )
        if self.padding < 0:
            raise GeometryError(f"layer {self.name}: padding is {self.padding}, must be at least 0")
        if self.out_height < 1 or self.out_width < 1:
            raise GeometryError(
                f"layer {self.name}: a {self.kernel}x{self.kernel} kernel with padding {self.padding} "
                f"does not fit {self.in_height}x{self.in_width} images"
            )

    @property
    def out_height(self) -> int:
        """Rows of an output image."""
        return (self.in_height + 2 * self.padding - self.kernel) // self.stride + 1

    @property
    def out_width(self) -> int:
        """Columns of an output image."""
        return (self.in_width + 2 * self.padding - self.kernel) // self.stride + 1

    @property
    def taps(self) -> int:
        """Kernel positions."""
        return self.kernel * self.kernel

    @property
    def x_shape(self) -> tuple[int, int, int, int]:
        """Shape of X (NCHW)."""
        return (self.batch, self.in_channels, self.in_height, self.in_width)

    @property
    def w_shape(self) -> tuple[int, int, int, int]:
        """Shape of W (OIHW)."""
        return (self.out_channels, self.in_channels, self.kernel, self.kernel)

    @property
    def delta_shape(self) -> tuple[int, int, int, int]:
        """Shape of δ (NCHW)."""
        return (self.batch, self.out_channels, self.out_height, self.out_width)
