"""The core's RTL run with real operands: its result, its counters, and what passed its ports."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from golden.formats import U32
from golden.presets import Preset
from tb.build_cache import digest, write_whole
from tb.core.bare import cycle_limit, require_equal
from tb.core.build import parameters
from tb.core.device import CoreDevice, LaunchResult
from tb.core.replay import Replay, ReplayInput
from tb.power.flat import Nets
from tb.power.simulator import Bytes
from tb.toolchain import BUILD_ROOT, BuildResult, rtl_sources, verilate

POWER_TB = Path(__file__).resolve().parent
CORE_TB = POWER_TB.parent / "core"
TOP = "sparse_core"
WORD = 32

Ports = Mapping[str, int]
"""Ports and their widths."""


class RecordError(RuntimeError):
    """The RTL did not compute what golden does, or could not be run."""


@dataclass(frozen=True)
class Record:
    """A replay of one launch as the RTL ran it.

    Attributes
    ----------
    inputs, outputs : uint8 [cycles, bits]
        The core's ports before each clock edge, a byte a bit, in the order of its ports.
    launch : LaunchResult
        Its results have been compared with golden's.
    """

    inputs: Bytes
    outputs: Bytes
    launch: LaunchResult


class Recorder:
    """The core's harness of one preset with a recorder bound to the core."""

    def __init__(
        self, preset: Preset, inputs: Mapping[str, Nets], outputs: Mapping[str, Nets], jobs: int = 1
    ) -> None:
        self._inputs = {name: len(bits) for name, bits in inputs.items()}
        self._outputs = {name: len(bits) for name, bits in outputs.items()}
        self._preset = preset
        self._library = ctypes.CDLL(str(_build(preset, self._inputs, self._outputs, jobs).artifact))
        self._device = CoreDevice(self._library, preset)

    def run(self, source: ReplayInput) -> tuple[Record, Replay]:
        """Run a replay of one launch, and require golden's bits and counters of work.

        Raises
        ------
        RecordError
            If the replay has more columns than the core, or the RTL fails.
        tb.core.bare.CoreFailure
            If a bit differs.
        """
        replay = Replay(source)
        launches = list(replay.launches(0))
        if len(launches) != 1:
            raise RecordError(
                f"a tile has at most {self._preset.columns} columns, this one {len(source.columns)}"
            )
        inputs = replace(launches[0], limit=cycle_limit(launches[0]))
        self._device.set_up(inputs)
        if self._library.record_launch():
            raise RecordError("the simulation of the RTL failed (see the standard output)")
        launch = self._device.take()
        outcome = replay.collect([launch])
        if outcome.problem:
            raise RecordError(outcome.problem)
        require_equal(source, outcome.product, replay.expected)
        inputs_seen = self._words("record_inputs", sum(self._inputs.values()))
        return Record(inputs_seen, self._words("record_outputs", sum(self._outputs.values())), launch), replay

    def _words(self, function: str, bits: int) -> Bytes:
        count = ctypes.c_uint64()
        call = getattr(self._library, function)
        call.restype = ctypes.POINTER(ctypes.c_uint32)
        pointer = call(ctypes.byref(count))
        words: U32 = np.ctypeslib.as_array(pointer, (count.value,)).reshape(-1, _words(bits))
        return np.unpackbits(words.view(np.uint8), axis=1, bitorder="little")[:, :bits]


def _words(bits: int) -> int:
    return -(-bits // WORD)


def _build(preset: Preset, inputs: Ports, outputs: Ports, jobs: int) -> BuildResult:
    text = _recorder(inputs, outputs)
    folder = BUILD_ROOT / "power"
    folder.mkdir(parents=True, exist_ok=True)
    recorder = folder / f"port_recorder-{digest(text.encode())[:16]}.sv"
    if not recorder.is_file():
        write_whole(recorder, text.encode())
    return verilate(
        f"core_record_{preset.name}",
        [*rtl_sources(), recorder, CORE_TB / "core_harness.sv"],
        "core_harness",
        args=["--prefix", "Vharness", *parameters(preset), "-GIdleNoise=0"],
        cxx_sources=[POWER_TB / "record_loop.cpp", CORE_TB / "replay_dpi.cpp"],
        kind="lib",
        jobs=jobs,
    )


def _recorder(inputs: Ports, outputs: Ports) -> str:
    """Return the module that hands the core's ports to `record_ports`, bound to every core."""

    def joined(ports: Ports) -> str:
        return ", ".join(reversed(list(ports)))

    widths = [sum(ports.values()) for ports in (inputs, outputs)]
    padded = [WORD * _words(width) for width in widths]
    return f"""\
module port_recorder (
    input logic clk_i,
    input logic [{widths[0] - 1}:0] inputs_i,
    input logic [{widths[1] - 1}:0] outputs_i
);
  import "DPI-C" function void record_ports(
    input bit [{padded[0] - 1}:0] inputs,
    input int input_words,
    input bit [{padded[1] - 1}:0] outputs,
    input int output_words
  );
  always @(posedge clk_i)
    record_ports({padded[0]}'(inputs_i), {padded[0] // WORD}, {padded[1]}'(outputs_i), {padded[1] // WORD});
endmodule
bind {TOP} port_recorder i_port_recorder (
    .clk_i,
    .inputs_i({{{joined(inputs)}}}),
    .outputs_i({{{joined(outputs)}}})
);
"""
