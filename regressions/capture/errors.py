"""The error of the capture program."""

from __future__ import annotations


class CaptureError(Exception):
    """Capture cannot go on; the message names the subject (file, layer or option), problem and remedy."""

    def __init__(self, subject: str, problem: str, remedy: str) -> None:
        super().__init__(f"{subject}: {problem}. Remedy: {remedy}.")
        self.subject = subject
        self.problem = problem
        self.remedy = remedy
