"""The chip under cocotb, a run in a process of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from tb.chip.device import ChipOutcome, RunOptions
from tb.chip.run_files import load_outcome, save_run
from tb.cocotb_simulation import run_simulation
from tb.toolchain import BuildResult


def run_chip(
    build: BuildResult,
    preset: str,
    memory: npt.NDArray[np.uint8],
    line: int,
    folder: Path,
    *,
    options: RunOptions | None = None,
    gated: bool = False,
    waves: Path | None = None,
    timeout_s: float,
) -> tuple[ChipOutcome, npt.NDArray[np.uint8], float]:
    """Run the chain of descriptors at `line` in a build that `tb.chip.build.build_cocotb` made.

    Parameters
    ----------
    memory : uint8 [bytes]
        Contents before the run; they stay as they are.
    folder : Path
        Where the run's files and its log go.
    waves : Path or None
        Where to write waves; the build must have been made for it.

    Returns
    -------
    tuple
        The outcome, the memory after the run, and the seconds that the simulator took.

    Raises
    ------
    tb.chip.device.ChipHang
        If the run comes to no end; the message has the state of the design.
    tb.cocotb_simulation.SimulationError
        If an assertion fails or the process dies; the first line says why.
    """
    options = options or RunOptions()
    save_run(folder, preset, memory, line, gated, options)
    run_simulation(
        build,
        "chip_sim",
        "tb.chip.cocotb_run",
        folder,
        environment={"CHIP_RUN": str(folder)},
        seed=options.memory.seed,
        waves=waves,
        timeout_s=timeout_s,
    )
    return load_outcome(folder)
