"""The error of the training program."""

from __future__ import annotations

from regressions.capture.errors import CaptureError


class TrainingError(CaptureError):
    """Training cannot go on; the message names the subject (file, layer or option), problem and remedy."""


class DivergedError(TrainingError):
    """The numbers themselves ended the training, in iteration `iteration`: a result, which is recorded."""

    def __init__(self, iteration: int, problem: str, remedy: str) -> None:
        super().__init__("training", problem, remedy)
        self.iteration = iteration
