"""What changes while a network is trained."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from regressions.training.arithmetic import Arithmetic, Layer
from regressions.training.loss_scale import LossScale
from regressions.training.record import Record


@dataclass
class State:
    """A training run between two iterations.

    Attributes
    ----------
    model : nn.Module
    arithmetic : Arithmetic or None
        Computes the layers' products; None: PyTorch alone (FP32).
    layers : dict of Layer
        Empty without an arithmetic.
    optimizer, scale, record
    """

    model: nn.Module
    arithmetic: Arithmetic | None
    layers: dict[str, Layer]
    optimizer: torch.optim.Optimizer
    scale: LossScale
    record: Record
