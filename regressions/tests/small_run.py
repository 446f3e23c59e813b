"""Small regressions for tests: a trace of three layers on preset tiny, and simulators that misbehave."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from golden.seeds import derive_seed
from regressions.options import Options, parse
from regressions.tests.small_trace import RUN, random_layers
from regressions.traces import write_trace
from tb.toolchain import BuildResult

REPLAYS = (
    "stem-FP",
    "stem-WG",
    "block.conv-FP",
    "block.conv-BP",
    "block.conv-WG",
    "fc-FP",
    "fc-BP",
    "fc-WG",
)
"""All replays of the small trace, in the network's order."""


def write_small_trace(folder: Path) -> Path:
    """Write the same small trace whoever asks, so that tests in several processes mean the same."""
    path = folder / "small.safetensors"
    write_trace(path, RUN, random_layers(np.random.default_rng(derive_seed("small trace", 1))))
    return path


def arguments(folder: Path, trace: Path, *more: str) -> list[str]:
    """Return a command line for preset tiny that writes nothing outside `folder`."""
    places = ["--out", str(folder / "out"), "--runs", str(folder / "runs")]
    return ["--trace", str(trace), "--preset", "tiny", "--jobs", "1", *places, *more]


def options(folder: Path, trace: Path, *more: str) -> Options:
    """Return the options of `arguments`."""
    return parse(arguments(folder, trace, *more))


def scripted(path: Path, build: BuildResult, cases: Mapping[str, str]) -> BuildResult:
    """Write a simulator that runs a line of shell for the replays that `cases` names.

    ``$SIMULATOR`` is the real one, which all other replays get.
    """
    lines = ["#!/bin/sh", f"SIMULATOR={shlex.quote(str(build.artifact))}", 'case "$REPLAY_INPUT" in']
    lines += [f"*/{name}/*) {shell}; exit ;;" for name, shell in cases.items()]
    lines += ["esac", 'exec "$SIMULATOR" "$@"', ""]
    path.write_text("\n".join(lines), encoding="utf-8")
    path.chmod(0o755)
    return BuildResult(build.dir, path, cached=True)
