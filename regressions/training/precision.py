"""From the name of a precision to how each tensor is encoded."""

from __future__ import annotations

from collections.abc import Mapping

from golden.fgmp import DEFAULT_FORMATS
from golden.formats import Fp8Format
from regressions.training.errors import TrainingError
from regressions.training.policies import FGMP_POLICY, FP8_POLICY, parse_policy
from regressions.training.quantiser import Coding

_E4M3 = dict.fromkeys(DEFAULT_FORMATS, Fp8Format.E4M3)
_E5M2 = dict.fromkeys(DEFAULT_FORMATS, Fp8Format.E5M2)

ENCODINGS: dict[str, Mapping[str, Fp8Format]] = {
    "fp8-e4m3": _E4M3,
    "fp8-e5m2": _E5M2,
    "fp8-hybrid": DEFAULT_FORMATS,
    "fgmp": DEFAULT_FORMATS,
}
"""FP8 encoding of each tensor, by mode; the modes without one have no FP8."""


def codings(mode: str, policy: str | None) -> dict[str, Coding] | None:
    """Return how X, W and delta are encoded; None for the modes without FP8.

    Raises
    ------
    TrainingError
        If the policy is none, or the mode takes none.
    """
    if mode not in ENCODINGS:
        if policy is not None:
            raise TrainingError(
                f"--policy {policy}",
                f"mode {mode} has no threshold",
                "leave it out, or train with --mode fgmp",
            )
        return None
    fp8_alone = mode != "fgmp"
    rule = parse_policy(policy or (FP8_POLICY if fp8_alone else FGMP_POLICY))
    return {tensor: Coding(fmt, rule, saturate=fp8_alone) for tensor, fmt in ENCODINGS[mode].items()}
