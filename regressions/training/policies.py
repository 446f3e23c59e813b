"""Threshold policies as a user names them; needs no PyTorch."""

from __future__ import annotations

from golden.fgmp import FgmpError, ThresholdPolicy, make_policy
from golden.formats import FormatError
from regressions.training.errors import TrainingError

FGMP_POLICY = "share=0.2"
FP8_POLICY = "share=0"
"""FP8 alone: the bias that leaves no non-zero in the binades from the threshold up."""

_PARAMETERS = {"share": "target", "previous": "target", "fixed": "e_thr"}


def parse_policy(text: str) -> ThresholdPolicy:
    """Return the threshold policy that `text` (``share=T``, ``previous=T`` or ``fixed=E``) names.

    Raises
    ------
    TrainingError
        If there is no such policy, or its value is outside its range.
    """
    name, _, value = text.partition("=")
    try:
        if name not in _PARAMETERS:
            raise FgmpError(f"unknown threshold policy '{name}'")
        number = int(value) if name == "fixed" else value
        return make_policy(name, **{_PARAMETERS[name]: number})
    except (FgmpError, FormatError, ValueError) as error:
        raise TrainingError(
            f"--policy {text}",
            str(error),
            "write share=TARGET or previous=TARGET (0 to 1), or fixed=E (-24 to 16)",
        ) from None
