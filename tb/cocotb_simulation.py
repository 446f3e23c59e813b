"""Builds of cocotb simulations, and their runs as processes that are watched.

cocotb's own runner is not used because it opens every signal to VPI (which halves the speed) and has no
cache; what it passes to Verilator and to the process is passed here.
"""

from __future__ import annotations

import importlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tb.toolchain import JOBS, OPT_FAST, REPO_ROOT, BuildResult, ToolchainError, verilate

LOG = "simulation.log"
COVERAGE_FOLDER = "SIMULATION_COVERAGE"
"""Environment variable: where each simulation of a model that counts leaves a file of its own."""
SHOWN_LINES = 12
"""Last lines of a simulation's log that an error shows."""

MOST_SEEDS = 2**31 - 1
"""Verilator's seeds are from 1 to this."""

SIMULATOR_ERROR = re.compile(r"(?:\[\d+\] )?%Error: (?P<text>.+)")
"""What a failed assertion, ``$error`` or ``$fatal`` prints; the ``Verilog $stop`` after it says nothing."""


class SimulationError(RuntimeError):
    """A simulation did not come to its end: it failed, hung or was killed. The first line says why."""


@dataclass(frozen=True)
class Cocotb:
    """Where the installed cocotb keeps what a Verilator simulation links and loads."""

    main: Path
    libraries: Path
    entry_point: str
    python: str

    @staticmethod
    def find() -> Cocotb:
        """Locate cocotb and the shared library of this Python.

        Raises
        ------
        ToolchainError
            If one is missing, with the packages to install.
        """
        try:
            config = importlib.import_module("cocotb_tools.config")
            find_libpython = importlib.import_module("find_libpython").find_libpython
        except ImportError as error:
            raise ToolchainError(
                f"the Python package cocotb is not installed for {sys.executable} ({error}): install the "
                "project's requirements, or run through nox, which does"
            ) from error
        python = find_libpython()
        if python is None:
            raise ToolchainError(
                f"{sys.executable} has no shared library (libpython), which cocotb loads into the simulator. "
                "Debian and Ubuntu: apt install libpython3-dev; Fedora: dnf install python3-libs; pyenv: "
                "build Python with PYTHON_CONFIGURE_OPTS=--enable-shared"
            )
        return Cocotb(
            Path(config.share_dir) / "lib" / "verilator" / "verilator.cpp",
            Path(config.libs_dir),
            str(config.pygpi_entry_point()),
            str(python),
        )


def build_simulation(
    name: str,
    sources: Sequence[Path],
    top: str,
    *,
    args: Sequence[str] = (),
    cxx_sources: Sequence[Path] = (),
    waves: bool = False,
    opt_fast: str = OPT_FAST,
    jobs: int = JOBS,
) -> BuildResult:
    """Build `top` with cocotb's main program and VPI; see `tb.toolchain.Toolchain.verilate`.

    Signals that Python reads or writes must be named public in a ``.vlt`` file among `sources`.
    """
    cocotb = Cocotb.find()
    tracing = ["--trace"] if waves else []
    return verilate(
        name,
        sources,
        top,
        args=["--vpi", "--timing", "--timescale", "1ns/1ps", "--prefix", "Vtop", *tracing, *args],
        cxx_sources=[cocotb.main, *cxx_sources],
        cflags=["-fcoroutines"] if waves else [],
        # Python finds the harness's own functions in the program itself.
        ldflags=[
            f"-Wl,-rpath,{cocotb.libraries}",
            f"-L{cocotb.libraries}",
            "-lcocotbvpi_verilator",
            "-rdynamic",
        ],
        kind="exe",
        opt_fast=opt_fast,
        jobs=jobs,
    )


