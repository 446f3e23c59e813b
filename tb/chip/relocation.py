"""Chains of descriptors moved to another place in memory: all that names a line names the moved one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from golden.chip.encoding import LINE_WORDS, Descriptor

U8 = npt.NDArray[np.uint8]
_PLAIN = {"job_table": 4, "job_records": 6, "completion": 7, "next": 18, "threshold_record": 19}
_WINDOWS = range(8, 18, 2)
_STREAMS = range(0, 10, 2)


def relocated(memory: U8, line: int, old: int, new: int) -> U8:
    """Return a memory that began at line `old` as it is if it begins at `new`.

    Parameters
    ----------
    memory : uint8 [bytes]
        With a chain of descriptors.
    line : int
        Where that begins, counted from the memory's own first line.
    """
    moved = memory.copy()
    words = moved.view("<u4")
    for at in _places(words.reshape(-1, LINE_WORDS), line, old):
        words[at] = np.uint32((int(words[at]) - old + new) % (1 << 32))
    return moved


def _places(lines: npt.NDArray[np.uint32], line: int, old: int) -> list[int]:
    """Words that name a line, of a chain that begins at `line`."""
    found: list[int] = []
    more = True
    while more:
        words = lines[line : line + Descriptor.WORDS // LINE_WORDS].ravel()
        descriptor = Descriptor.from_words(words)
        first = line * LINE_WORDS
        found += [first + word for name, word in _PLAIN.items() if getattr(descriptor, name)]
        # Of what is not there both words are 0.
        found += [first + at + half for at in _WINDOWS if words[at : at + 2].any() for half in (0, 1)]
        table = descriptor.job_table - old
        for number in range(table, table + descriptor.jobs):
            found += [number * LINE_WORDS + at for at in _STREAMS if lines[number, at : at + 2].any()]
        line, more = descriptor.next - old, not descriptor.last
    return found
