"""From a trace's layer to a replay's input: formats, threshold exponents, columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from golden.fgmp import DEFAULT_FORMATS, ThresholdPolicy, make_policy
from golden.geometry import Step
from golden.seeds import derive_seed
from regressions.chip.settings import ChipSettings
from regressions.traces import LayerTrace
from tb.core.replay import ReplayInput

TENSORS = {Step.FP: ("X", "W"), Step.BP: ("delta", "W"), Step.WG: ("X", "delta")}
"""Which tensors are A and B of each step."""


class PolicyError(ValueError):
    """The threshold policy that the user named does not exist or has no such setting."""


@dataclass(frozen=True)
class ReplaySettings:
    """What a regression's user chooses for all replays alike.

    Attributes
    ----------
    preset : str
    balancer : bool
    seed : int
        Master seed; each replay's own seed follows from it and the replay's name.
    stall_permille : int
        Chance that a stream stalls in a cycle, in thousandths (0: none).
    policy : str
        FGMP threshold policy: ``share=0.2`` or ``fixed=E``.
    chip : ChipSettings or None
        None: replays on one sparse core.
    """

    preset: str
    balancer: bool
    seed: int
    stall_permille: int = 0
    policy: str = "share=0.2"
    chip: ChipSettings | None = None

    @staticmethod
    def from_json(values: dict[str, Any]) -> ReplaySettings:
        """Return the settings from their fields as plain values."""
        chip = values["chip"]
        return ReplaySettings(**{**values, "chip": ChipSettings(**chip) if chip else None})


def find_policy(text: str) -> ThresholdPolicy:
    """Return the policy that `text` (``name=value``) names; raise `PolicyError` if there is none."""
    name, _, value = text.partition("=")
    try:
        if name == "share":
            return make_policy("share", target=value or "0.2")
        if name == "fixed":
            return make_policy("fixed", e_thr=int(value))
    except (ValueError, TypeError) as error:
        raise PolicyError(f"--policy {text}: {error}") from error
    raise PolicyError(f"--policy {text}: choose share=SHARE (0 to 1) or fixed=E (-24 to 16)")


def replay_name(layer: str, step: Step) -> str:
    """Name of a replay, its identity in files and seeds."""
    return f"{layer}-{step.value}"


def replay_input(layer: LayerTrace, step: Step, settings: ReplaySettings) -> ReplayInput:
    """Gather the operands of one replay.

    The threshold exponents follow from the statistics of the whole captured tensors, also where the trace
    holds slices: a tensor is encoded once.
    """
    a, b, columns = layer.operands(step)
    policy = find_policy(settings.policy)
    a_statistics, b_statistics = layer.operand_statistics(step)
    a_name, b_name = TENSORS[step]
    return ReplayInput(
        layer.geometry,
        step,
        a,
        b,
        columns,
        DEFAULT_FORMATS[a_name],
        DEFAULT_FORMATS[b_name],
        policy.choose(a_statistics.histogram, None),
        policy.choose(b_statistics.histogram, None),
        settings.preset,
        settings.balancer,
        settings.stall_permille,
        derive_seed(replay_name(layer.geometry.name, step), settings.seed),
    )
