"""Replays that failed or did not finish: alike ones together, what they share, and the first mismatch.

Triage says which are alike, and has examined one of each; where there was none, their messages do.
"""

from __future__ import annotations

import re
from collections import Counter as Tally
from collections.abc import Sequence
from dataclasses import dataclass, field

from golden.geometry import Step
from regressions.results import Mismatch, Operand, Replay, Results, Status
from regressions.triage.records import TriageBucket
from reports.page.bits import bit_fields, digits, distance, running_sums
from reports.text import count, first_line, percent

OPEN_CARDS = 2
"""Cards of each group that are shown opened."""
INDEX_NAMES = {
    Step.FP: ("image", "out-channel", "y", "x"),
    Step.BP: ("image", "in-channel", "y", "x"),
    Step.WG: ("out-channel", "in-channel", "ky", "kx"),
}


@dataclass(frozen=True)
class OperandRow:
    """An operand with the line's sum up to it; `skipped` if its A is zero."""

    operand: Operand
    a_hex: str
    b_hex: str
    product: float
    total: float | None

    @property
    def skipped(self) -> bool:
        """Whether the hardware skips it."""
        return self.total is None


@dataclass(frozen=True)
class ValueRow:
    """One of the two values: its hex digits, value, and bits by field, each with whether it differs."""

    name: str
    code: str
    value: float
    fields: list[list[tuple[str, bool]]]


@dataclass(frozen=True)
class MismatchView:
    """The first mismatch, ready to print."""

    failure: Mismatch
    place: list[tuple[str, int]]
    values: list[ValueRow]
    apart: str
    operands: list[OperandRow]
    formats: str


@dataclass(frozen=True)
class Card:
    """One broken replay."""

    replay: Replay
    brief: str
    is_open: bool
    mismatch: MismatchView | None


@dataclass(frozen=True)
class Bucket:
    """Broken replays that are alike; `triage` says what was found out about them, if anything was."""

    title: str
    shared: list[str]
    cards: list[Card]
    triage: TriageBucket | None = None
    related: list[tuple[str, str]] = field(default_factory=list)
    """Anchor and title of buckets that may have the same cause."""

    @property
    def anchor(self) -> str:
        """Anchor of the bucket."""
        return _bucket_anchor(self.triage.name if self.triage else self.title)

    @property
    def representative_anchor(self) -> str:
        """Anchor of the card of the replay that triage examined."""
        return _card_anchor(self.triage.representative) if self.triage else ""


def anchor(replay: Replay) -> str:
    """Return the anchor of a replay's card."""
    return _card_anchor(replay.name)


def _card_anchor(name: str) -> str:
    layer, _, step = name.rpartition("-")
    return f"replay-{_spelled(layer, '.')}-{step}"


def _spelled(name: str, dash: str) -> str:
    """Return an address of letters, digits, dashes and underscores, another one for each other name.

    `dash` is written as a dash, any other character as its number.
    """
    return "".join(
        one if one.isascii() and one.isalnum() else "-" if one == dash else f"_{ord(one):x}_" for one in name
    )


def buckets(results: Results) -> list[Bucket]:
    """Return the broken replays in groups, mismatches before errors, large groups first."""
    groups: dict[str, list[Replay]] = {}
    triaged: dict[str, TriageBucket] = {}
    known = {name: one for one in (results.triage.buckets if results.triage else []) for name in one.replays}
    for replay in results.replays:
        if replay.status is not Status.PASS:
            found = known.get(replay.name)
            key = found.name if found else signature(replay)
            groups.setdefault(key, []).append(replay)
            if found:
                triaged[key] = found
    reasons = {one.name: one.reason for one in triaged.values()}
    ordered = sorted(groups.items(), key=lambda group: (group[1][0].status is Status.ERROR, -len(group[1])))
    return [
        Bucket(
            _sentence(triaged[key].reason) if key in triaged else key,
            common_traits(members, results.replays),
            [_card(replay, place < OPEN_CARDS) for place, replay in enumerate(members)],
            triaged.get(key),
            [(_bucket_anchor(name), reasons[name]) for name in _related(triaged.get(key)) if name in reasons],
        )
        for key, members in ordered
    ]


def _related(bucket: TriageBucket | None) -> list[str]:
    return bucket.related if bucket else []


