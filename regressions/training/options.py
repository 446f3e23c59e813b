"""Options of one training run."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

MODES = ("fp32", "fp16", "fp8-e4m3", "fp8-e5m2", "fp8-hybrid", "fgmp")
OPTIMIZERS = {"sgd": 0.05, "adam": 0.002}
"""Each optimizer's highest learning rate, where the user names none."""
MASTERS = ("fp32", "fp16")
DYNAMIC = "dynamic"
"""Loss scale that follows the overflows."""

_ELSEWHERE = ("out", "fresh", "stop_after", "checkpoint_every", "beside", "speed")
"""Options that decide no bit of the training."""


@dataclass(frozen=True)
class Options:
    """How to train; the fields are the command line's options.

    Attributes
    ----------
    out : Path
        Folder of the checkpoint and of the record.
    fresh : bool
        Begin anew where `out` holds a run.
    stop_after : int or None
        Stop, with a checkpoint, after so many iterations of this call.
    checkpoint_every : int
        Iterations from one checkpoint to the next.
    beside : Path or None
        Folder of another run, whose loss is set beside this one's.
    speed : bool
        Measure the time of a step in several precisions, and train nothing.
    dataset, image_size, model
        See `regressions.capture`.
    width : int
        Channels of ResNet-18's first stage.
    mode : str
        One of `MODES`.
    policy : str or None
        Threshold policy as ``name=value``; None: that of the mode.
    exact : bool
        Products by the golden model.
    epochs, iterations : int, int or None
        Length of the training; iterations, if given, go before epochs.
    batch, train_images, threads, seed
        As in a capture.
    optimizer : str
        One of `OPTIMIZERS`.
    learning_rate : float or None
        The highest; None: the optimizer's own.
    weight_decay : float
    masters : str
        Format in which the optimizer keeps the products' weights, one of `MASTERS`.
    gradients : str
        Format in which weight gradients leave the chip, one of `MASTERS`.
    loss_scale : float or str
        Factor on the loss, or `DYNAMIC`.
    """

    out: Path
    fresh: bool
    stop_after: int | None
    checkpoint_every: int
    beside: Path | None
    speed: bool
    dataset: list[str]
    image_size: int | None
    model: str
    width: int
    mode: str
    policy: str | None
    exact: bool
    epochs: int
    iterations: int | None
    batch: int
    train_images: int | None
    optimizer: str
    learning_rate: float | None
    weight_decay: float
    masters: str
    gradients: str
    loss_scale: float | str
    seed: int
    threads: int

    @property
    def highest_rate(self) -> float:
        """The highest learning rate."""
        return OPTIMIZERS[self.optimizer] if self.learning_rate is None else self.learning_rate

    @property
    def recipe(self) -> dict[str, Any]:
        """The options that decide the bits of the training, as plain values; the learning rate in force."""
        values = {name: value for name, value in asdict(self).items() if name not in _ELSEWHERE}
        return values | {"learning_rate": self.highest_rate}

    @property
    def digest(self) -> str:
        """Hash of `recipe`: a checkpoint goes on only with the one that it was made with."""
        return hashlib.sha256(json.dumps(self.recipe, sort_keys=True).encode()).hexdigest()
