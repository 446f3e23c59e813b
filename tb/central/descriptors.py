"""Descriptors at random, and what software says of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from golden.chip.encoding import COMPLETION_LINES, Cause, Descriptor, OutputMode, Window
from golden.chip.validate import ALL_LINES, ValidationError, check_descriptor
from golden.formats import U32
from tb.central.tables import COLUMNS, EXTENTS

Rng = np.random.Generator


def good_descriptor(rng: Rng, last_line: int = ALL_LINES) -> tuple[Descriptor, int]:
    """Draw a descriptor that is right, and its line: everything lies apart, below `last_line`."""
    mode = OutputMode(int(rng.integers(3)))
    jobs = int(rng.integers(1, 9))
    flags: dict[str, Any] = {
        name: bool(rng.integers(2)) for name in ("scale_bias", "residual", "relu", "mask")
    }
    if mode is OutputMode.FP32:
        flags = dict.fromkeys(flags, False)
    wg = bool(rng.integers(2)) and mode is not OutputMode.FGMP and not (flags["residual"] or flags["mask"])
    # Places of all that is read or written, in a random order, often without a gap.
    lengths = {name: int(rng.integers(0, 9)) for name in EXTENTS}
    lengths["output"] += 1
    lengths |= {"line": 2, "job_table": jobs, "job_records": jobs, "completion": COMPLETION_LINES}
    lengths |= {"threshold_record": COMPLETION_LINES, "next": 2}
    at, places = last_line, {}
    order = [str(name) for name in rng.permutation(list(lengths))]
    order.sort(key=lambda name: name != "completion")  # a window cannot say that it ends after the last line
    for name in order:
        at -= lengths[name] + int(rng.choice([0, 0, 1, 40]))
        places[name] = at
    windows: dict[str, Any] = {name: Window(places[name], places[name] + lengths[name]) for name in EXTENTS}
    for name in ("a", "b", "c", "d"):
        if lengths[name] == 0:  # nothing there: anywhere, also inside of what is written
            first = places[name]
            if rng.random() < 0.5:
                first = windows["output"].first + int(rng.integers(0, lengths["output"]))
            windows[name] = Window(first, first)
    last = bool(rng.integers(2))
    descriptor = Descriptor(
        wg=wg,
        balancer=bool(rng.integers(2)),
        a_format=int(rng.integers(2)),
        b_format=int(rng.integers(2)),
        a_bias=int(rng.integers(64)),
        b_bias=int(rng.integers(64)),
        columns=int(rng.integers(1, COLUMNS + 1)),
        job_table=places["job_table"],
        jobs=jobs,
        completion=places["completion"],
        job_records=places["job_records"] if rng.integers(2) else 0,
        mode=mode,
        output_format=int(rng.integers(2)),
        output_bias=int(rng.integers(64)),
        threshold_from_record=bool(rng.integers(2)),
        threshold_record=places["threshold_record"],
        share=(int(rng.integers(256)), int(rng.integers(1, 256))),
        last=last,
        next=int(rng.integers(ALL_LINES)) if last else places["next"],
        **windows,
        **flags,
    )
    return descriptor, places["line"]


def verdict(words: U32, line: int) -> Cause:
    """Return what software says of a descriptor."""
    try:
        check_descriptor(words, line, COLUMNS)
    except ValidationError as error:
        return error.cause
    return Cause.NONE
