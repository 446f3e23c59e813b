"""Options of one capture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

BUILT_IN_MODEL = "resnet18"
"""The name of this project's own network."""

NETWORKS = {
    "vgg16": "regressions.networks.vgg:vgg16",
    "alexnet": "regressions.networks.alexnet:alexnet",
    "resnet18-narrow": "regressions.networks.resnet:resnet18_narrow",
    "resnet18-without-norm": "regressions.networks.resnet:resnet18_without_norm",
}
"""Other networks by name, each as package.module:callable."""

MIN_ACCURACY = {"digits": 0.95, "cifar10": 0.0, "images": 0.0}
"""Test accuracy below which a capture fails; only the digits are known to reach one in minutes."""


@dataclass(frozen=True)
class Moment:
    """When to record: after `number` updates of the weights, or after that many per cent of them."""

    number: float
    percent: bool

    def updates(self, total: int) -> int:
        """Return the number of updates before the recorded iteration, of `total` in the training."""
        return round(total * self.number / 100) if self.percent else int(self.number)


@dataclass(frozen=True)
class Options:
    """What to capture; the fields are the command line's options, None where the data set decides.

    `at` are the moments to record, None: the end of the training.
    """

    out: Path
    dataset: list[str]
    image_size: int | None
    model: str
    skip_unsupported: bool
    epochs: int
    batch: int
    at: list[Moment] | None
    record_batch: int | None
    train_images: int | None
    learning_rate: float
    loss_scale: float
    min_accuracy: float | None
    seed: int
    threads: int
    list_layers: bool

    @property
    def recorded_images(self) -> int:
        """Images of the iteration that is recorded."""
        return self.record_batch or self.batch

    @property
    def accuracy_floor(self) -> float:
        """Test accuracy that the network must reach."""
        return MIN_ACCURACY[self.dataset[0]] if self.min_accuracy is None else self.min_accuracy
