"""CSV of a regression: one row a replay, for a spreadsheet or a data frame."""

from __future__ import annotations

import csv
import io

from regressions.json_codec import encode
from regressions.results import Replay, Results
from reports.text import plain

SCALARS = (
    "layer",
    "step",
    "status",
    "elements",
    "mismatches",
    "cycles",
    "model_cycles",
    "ideal_cycles",
    "utilization",
    "model_cycles_balancer_off",
    "utilization_balancer_off",
    "a_zero_fraction",
    "a_fp16_fraction",
    "macs_total",
    "macs_fp8",
    "macs_fp16",
    "macs_skipped",
    "dense_fp16_cycles",
    "speedup_over_dense_fp16",
    "ema_bytes",
    "ema_bytes_fp16",
    "wall_s",
    "macs_per_second",
    "seed",
)
ENERGY = ("multiplier", "adder", "sram", "control", "leakage", "external")
CHIP = (
    "output",
    "image_bytes",
    "image_mismatches",
    "jobs",
    "waves",
    "detached",
    "held_cycles",
    "roofline_bound",
    "roofline_attainable",
    "roofline_compulsory_attainable",
    "roofline_reached",
    "roofline_intensity",
)
GEOMETRY = ("batch", "in_channels", "in_height", "in_width", "out_channels", "kernel", "stride", "padding")


def columns(results: Results) -> list[str]:
    """Return the header: fixed columns, one for each cause of stalls that occurs, then the texts."""
    causes = sorted({cause for replay in results.replays for cause in replay.stalls})
    return [
        *SCALARS,
        *(f"energy_{name}_pj" for name in ENERGY),
        *GEOMETRY,
        *(CHIP if any(replay.chip for replay in results.replays) else ()),
        "counters_equal",
        *(f"stall_{cause}" for cause in causes),
        "message",
        "rerun",
    ]


def render(results: Results) -> str:
    """Return the table as RFC 4180 text; what a replay lacks is an empty field."""
    header = columns(results)
    text = io.StringIO()
    writer = csv.DictWriter(text, header, restval="")
    writer.writeheader()
    for replay in results.replays:
        writer.writerow(_row(replay))
    return text.getvalue()


def _row(replay: Replay) -> dict[str, object]:
    row: dict[str, object] = {name: encode(getattr(replay, name)) for name in SCALARS}
    if replay.energy_pj is not None:
        row |= {f"energy_{name}_pj": getattr(replay.energy_pj, name) for name in ENERGY}
    row |= {name: getattr(replay.geometry, name) for name in GEOMETRY}
    if replay.chip is not None:
        roofline = replay.chip.roofline
        values = {
            **vars(replay.chip),
            **{f"roofline_{name}": value for name, value in vars(roofline).items()},
        }
        row |= {name: encode(values[name]) for name in CHIP}
    row["counters_equal"] = int(not replay.unequal_counters) if replay.counters else ""
    row |= {f"stall_{cause}": cycles for cause, cycles in replay.stalls.items()}
    row["message"] = plain(replay.message or "")
    row["rerun"] = replay.rerun
    return row
