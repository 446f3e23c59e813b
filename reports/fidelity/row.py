"""A row of the comparison: a published figure and ours; what rows have in common."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from regressions.fidelity.options import COMMAND
from regressions.fidelity.records import Experiment, FidelityStudy, Network
from regressions.operands import replay_name
from reports.text import MISSING, ratio

NEAR = 0.1
"""Figures within this share of the published one pass for equal."""
POSTER, ISSCC, THESIS, SSCL = "Hot Chips 31 poster", "ISSCC 2019", "KAIST thesis 2020", "IEEE SSC-L 2019"
NAMED = 4
"""Most layers' steps that a row names."""
OPERANDS = ("X", "W", "delta")
RESNET = "resnet18"


class Standing(StrEnum):
    """How ours stands to the published figure.

    `AGREES` is of what is published as a finding, not as a number; `BOUNDED` means that two measurements
    lie on both sides of the figure, which is no reason.
    """

    NEAR = "within 10 %"
    AGREES = "agrees with it"
    EXPLAINED = "differs, reason measured"
    BOUNDED = "differs, lies between what was measured"
    OPEN = "differs, open"
    PARTIAL = "a part measured, not judged"
    UNMEASURED = "not measured"
    UNPUBLISHED = "not published"


@dataclass(frozen=True)
class Row:
    """A published figure and ours.

    Attributes
    ----------
    ours : list of (str, str)
        Each with what it is; the first is the one that is compared.
    how : str
        How ours was measured.
    command : str
        What measures it again.
    standing : Standing
    reason : str
        Why they differ, with the measurement; or what is open.
    """

    name: str
    published: str
    source: str
    ours: list[tuple[str, str]]
    how: str
    command: str
    standing: Standing
    reason: str


def near(value: float | None, target: float) -> bool:
    """Tell whether a figure passes for the published one."""
    return value is not None and abs(value / target - 1) <= NEAR


def standing(near: bool, explained: bool) -> Standing:
    """Return how a figure stands, by whether it is near and a measurement says why not."""
    if near:
        return Standing.NEAR
    return Standing.EXPLAINED if explained else Standing.OPEN


def covered(study: FidelityStudy) -> str | None:
    """Name the layers' steps that were run if they are not all of the trace; None if they are."""
    ran = dict.fromkeys(replay_name(one.layer, one.step) for one in study.layers)
    if len(ran) >= study.run.layer_steps:
        return None
    names = list(ran)
    listed = ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")
    return f"{len(names)} of {study.run.layer_steps} layer steps: {listed}"


def judged(study: FidelityStudy, standing: Standing, reason: str) -> tuple[Standing, str]:
    """Return standing and reason of a figure over all layers; one of a part of them is not judged."""
    part = covered(study)
    if part is None:
        return standing, reason
    return Standing.PARTIAL, f"{part}; without --layers and --steps it is of all, and judged"


def policies(study: FidelityStudy, *experiments: Experiment) -> list[tuple[str, str]]:
    """Return an entry for each experiment that was measured with another FGMP policy than this run's."""
    made = [one for which in experiments if (one := study.experiment(which)) is not None]
    return [
        (f"FGMP of experiment {one.experiment}", f"{one.policy}, not this run's {study.run.policy}")
        for one in made
        if one.policy != study.run.policy
    ]


def times(value: float | None) -> str:
    """Return a factor as text."""
    return MISSING if value is None else f"{ratio(value)} ×"


def experiment(which: Experiment) -> str:
    """Return the command that makes an experiment."""
    return f"{COMMAND} --experiment {which}"


def network(study: FidelityStudy, name: str) -> Network | None:
    """Return a network that was captured; None if no result is kept."""
    made = study.experiment(Experiment.NETWORKS)
    return next((one for one in made.networks if one.name == name), None) if made else None


def unmeasured(name: str, text: str, source: str) -> Row:
    """Return the row of a figure for which no result is kept."""
    command = experiment(Experiment.NETWORKS)
    return Row(name, text, source, [], "in full traces", command, Standing.UNMEASURED, "no result is kept")
