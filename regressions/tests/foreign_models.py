"""Networks that a user might name with --model, inside and outside of the hardware contract."""

# mypy: allow-subclassing-any

from __future__ import annotations

import torch
from torch import Tensor, nn


def images_and_labels(count: int = 4, size: int = 8) -> tuple[Tensor, Tensor]:
    """Random images [count, 3, size, size] and labels of ten classes."""
    return torch.randn(count, 3, size, size), torch.randint(10, (count,))


class Plain(nn.Module):
    """Convolutions without batch norm, each followed by a ReLU that works in place."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 6, 3, padding="same")
        self.second = nn.Conv2d(6, 8, (3, 3), stride=2, padding=1)
        self.last = nn.Linear(8 * 4 * 4, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map images [N, 3, 8, 8] to scores."""
        x = torch.relu_(self.first(x))
        x = torch.relu_(self.second(x))
        scores: Tensor = self.last(x.flatten(1))
        return scores


def plain(num_classes: int) -> nn.Module:
    """Return a network within the contract."""
    return Plain(num_classes)


class Around(nn.Module):
    """`Plain` with one more module between images and network."""

    def __init__(self, extra: nn.Module, num_classes: int, uses: int = 1) -> None:
        super().__init__()
        self.extra = extra
        self.plain = Plain(num_classes)
        self.uses = uses

    def forward(self, x: Tensor) -> Tensor:
        """Map images [N, 3, 8, 8] to scores."""
        for _ in range(self.uses):
            x = self.extra(x)
        scores: Tensor = self.plain(x)
        return scores


def dropout(num_classes: int) -> nn.Module:
    """Return a network that draws random numbers in training."""
    return Around(nn.Dropout(), num_classes)


def grouped(num_classes: int) -> nn.Module:
    """Return a network with a depthwise convolution."""
    return Around(nn.Conv2d(3, 3, 3, padding=1, groups=3), num_classes)


def two_outputs(num_classes: int) -> nn.Module:
    """Return a module whose result is no tensor of scores."""
    return nn.Sequential(nn.Conv2d(3, num_classes, 1))


def no_module(num_classes: int) -> int:
    """Return something else than a network."""
    return num_classes


def broken(num_classes: int) -> nn.Module:
    """Fail."""
    raise ArithmeticError("no luck")
