"""The record of a training run: what a study of accuracy, or a plot, needs of it; one JSON file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from regressions.training.errors import TrainingError

NAME = "run.json"
SCHEMA = 1


@dataclass
class Record:
    """What a run has shown so far.

    Attributes
    ----------
    recipe : dict
        The options that decide the bits.
    total : int
        Iterations of the whole training.
    torch : str
        Version of PyTorch.
    weights : int
        Trained parameters.
    train_images, test_images : int
        Images of the training and of the test; 0 in records of earlier versions.
    data : str
        Digest of the images' files; empty in records of earlier versions.
    losses, scales : list of float
        Of each iteration: the loss (before scaling) and the loss scale.
    skipped : list of int
        Iterations, from 1, that changed no weight because a gradient was not finite.
    shares : list of dict
        Every tenth iteration: ``iteration``, and for ``X``, ``W`` and ``delta`` the elements, non-zeros and
        FP16-group elements of all layers together, and the threshold of each layer.
    tests : list of dict
        At the end of each epoch: ``iteration`` and ``accuracy`` (0 to 1) on the test images.
    diverged : dict or None
        If numbers that are not finite ended the training: ``iteration`` and ``reason``.
    seconds : float
        Time in iterations; the only figure that two runs of one recipe do not share.
    """

    recipe: dict[str, Any]
    total: int
    torch: str
    weights: int
    train_images: int = 0
    test_images: int = 0
    data: str = ""
    losses: list[float] = field(default_factory=list)
    scales: list[float] = field(default_factory=list)
    skipped: list[int] = field(default_factory=list)
    shares: list[dict[str, Any]] = field(default_factory=list)
    tests: list[dict[str, Any]] = field(default_factory=list)
    diverged: dict[str, Any] | None = None
    seconds: float = 0.0

    @property
    def done(self) -> int:
        """Iterations so far."""
        return len(self.losses)

    @property
    def finished(self) -> bool:
        """Whether the training has come to its end."""
        return self.done == self.total

    @property
    def accuracy(self) -> float | None:
        """Test accuracy when it was last measured."""
        return self.tests[-1]["accuracy"] if self.tests else None

    def to_json(self) -> str:
        """Return the record as JSON."""
        return json.dumps({"schema": SCHEMA, **asdict(self)}, indent=1)

    @staticmethod
    def from_json(text: str) -> Record:
        """Return the record that `to_json` wrote."""
        values = json.loads(text)
        if values.pop("schema") != SCHEMA:
            raise ValueError(f"schema is not {SCHEMA}")
        return Record(**values)

    @staticmethod
    def read(folder: Path) -> Record:
        """Read the record in a run's folder.

        Raises
        ------
        TrainingError
            If there is none, or it is no record.
        """
        path = folder / NAME
        try:
            return Record.from_json(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise TrainingError(
                str(path), f"cannot be read ({error.strerror})", "name the --out folder of a training run"
            ) from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise TrainingError(
                str(path), "is no record of a training run", "train again with --fresh"
            ) from error


def compare(record: Record, other: Record) -> list[tuple[int, float, float]]:
    """Return iteration (from 1), and both losses, of each iteration that both runs have."""
    pairs = zip(record.losses, other.losses, strict=False)
    return [(index, mine, others) for index, (mine, others) in enumerate(pairs, start=1)]
