"""Figures published for LNPU, set beside ours; what is compared with what, and why they differ."""

from __future__ import annotations

from dataclasses import dataclass

from regressions.results import Results
from reports.page.totals import by_step, total
from reports.published import EMA_SAVED, FP8_SHARE, ZERO_MACS
from reports.text import percent

DENSE_ERRORS = (
    "Why BP skips little: the error δ at a convolution's output is dense, because batch-norm's backward pass "
    "fills in every zero; only gradients at ReLU inputs are sparse. The published 43 % counts all MACs of "
    "its workloads, so compare it with the whole run, not with one step."
)


@dataclass(frozen=True)
class Comparison:
    """A published figure with its source, and ours in all and by step."""

    name: str
    meaning: str
    published: str
    source: str
    ours: float | None
    by_step: list[float | None]


def compare(results: Results) -> list[Comparison]:
    """Return the published figures beside this run's."""
    everything = total(results.replays)
    steps = [total(group) for group in by_step(results.replays).values()]
    return [
        Comparison(
            "MACs with a zero input",
            "skipped MACs of all MACs, padding and dilation left out",
            f"about {percent(ZERO_MACS, 0)}",
            "Hot Chips 31 poster",
            everything.zero_macs,
            [one.zero_macs for one in steps],
        ),
        Comparison(
            "External memory access saved",
            "a core: each operand and result once, as stored; the chip: at its pins; against plain FP16",
            percent(EMA_SAVED),
            "KAIST thesis 2020, ResNet-18 training",
            everything.ema_saved,
            [one.ema_saved for one in steps],
        ),
        Comparison(
            "FP8 share of the data",
            "of the non-zero elements of A, by number",
            f"about {percent(FP8_SHARE, 0)}",
            "Hot Chips 31 poster, ResNet-18",
            everything.fp8_elements,
            [one.fp8_elements for one in steps],
        ),
    ]
