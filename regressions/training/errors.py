"""The error of the training program."""

from __future__ import annotations

from regressions.capture.errors import CaptureError


class TrainingError(CaptureError):
    """Training cannot go on; the message names the subject (file, layer or option), problem and remedy."""
