"""Builds of cocotb simulations, and their runs as processes that are watched.

cocotb's own runner is not used because it opens every signal to VPI (which halves the speed) and has no
cache; what it passes to Verilator and to the process is passed here.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tb.toolchain import REPO_ROOT, BuildResult, ToolchainError, verilate

SHOWN_LINES = 12


class SimulationError(RuntimeError):
    """A simulation did not come to its end: it failed, hung or was killed."""


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
                f"the Python package cocotb is not installed for {sys.executable} ({error}): install the project's "
                "requirements, or run through nox, which does"
            ) from error
        python = find_libpython()
        if python is None:
            raise ToolchainError(
                f"{sys.executable} has no shared library (libpython), which cocotb loads into the simulator. Debian and "
                "Ubuntu: apt install libpython3-dev; Fedora: dnf install python3-libs; pyenv: build Python with "
                "PYTHON_CONFIGURE_OPTS=--enable-shared"
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
    jobs: int = 1,
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
        ldflags=[f"-Wl,-rpath,{cocotb.libraries}", f"-L{cocotb.libraries}", "-lcocotbvpi_verilator", "-rdynamic"],
        kind="exe",
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
) -> Path:
    """Run a simulation to its end in `folder`; its output goes to ``simulation.log`` there.

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
    results, log = folder / "cocotb.xml", folder / "simulation.log"
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
    command = [str(build.artifact), *(['--trace', '--trace-file', str(waves)] if waves else []), *arguments]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=env, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            status = process.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            _kill(process)
            raise SimulationError(
                f"the simulator was still running after {timeout_s:.0f} s and was killed; its output is in {log}"
            ) from error
        except BaseException:
            _kill(process)
            raise
    if status < 0:
        raise SimulationError(
            f"the simulator was killed by signal {signal.Signals(-status).name} (out of memory, or from outside); its "
            f"output is in {log}{_tail(log)}"
        )
    if not results.is_file() or not results.stat().st_size:
        raise SimulationError(f"the simulator left no results (exit status {status}); its output is in {log}{_tail(log)}")
    text = results.read_text(encoding="utf-8")
    if status or "<failure" in text or "<error" in text or "<testcase" not in text:
        raise SimulationError(f"the simulation failed (exit status {status}); its output is in {log}{_tail(log)}")
    return results


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _tail(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-SHOWN_LINES:]
    return "".join(f"\n  {line}" for line in lines)