def run_simulation(
    build: BuildResult,
    top: str,
    test_module: str,
    folder: Path,
    *,
    environment: Mapping[str, str],
    seed: int,
    arguments: Sequence[str] = (),
    waves: Path | None = None,
    timeout_s: float,
    random_start: bool = True,
) -> Path:
    """Run a simulation to its end in `folder`; its output goes to `LOG` there.

    Parameters
    ----------
    environment : mapping
        Variables for the test module.
    arguments : sequence of str
        Further arguments of the simulator.
    waves : Path or None
        Where to write waves (VCD); the build must have been made for it.
    timeout_s : float
        Wall time after which the process is killed.
    random_start : bool
        Whether registers and memories begin as anything, which shows what a reset forgets. Pins that Python
        drives would, too, and make edges before it does.

    Returns
    -------
    Path
        cocotb's results file, of a run that passed.

    Raises
    ------
    SimulationError
        If the program ends with an error, is killed, takes too long, or leaves no results of a passed test.
    """
    cocotb = Cocotb.find()
    folder.mkdir(parents=True, exist_ok=True)
    results, log = folder / "cocotb.xml", folder / LOG
    results.unlink(missing_ok=True)
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(REPO_ROOT), *(path for path in sys.path if path)]),
        "PYGPI_PYTHON_BIN": sys.executable,
        "GPI_USERS": f"{cocotb.python};{cocotb.entry_point}",
        "COCOTB_TOPLEVEL": top,
        "TOPLEVEL_LANG": "verilog",
        "COCOTB_TEST_MODULES": test_module,
        "COCOTB_RESULTS_FILE": str(results),
        "COCOTB_RANDOM_SEED": str(seed),
        "COCOTB_TRUST_INERTIAL_WRITES": "1",
        "COCOTB_ANSI_OUTPUT": "0",
        **environment,
    }
    tracing = ["--trace", "--trace-file", str(waves)] if waves else []
    if random_start:
        arguments = [*arguments, "+verilator+rand+reset+2", f"+verilator+seed+{1 + seed % MOST_SEEDS}"]
    if counted := os.environ.get(COVERAGE_FOLDER):
        handle, name = tempfile.mkstemp(".dat", "simulation", counted)
        os.close(handle)
        arguments = [*arguments, f"+verilator+coverage+file+{name}"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(build.artifact), *tracing, *arguments],
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            status = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise SimulationError(
                f"the simulator hung: still running after {timeout_s:.3g} s, killed{_log_end(log)}"
            ) from None
        finally:
            if process.poll() is None:  # it hung, or whoever waits for it is interrupted
                process.kill()
                process.wait()
    if status < 0:
        name = signal.Signals(-status).name
        raise SimulationError(
            f"the simulator was killed by {name} (out of memory, or from outside){_log_end(log)}"
        )
    problem = _problem(results, log) or (f"exit status {status}" if status else None)
    if problem:
        raise SimulationError(f"the simulation failed: {problem}{_log_end(log)}")
    return results


def _problem(results: Path, log: Path) -> str | None:
    """Return why a simulation that ended by itself failed, in one line; None if it passed."""
    for line in _lines(log):
        if (match := SIMULATOR_ERROR.search(line)) and "Verilog $stop" not in line:
            return match["text"].strip()
    try:
        cases = list(ElementTree.parse(results).iter("testcase"))
    except (OSError, ElementTree.ParseError):
        return "the simulator left no results"
    for case in cases:
        for kind in ("failure", "error"):
            if (found := case.find(kind)) is not None:
                words = (found.get("type", kind), found.get("message", "").partition("\n")[0])
                return ": ".join(word for word in words if word)
    for case in cases:
        if (skipped := case.find("skipped")) is not None:
            why = f" ({message})" if (message := skipped.get("message", "").partition("\n")[0]) else ""
            return f"test {case.get('name')} was skipped{why}: what did not run has not passed"
    return None if cases else "the simulator ran no test"


def _log_end(log: Path) -> str:
    return f"\nlog: {log}" + "".join(f"\n  {line}" for line in _lines(log)[-SHOWN_LINES:])


def _lines(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8", errors="replace").splitlines()