def _bucket_anchor(name: str) -> str:
    return f"bucket-{_spelled(name, '-')}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def signature(replay: Replay) -> str:
    """Return what a failure is called; failures of one name form a group."""
    if replay.status is Status.ERROR:
        message = first_line(replay.message or "").replace(replay.layer, "<layer>")
        return re.sub(r"\b\d[\d,.]*\b", "#", message)
    if replay.mismatches:
        return f"Result bits differ in {replay.step}"
    if replay.unequal_counters:
        return "Work counters differ: " + ", ".join(sorted(replay.unequal_counters))
    return first_line(replay.message or "failed")


def common_traits(broken: Sequence[Replay], replays: Sequence[Replay]) -> list[str]:
    """Return what two or more broken replays share, each with how many that passed share it too.

    What every passing replay has as well says nothing, and is left out. The last entry counts the passing
    replays that have all of it at once: few or none, and it is likely the condition of the fault.
    """
    if len(broken) < 2:
        return []
    passed = [_shape_traits(replay) for replay in replays if replay.status is Status.PASS]
    shapes = _shared([_shape_traits(replay) for replay in broken])
    telling = {name: value for name, value in shapes.items() if any(one[name] != value for one in passed)}
    found = [
        f"{name} {value} ({sum(one[name] == value for one in passed)} passing)"
        for name, value in telling.items()
    ]
    if len(telling) > 1:
        alike = sum(all(one[name] == value for name, value in telling.items()) for one in passed)
        found.append(f"all of these at once ({alike or 'none'} passing)")
    places = _shared([_place_traits(replay) for replay in broken])
    return found + [f"first mismatch in {name} {value}" for name, value in places.items()]


def _shared(traits: list[dict[str, object]]) -> dict[str, object]:
    first, *others = traits
    return {name: value for name, value in first.items() if all(one.get(name) == value for one in others)}


def _shape_traits(replay: Replay) -> dict[str, object]:
    shape = replay.geometry
    return {
        "step": str(replay.step),
        "kernel": f"{shape.kernel}×{shape.kernel}",
        "stride": shape.stride,
        "batch": shape.batch,
        "in-channels": shape.in_channels,
        "out-channels": shape.out_channels,
    }


def _place_traits(replay: Replay) -> dict[str, object]:
    failure = replay.failure
    if failure is None:
        return {}
    return {"PE line": failure.line, "column": failure.column, "tile": failure.tile}


def _card(replay: Replay, is_open: bool) -> Card:
    view = None if replay.failure is None else _mismatch_view(replay.step, replay.failure)
    return Card(replay, _brief(replay), is_open, view)


def _brief(replay: Replay) -> str:
    failure = replay.failure
    if failure is not None and replay.elements:
        share = percent((replay.mismatches or 0) / replay.elements, 2)
        return (
            f"{count(replay.mismatches)} of {count(replay.elements)} elements differ ({share}); "
            f"first in line {failure.line}, column {failure.column}, tile {failure.tile}"
        )
    if replay.message:
        return first_line(replay.message)
    return "counters differ: " + ", ".join(replay.unequal_counters)


def _mismatch_view(step: Step, failure: Mismatch) -> MismatchView:
    expected, actual = failure.expected_hex, failure.actual_hex
    kinds = Tally(
        {2: "FP8", 4: "FP16"}.get(len(digits(one.a_hex)), "?") for one in failure.operands if one.a != 0
    )
    return MismatchView(
        failure=failure,
        place=list(zip(INDEX_NAMES[step], failure.index, strict=True)),
        values=[
            ValueRow("Expected", digits(expected), failure.expected, bit_fields(expected, actual)),
            ValueRow("RTL gave", digits(actual), failure.actual, bit_fields(actual, expected)),
        ],
        apart=_apart(expected, actual),
        operands=[
            OperandRow(one, digits(one.a_hex), digits(one.b_hex), one.a * one.b, total)
            for one, total in zip(failure.operands, running_sums(failure.operands), strict=True)
        ],
        formats=", ".join(f"{number} {name}" for name, number in sorted(kinds.items())) or "all zero",
    )


def _apart(expected: str, actual: str) -> str:
    steps = distance(expected, actual)
    if steps is None:
        return ""
    unit = "unit" if abs(steps) == 1 else "units"
    return f"{steps:+,} {unit} in the last place".replace("-", "−")
