"""Compiled parts of the golden model: C++ files beside this one, built on first use and loaded with ctypes.

``golden/native/<name>.cpp`` holds ``extern "C"`` functions; `library` compiles the file with the host's
C++20 compiler into ``build/native`` and loads it. The file name there carries a key over everything that
decides the machine code, so a changed source, flag, compiler or CPU is compiled anew and nothing else is.
Headers (``*.hpp``) in this folder count for every library.
"""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

SOURCES = Path(__file__).resolve().parent
CACHE = SOURCES.parents[1] / "build" / "native"

COMPILERS = ("c++", "g++", "clang++")
"""Tried in this order when the variable CXX names none."""

# Never -ffast-math: the order of additions is the contract. Contraction to fused multiply-adds (GCC's
# default) changes nothing, because the products of the datapath are exact in binary32.
FLAGS = (
    "-std=c++20",
    "-O3",
    "-mcpu=native" if platform.machine() in ("aarch64", "arm64") else "-march=native",
    "-fPIC",
    "-shared",
    "-Wall",
    "-Wextra",
)

INSTALL_HINT = (
    "install one (Debian, Ubuntu: 'apt install g++'; Fedora: 'dnf install gcc-c++') "
    "or name one in the environment variable CXX"
)


class NativeError(RuntimeError):
    """A compiled part of the golden model cannot be built or loaded; the message says why and what to do."""


def compiler() -> tuple[str, ...]:
    """Return the command of the host's C++ compiler.

    Raises
    ------
    NativeError
        If there is none.
    """
    named = shlex.split(os.environ.get("CXX", ""))
    if named:
        if shutil.which(named[0]) is None:
            raise NativeError(
                f"no C++ compiler: CXX names '{named[0]}', which is not on PATH; {INSTALL_HINT}"
            )
        return tuple(named)
    for candidate in COMPILERS:
        if shutil.which(candidate):
            return (candidate,)
    raise NativeError(f"no C++ compiler: none of {', '.join(COMPILERS)} is on PATH; {INSTALL_HINT}")


@lru_cache
def _target(command: tuple[str, ...]) -> str:
    """Return the compiler's predefined macros: its version, and what ``native`` means on this CPU."""
    probe = [*command, *FLAGS, "-dM", "-E", "-x", "c++", os.devnull]
    done = subprocess.run(probe, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NativeError(
            f"the C++ compiler '{shlex.join(command)}' does not take {' '.join(FLAGS)} "
            f"(GCC 10 or Clang 12 and later do); {INSTALL_HINT}\n{done.stderr.strip()}"
        )
    return done.stdout


def _key(source: Path, command: tuple[str, ...]) -> str:
    """Return a key over everything that decides the machine code."""
    digest = hashlib.sha256()
    for path in (source, *sorted(source.parent.glob("*.hpp"))):
        text = path.read_bytes()
        digest.update(f"{path.name} {len(text)}\n".encode())
        digest.update(text)
    digest.update("\n".join((*command, *FLAGS, _target(command))).encode())
    return digest.hexdigest()[:16]


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Hold `path` locked, so that workers that start together compile a library once."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _compile(source: Path, target: Path, command: tuple[str, ...]) -> None:
    """Compile `source` into `target`, which appears only when it is whole."""
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        built = Path(folder) / target.name
        line = [*command, *FLAGS, "-o", str(built), str(source)]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NativeError(
                f"golden/native/{source.name} does not compile (exit status {done.returncode}); "
                f"the golden model needs a C++20 compiler, GCC 10 or Clang 12 or later\n"
                f"command: {shlex.join(line)}\n{done.stderr.strip()}"
            )
        built.replace(target)


def build(source: Path, cache: Path = CACHE) -> Path:
    """Return the shared library of `source`, compiled into `cache` unless it is there already.

    Raises
    ------
    NativeError
        If there is no compiler, it fails, or the cache cannot be written.
    """
    command = compiler()
    target = cache / f"{source.stem}-{_key(source, command)}.so"
    if target.exists():
        return target
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _lock(cache / f"{source.stem}.lock"):
            if not target.exists():
                _compile(source, target, command)
    except OSError as error:
        raise NativeError(
            f"cannot write the compiled golden model to {cache}: {error.strerror}; "
            "make the folder writable and see that the disk is not full"
        ) from error
    return target


@lru_cache
def library(name: str) -> ctypes.CDLL:
    """Return ``golden/native/<name>.cpp``, compiled and loaded.

    The caller sets ``argtypes`` and ``restype`` of what it calls. A call releases Python's global lock.

    Raises
    ------
    NativeError
        See `build`; also if the library does not load.
    """
    path = build(SOURCES / f"{name}.cpp")
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise NativeError(f"cannot load {path}: {error}; delete the file and run again") from error
