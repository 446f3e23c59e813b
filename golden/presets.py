"""Named hardware configurations; every one is chosen by parameter, never by editing RTL."""

from __future__ import annotations

from dataclasses import dataclass

PE_COLUMNS = 2
"""Output columns of one PE (an FP8 element of A meets both in one cycle)."""


class PresetError(ValueError):
    """The named preset does not exist."""


@dataclass(frozen=True)
class Preset:
    """Parameters of one chip configuration.

    Attributes
    ----------
    cores, lines, pes : int
        Sparse cores of the chip, lines of a core (a power of two), PEs of a line.
    rows : int
        B rows that a line holds for one tile (R of the contract).
    a_words : int
        Words of 4 elements in a line's A ring.
    row_queue : int
        Finished rows that a line may run ahead of the reduction.
    run_queue : int
        Runs that wait in front of a line; all of a K tile mostly fit `core`'s, so that the next tile's
        command, and with it its B rows, need not wait behind them.
    psum_rows : int
        Rows of partial sums that a core holds (the M block).
    """

    name: str
    cores: int
    lines: int
    pes: int
    rows: int
    a_words: int
    row_queue: int
    run_queue: int
    psum_rows: int

    @property
    def columns(self) -> int:
        """Output columns of one core."""
        return self.pes * PE_COLUMNS


PRESETS = {
    preset.name: preset
    for preset in (
        Preset("tiny", cores=1, lines=2, pes=2, rows=8, a_words=64, row_queue=2, run_queue=8, psum_rows=16),
        Preset(
            "core", cores=1, lines=8, pes=8, rows=36, a_words=64, row_queue=16, run_queue=32, psum_rows=128
        ),
        Preset(
            "lnpu", cores=12, lines=8, pes=8, rows=36, a_words=64, row_queue=16, run_queue=32, psum_rows=128
        ),
    )
}


def find_preset(name: str) -> Preset:
    """Return the preset called `name`; raise `PresetError` naming the choices if there is none."""
    try:
        return PRESETS[name]
    except KeyError:
        raise PresetError(f"unknown preset '{name}': choose one of {', '.join(PRESETS)}") from None
