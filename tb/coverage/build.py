"""Builds of the benches' models that count what is covered."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path

from tb.coverage.points import Kind
from tb.toolchain import OPT_FAST, BuildResult, verilate

DESIGN_ONLY = Path(__file__).with_name("design_only.vlt")

SUITES = {
    "quick": (Kind.LINE, Kind.BRANCH, Kind.ASSERTION, Kind.USER),
    "nightly": (Kind.EXPRESSION, Kind.TOGGLE),
}
"""Kinds that one build counts. All in one would take three times as long for every test."""
WIDEST = 4096
"""Bits of a signal whose toggles are counted: words and records of any kind, but no memory."""
ARGUMENTS = {
    "quick": ("--coverage-line", "--coverage-user", "+define+USER_COVERAGE"),
    "nightly": (
        *("--coverage-expr", "--coverage-toggle", "--coverage-max-width", str(WIDEST)),
        "--coverage-line",  # Verilator registers no expression in an item of a case if it counts no lines
        str(DESIGN_ONLY),
    ),
}


class CoverageBuild:
    """Builds models that count the kinds of a suite; called as `tb.toolchain.verilate` is.

    Attributes
    ----------
    libraries : list of Path
        Those that were asked for in this process.
    """

    def __init__(self, suite: str) -> None:
        self._suite = suite
        self.libraries: list[Path] = []

    def __call__(
        self, name: str, sources: Sequence[Path], top: str, *, args: Sequence[str] = (), **options: object
    ) -> BuildResult:
        """Verilate a model that counts; a bench that wants coverage of its own gets the same."""
        ours = ARGUMENTS[self._suite]
        built = verilate(
            f"covered_{self._suite}_{name}",
            sources,
            top,
            args=[*(word for word in args if word not in ours), *ours],
            **{**options, "opt_fast": OPT_FAST},
        )
        self.libraries.append(built.artifact)
        return built

    def write(self, folder: Path) -> None:
        """Write what the libraries that are loaded have counted in this process, one file each."""
        for number, path in enumerate(dict.fromkeys(self.libraries)):
            if library := _loaded(path):
                library.write_coverage(str(folder / f"library{number}.dat").encode())


def _loaded(path: Path) -> ctypes.CDLL | None:
    """Return a library that this process has loaded and that can tell its coverage."""
    if path.suffix != ".so":
        return None
    try:
        library = ctypes.CDLL(str(path), mode=os.RTLD_NOLOAD | os.RTLD_LAZY)
    except OSError:
        return None
    return library if hasattr(library, "write_coverage") else None
