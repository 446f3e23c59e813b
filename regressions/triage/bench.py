"""A worker process for trials, which is replaced when it dies or does not answer."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

from golden.presets import Preset
from regressions.json_codec import decode
from regressions.triage.case import Case
from regressions.triage.finding import Finding, Window
from regressions.triage.symptom import Symptom
from regressions.triage.worker import UNFIT
from tb.chip.build import build_bare as build_chip
from tb.core.build import build_bare as build_core
from tb.toolchain import REPO_ROOT, BuildResult

WORKER_LOG = "worker.log"
SIMULATOR_LOG = "simulator.log"
CASE = "trial.npz"
START_S = 60.0
"""Time that a worker may take to start, beyond that of its first run."""


def build(preset: Preset, *, chip: bool, gated: bool, rtl: Path) -> BuildResult:
    """Build the harness in the bare loop, with waves."""
    jobs = os.cpu_count() or 1
    if chip:
        return build_chip(preset, gated=gated, waves=True, rtl=rtl, jobs=jobs)
    return build_core(preset, waves=True, rtl=rtl, jobs=jobs)


class Bench:
    """Runs cases in a process of its own; a context manager that ends it."""

    def __init__(self, library: Path, preset: str, *, chip: bool, gated: bool, folder: Path) -> None:
        self._settings = {
            "library": str(library),
            "preset": preset,
            "chip": chip,
            "gated": gated,
            "log": str(folder / SIMULATOR_LOG),
        }
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._fresh = True

    def __enter__(self) -> Bench:
        self._folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def run(self, case: Case, timeout_s: float, window: Window | None = None) -> Finding:
        """Run a case; one that kills the simulator or does not end is a finding too."""
        path = self._folder / CASE
        case.save(path)
        process = self._process or self._start()
        request = {"case": str(path), "window": asdict(window) if window else None}
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            line = self._answer(process, timeout_s + (START_S if self._fresh else 0.0))
        except OSError:
            line = b""
        except BaseException:
            self._end()  # its answer would be taken for that of the next case
            raise
        self._fresh = False
        if line is None:
            self._end()
            text = f"the simulator hung: still running after {timeout_s:.3g} s, killed"
            return Finding(Symptom("simulator", "hung", "the simulator does not end"), text)
        if not line:
            status = process.wait()
            self._end()
            return _death(status)
        return decode(Finding, json.loads(line))

    def _start(self) -> subprocess.Popen[bytes]:
        with (self._folder / WORKER_LOG).open("ab") as log:
            # A session of its own: Ctrl-C reaches only the process that ends this one.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "regressions.triage.worker", json.dumps(self._settings)],
                cwd=REPO_ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        self._fresh = True
        return self._process

    @staticmethod
    def _answer(process: subprocess.Popen[bytes], timeout_s: float) -> bytes | None:
        """Return the next line; empty if the process ended, None if it took too long."""
        assert process.stdout is not None
        deadline, line = time.monotonic() + timeout_s, b""
        descriptor = process.stdout.fileno()
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                return None
            part = os.read(descriptor, 1 << 16)
            if not part:
                return b""
            line += part
        return line

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue


def _death(status: int) -> Finding:
    if status < 0:
        name = signal.Signals(-status).name
        text = f"the simulator was killed by {name} (out of memory, or from outside)"
        return Finding(Symptom("simulator", name, f"the simulator dies of {name}"), text)
    return Finding(Symptom(UNFIT, "", "the case cannot be run"), f"the worker ended with status {status}")
