"""SGD with momentum and Adam, with masters in FP32 or FP16."""

from __future__ import annotations

import torch
from torch import nn

from regressions.training.arithmetic import product_weights
from regressions.training.emulation import round_to_half

_MOMENTUM = 0.9


def make_optimizer(
    model: nn.Module, name: str, learning_rate: float, weight_decay: float
) -> torch.optim.Optimizer:
    """Return the optimizer called `name`: ``sgd`` (Nesterov's momentum, 0.9) or ``adam``."""
    if name == "sgd":
        return torch.optim.SGD(
            model.parameters(), lr=learning_rate, momentum=_MOMENTUM, weight_decay=weight_decay, nesterov=True
        )
    return torch.optim.Adam(model.parameters(), lr=learning_rate, weight_decay=weight_decay)


def round_masters(model: nn.Module) -> None:
    """Round the products' weights to FP16, in place: what is left of them when the masters are FP16.

    Moments, biases and what batch norm learns stay FP32: the host keeps them, and they are few.
    """
    with torch.no_grad():
        for weight in product_weights(model):
            weight.copy_(round_to_half(weight))
