"""Crosses of the chip and its memory: cores at work, the memory's manners, bursts and their answers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from golden.formats import U32
from tb.coverage.bins import Cross, Illegal, collecting
from tb.coverage.crosses.streams import LINK_STREAMS, RATES, STEPS, rate_class

LINE_BYTES = 64
PAGE_LINES = 64
"""Lines of the 4 KB that no burst crosses."""
ORDERS = ("as asked", "any order", "interleaved")
ANSWERS = ("good", "some errors", "all errors")

_READS = Cross(
    "link.reads",
    {
        "burst": ("one line", "two lines"),
        "place": ("begins a page", "inside", "ends a page"),
        "order": ORDERS,
        "answers": ANSWERS,
    },
)
STROBES = ("all bytes", "one byte", "from the first on", "up to the last", "a range", "with gaps")
_WRITES = Cross(
    "link.writes", {"strobes": STROBES, "again": ("another line", "the same line"), "answers": ANSWERS}
)
_LINK_STALLS = {
    way: Cross(f"link.{way}_stalls", {"stream": LINK_STREAMS, "stalls": RATES}) for way in ("read", "write")
}

_ALL = (1 << LINE_BYTES) - 1


def sample_reads(lines: U32, beats: U32, order: int, errors: int) -> None:
    """Sample read bursts by first line and lines; `errors`: answers of 1000 that are errors."""
    if not collecting():
        return
    at = lines % PAGE_LINES
    place = np.select([at == 0, at + beats == PAGE_LINES], [0, 2], 1)
    _READS.sample(beats.astype(np.int64) - 1, place, order, _answers(errors))


def sample_writes(lines: U32, strobes: npt.NDArray[np.uint64], errors: int) -> None:
    """Sample lines written, in order, with their strobes."""
    if not collecting():
        return
    kinds = np.array([strobe_class(int(one)) for one in strobes])
    again = np.concatenate([[0], (lines[1:] == lines[:-1]).astype(np.int64)])
    _WRITES.sample(kinds, again, _answers(errors))


def strobe_class(strobes: int) -> int:
    """Class of a line's write strobes, by `STROBES`."""
    lowest = strobes & -strobes
    if strobes == _ALL:
        return 0
    if strobes == lowest:
        return 1
    if strobes & (strobes + lowest):
        return 5
    return 2 if lowest == 1 else 3 if strobes >> (LINE_BYTES - 1) else 4


def sample_link_stalls(way: str, ask: int, address: int, data: int) -> None:
    """Sample the stalls of a run of the link that reads or the one that writes."""
    if collecting():
        rates = np.array([rate_class(one) for one in (ask, address, data)])
        _LINK_STALLS[way].sample(np.arange(len(LINK_STREAMS)), rates)


def _answers(errors: int) -> int:
    return 0 if errors == 0 else 2 if errors >= 1000 else 1


# --------------------------------------------------------------------------------------------------
# The chip
# --------------------------------------------------------------------------------------------------

CHIPS = (1, 3, 4)
"""Numbers of cores of the chips that tests have."""
_WORKING = ("none", "one", "some", "all")
_CORES = Cross(
    "chip.cores_at_work",
    {"cores": tuple(str(cores) for cores in CHIPS), "step": STEPS, "working": _WORKING},
    [Illegal("there is but one", cores="1", working=("one", "some"))],
)
_OUTPUTS = Cross(
    "chip.outputs",
    {"cores": tuple(str(cores) for cores in CHIPS), "step": STEPS, "output": ("FP32", "FP16", "FGMP")},
    [Illegal("weight gradients leave as FP32 or FP16 (docs/chip.md)", step="WG", output="FGMP")],
)
BANDWIDTHS = ("no limit", "less than half a line", "a line", "more")
_MANNERS = Cross("chip.memory", {"order": ORDERS, "stalls": RATES, "bandwidth": BANDWIDTHS[:3]})
RESPONSES = ("SLVERR", "DECERR")
_ERRORS = Cross(
    "chip.responses",
    {"way": ("reads", "writes"), "bytes": ("a line", "more"), "response": RESPONSES, "order": ORDERS},
)


def sample_cores(cores: int, step: str, macs: Sequence[int]) -> None:
    """Sample a run of one step: which cores did any of its MACs."""
    if not collecting() or cores not in CHIPS:
        return
    working = sum(count > 0 for count in macs)
    which = 0 if working == 0 else 3 if working == cores else 1 if working == 1 else 2
    _CORES.sample(CHIPS.index(cores), STEPS.index(step), which)


def sample_output(cores: int, step: str, output: str) -> None:
    """Sample how the results of a step leave."""
    if collecting() and cores in CHIPS:
        modes = list(_OUTPUTS.axes["output"])
        _OUTPUTS.sample(CHIPS.index(cores), STEPS.index(step), modes.index(output))


def sample_manners(order: int, permille: int, bytes_per_cycle: int) -> None:
    """Sample how the memory behaves in a run."""
    if collecting():
        bandwidth = 0 if bytes_per_cycle == 0 else 1 if 2 * bytes_per_cycle < LINE_BYTES else 2
        _MANNERS.sample(order, rate_class(permille), bandwidth)


def sample_errors(reads: bool, writes: bool, size: int, response: int, order: int) -> None:
    """Sample bytes of the memory that are answered with an error."""
    if collecting():
        for way, wanted in enumerate((reads, writes)):
            if wanted:
                _ERRORS.sample(way, int(size > LINE_BYTES), response - 2, order)
