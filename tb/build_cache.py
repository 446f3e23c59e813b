"""The cache of simulator builds under ``build/``: locks, stamps, logs and shared run-time objects."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

STAMP = "complete.json"
"""Written last into a build's folder: with it the build is complete, without it there is none."""
LOG = "build.log"
OBJECTS = "verilator-runtime"
SHOWN_LINES = 25
UNUSED_DAYS = 14
"""A cached build that nobody asked for in so many days is deleted."""


class ToolchainError(RuntimeError):
    """A tool is missing, or a build failed; the message says what to do."""


def digest(data: bytes) -> str:
    """Return the SHA-256 of `data` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it is seen complete or not at all."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.write_bytes(data)
    scratch.replace(path)


@contextmanager
def locked(path: Path) -> Iterator[int]:
    """Hold an exclusive lock; yields its descriptor.

    Tools inherit the descriptor, so that a compiler that outlives a killed caller still holds the lock
    and the next caller cannot build in the same folder meanwhile.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def alone(path: Path, otherwise: Exception) -> Iterator[None]:
    """Hold a lock that nobody waits for; raise `otherwise` if another process has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise otherwise from None
        yield


@dataclass(frozen=True)
class Step:
    """Runs the commands of one build, all of their output in its log."""

    name: str
    mdir: Path
    cwd: Path
    env: Mapping[str, str]
    lock: int

    def run(self, what: str, command: Sequence[str]) -> None:
        """Run one command; raise `ToolchainError` with the end of the log if it fails."""
        log = self.mdir / LOG
        with log.open("a", encoding="utf-8", errors="replace") as out:
            out.write(f"$ {' '.join(command)}\n")
            out.flush()
            done = subprocess.run(
                command,
                cwd=self.cwd,
                env=self.env,
                stdout=out,
                stderr=subprocess.STDOUT,
                pass_fds=(self.lock,),
            )
        if done.returncode:
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
            lines = [line for line in lines if not line.startswith("$ ")][-SHOWN_LINES:]
            raise ToolchainError(
                f"build of {self.name}: {what} failed with status {done.returncode}. Last lines of {log}:\n  "
                + "\n  ".join(lines)
            )


@dataclass(frozen=True)
class RuntimeObjects:
    """Verilator's run-time library, compiled once for each set of flags: it takes longer than most models."""

    step: Step
    makefile: str
    compiler: str

    def _objects(self) -> list[str]:
        classes = (self.step.mdir / self.makefile.replace(".mk", "_classes.mk")).read_text(encoding="utf-8")
        lists = re.findall(r"^VM_GLOBAL_(?:FAST|SLOW) \+?= \\\n((?:\s+\S+ \\\n)*)", classes, re.MULTILINE)
        return [f"{word}.o" for part in lists for word in part.split() if word != "\\"]

    def _folder(self) -> Path:
        """Folder of these objects, named by the very commands that compile them."""
        command = ["make", "-n", "-B", "-C", str(self.step.mdir), "-f", self.makefile, *self._objects()]
        done = subprocess.run(command, env=self.step.env, capture_output=True, text=True, check=True)
        compiles = [line for line in done.stdout.splitlines() if " -c " in line]
        return self.step.mdir.parent / OBJECTS / digest("\n".join([*compiles, self.compiler]).encode())[:16]

    def fetch(self) -> None:
        """Put the compiled objects where make looks; newer than their makefile, they count as up to date."""
        folder = self._folder()
        for name in self._objects():
            if (folder / name).is_file():
                shutil.copyfile(folder / name, self.step.mdir / name)

    def store(self) -> None:
        """Keep the objects that this build compiled."""
        folder = self._folder()
        folder.mkdir(parents=True, exist_ok=True)
        for name in self._objects():
            if not (folder / name).is_file():
                write_whole(folder / name, (self.step.mdir / name).read_bytes())


def delete_unused(build_root: Path) -> None:
    """Delete builds, finished or failed, that nobody asked for in `UNUSED_DAYS`."""
    oldest = time.time() - UNUSED_DAYS * 86400
    for log in build_root.glob(f"*/{LOG}"):
        stamp = log.with_name(STAMP)
        try:
            if (stamp if stamp.exists() else log).stat().st_mtime < oldest:
                stamp.unlink(missing_ok=True)  # first, so that what is left of the folder is never a hit
                shutil.rmtree(log.parent, ignore_errors=True)
        except OSError:
            continue  # another process was faster
