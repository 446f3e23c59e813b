"""The bench of the activity estimate: a preset's core as RTL and as gates, run side by side with a tile."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from golden.counters import work_counters
from golden.presets import Preset
from tb.core.bare import WORK_COUNTERS
from tb.core.replay import Replay, ReplayInput
from tb.power.clock_gate import GATE
from tb.power.flat import Flat, flatten
from tb.power.liberty import Library
from tb.power.mapping import Mapped, map_design
from tb.power.netlist import read_modules
from tb.power.record import TOP, Recorder, RecordError
from tb.power.saif import read_saif, write_saif
from tb.power.simulator import GateSimulator, Toggles
from tb.power.weights import CLOCK, Weights, weigh

SIZES = {
    "Lines": "lines",
    "Pes": "pes",
    "Rows": "rows",
    "RowQueue": "row_queue",
    "RunQueue": "run_queue",
    "PsumRows": "psum_rows",
}
"""Parameters of the core, and the preset's fields that they have."""


@dataclass(frozen=True)
class Measured:
    """A tile on gates: all outputs were the RTL's in every cycle, and the RTL's results golden's.

    Attributes
    ----------
    counters : dict of str to int
        The core's counters.
    activity : Toggles
        As read from the SAIF file.
    bits_compared : int
    """

    replay: Replay
    counters: dict[str, int]
    activity: Toggles
    bits_compared: int


class GateBench:
    """A preset's core mapped to a library, with its RTL beside it; both take minutes the first time."""

    def __init__(self, preset: Preset, library: Library) -> None:
        self.preset = preset
        sizes = {name: getattr(preset, field) for name, field in SIZES.items()}
        self.mapped: Mapped = map_design(library, TOP, sizes)
        self.flat: Flat = flatten(read_modules(self.mapped, library), TOP, library)
        self._simulator = GateSimulator(self.flat, CLOCK)
        self._recorder = Recorder(preset, self.flat.inputs, self.flat.outputs)

    @property
    def area(self) -> float:
        """Area of all cells but the clock gates, in the library's unit."""
        cells = self.flat.library.cells
        return sum(cells[kind].area * len(one.scope) for kind, one in self.flat.cells.items() if kind != GATE)

    @property
    def clock_gates(self) -> int:
        """How many clock gates there are."""
        return len(self.flat.cells[GATE].scope) if GATE in self.flat.cells else 0

    def weights(self, wire: float) -> Weights:
        """Return what a toggle of each net costs under an assumption on wires."""
        return weigh(self.flat, wire)

    def run(self, source: ReplayInput, saif: Path) -> Measured:
        """Run a tile on RTL and gates, and write the gates' activity to `saif`.

        Raises
        ------
        tb.power.record.RecordError, tb.core.bare.CoreFailure
            If the RTL does not do what golden does.
        tb.power.simulator.GateMismatchError
            If the gates do not do what the RTL does.
        """
        record, replay = self._recorder.run(source)
        counters = dict(record.launch.counters)
        work = asdict(work_counters(replay.lowering, replay.a, len(source.columns)))
        for name in WORK_COUNTERS:
            if counters[name] != work[name]:
                raise RecordError(f"counter {name} is {counters[name]}, golden counts {work[name]}")
        write_saif(saif, self.flat, self._simulator.run(record.inputs, record.outputs))
        return Measured(replay, counters, read_saif(saif, self.flat), record.outputs.size)
