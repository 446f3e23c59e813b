"""Deterministic training of a classifier on the CPU."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from regressions.capture.datasets import Split
from regressions.capture.errors import CaptureError
from regressions.capture.progress import Progress

LABEL_SMOOTHING = 0.1
"""Share of the target probability that is spread over all classes."""

_MOMENTUM = 0.9
_WEIGHT_DECAY = 5e-4
_WARM_UP = 0.2
_EVALUATION_BATCH = 64


@dataclass(frozen=True)
class Recipe:
    """How to train: whole epochs of `batch` images, `learning_rate` at its highest, master `seed`."""

    epochs: int
    batch: int
    learning_rate: float
    seed: int


def make_deterministic(seed: int, threads: int) -> None:
    """Make PyTorch's results depend on nothing but `seed`, `threads` and the kind of CPU."""
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(seed)


def epoch_batches(count: int, batch: int, seed: int, epoch: int) -> Iterator[NDArray[np.int64]]:
    """Yield the indices of each whole batch of an epoch; `seed` and `epoch` decide their order."""
    order = np.random.default_rng([seed, epoch]).permutation(count)
    for start in range(0, count - batch + 1, batch):
        yield order[start : start + batch]


def load_batch(split: Split, indices: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
    """Return images (float32 [n, C, S, S]) and labels (int64 [n]) as tensors."""
    images, labels = split.batch(indices)
    return torch.from_numpy(images), torch.from_numpy(labels)


def learning_rate_factor(done: float) -> float:
    """Return the share of the highest learning rate at `done` (0 to 1) of training: a rise, then a cosine."""
    if done < _WARM_UP:
        return 0.05 + 0.95 * done / _WARM_UP
    return 0.5 * (1 + math.cos(math.pi * (done - _WARM_UP) / (1 - _WARM_UP)))


def classification_loss(scores: Tensor, labels: Tensor) -> Tensor:
    """Return the mean cross entropy of scores [n, classes] against smoothed labels [n].

    Smoothing is part of the usual ImageNet recipe. Without it a network this size fits easy data so well
    that most of δ underflows FP16 under the loss scale, and the trace would depend on the batch's luck.
    """
    return torch.nn.functional.cross_entropy(scores, labels, label_smoothing=LABEL_SMOOTHING)


def train(
    model: nn.Module,
    split: Split,
    recipe: Recipe,
    stops: Sequence[int] = (),
    at: Callable[[int], None] = lambda updates: None,
) -> None:
    """Train `model` in place by SGD with momentum, showing progress on standard error.

    Parameters
    ----------
    stops
        Numbers of updates after which `at` is called with that number; training ends with the last of
        them, without any after the last epoch.

    Raises
    ------
    CaptureError
        If the loss stops being finite.
    """
    optimizer = torch.optim.SGD(
        model.parameters(),
        lr=recipe.learning_rate,
        momentum=_MOMENTUM,
        weight_decay=_WEIGHT_DECAY,
        nesterov=True,
    )
    iterations = len(split) // recipe.batch
    total = recipe.epochs * iterations
    progress = Progress(total)
    done = 0
    model.train()

    def stop() -> bool:
        """Call `at` if it is its turn; tell whether the training is to end."""
        if done in stops:
            progress.close()
            at(done)
            model.train()
        return bool(stops) and done >= max(stops)

    for epoch in range(1, recipe.epochs + 1):
        for indices in epoch_batches(len(split), recipe.batch, recipe.seed, epoch):
            if stop():
                return
            for group in optimizer.param_groups:
                group["lr"] = recipe.learning_rate * learning_rate_factor(done / total)
            images, labels = load_batch(split, indices)
            optimizer.zero_grad(set_to_none=True)
            loss = classification_loss(model(images), labels)
            loss.backward()
            optimizer.step()
            done += 1
            value = float(loss.detach())
            if not math.isfinite(value):
                progress.close()
                raise CaptureError(
                    "training",
                    f"the loss is {value} in epoch {epoch}, iteration {done - (epoch - 1) * iterations}",
                    f"train with a --learning-rate below {recipe.learning_rate}",
                )
            progress.show(
                done,
                f"epoch {epoch}/{recipe.epochs}  iteration {done - (epoch - 1) * iterations}/{iterations}"
                f"  loss {value:.4f}",
            )
    if not stop():
        progress.close()


def accuracy(model: nn.Module, split: Split) -> float:
    """Return the share (0 to 1) of the images that `model` puts into their class."""
    model.eval()
    right = 0
    with torch.inference_mode():
        for start in range(0, len(split), _EVALUATION_BATCH):
            indices = np.arange(start, min(start + _EVALUATION_BATCH, len(split)), dtype=np.int64)
            images, labels = load_batch(split, indices)
            right += int((model(images).argmax(dim=1) == labels).sum())
    return right / len(split)
