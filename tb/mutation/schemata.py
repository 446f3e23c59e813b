"""One model with many mutants: each faulty text stands beside the right one, and a number chooses.

In a copy of the sources every mutated expression becomes
``(fault_pkg::selected == n ? (faulty) : (right))``; mutants of parts of an expression stand in its right
branch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tb.build_cache import write_whole
from tb.faults.schemata import FAULTS_TB
from tb.mutation.mutant import Mutant
from tb.toolchain import BUILD_ROOT, RTL_ROOT, BuildResult, verilate

COPY_ROOT = BUILD_ROOT / "mutants"


def with_mutants(source: bytes, mutants: Mapping[int, Mutant]) -> bytes:
    """Put mutants, by their numbers, into the text of their file.

    Raises
    ------
    ValueError
        If two mutated expressions overlap without one being part of the other, or the text is another one.
    """
    sites: dict[tuple[int, int], list[int]] = {}
    for number, mutant in mutants.items():
        if source[mutant.start : mutant.end].decode() != mutant.right:
            raise ValueError(f"{mutant.key}: the source has changed; find the mutants again")
        sites.setdefault((mutant.start, mutant.end), []).append(number)
    # Outer sites before the ones in them.
    order = sorted(sites, key=lambda site: (site[0], -site[1]))
    text, end, _ = _emit(source, order, 0, 0, len(source), sites, mutants)
    return text + source[end:]


def _emit(
    source: bytes,
    order: Sequence[tuple[int, int]],
    index: int,
    start: int,
    stop: int,
    sites: Mapping[tuple[int, int], Sequence[int]],
    mutants: Mapping[int, Mutant],
) -> tuple[bytes, int, int]:
    """Write the source from `start` to `stop` with the sites in it; return text, end and next site."""
    out, at = b"", start
    while index < len(order) and order[index][0] < stop:
        first, last = order[index]
        if first < at or last > stop:
            raise ValueError(f"mutated expressions at {first} and {at} overlap")
        inner, end, following = _emit(source, order, index + 1, first, last, sites, mutants)
        right = inner + source[end:last]
        chosen = b"".join(
            f"fault_pkg::selected == {number} ? ({mutants[number].faulty}) : ".encode()
            for number in sites[first, last]
        )
        out += source[at:first] + b"(" + chosen + b"(" + right + b"))"
        at, index = last, following
    return out, at, index


class MutantBuild:
    """Builds models of the design with mutants; called as `tb.toolchain.verilate` is.

    Attributes
    ----------
    frozen : bool
        Whether every model must have been built before: a test that waited for a build while a mutant is
        judged would seem to hang.
    """

    def __init__(self, mutants: Mapping[int, Mutant]) -> None:
        self.frozen = False
        self._by_file: dict[str, dict[int, Mutant]] = {}
        for number, mutant in mutants.items():
            self._by_file.setdefault(mutant.file, {})[number] = mutant

    def __call__(
        self,
        name: str,
        sources: Sequence[Path],
        top: str,
        *,
        args: Sequence[str] = (),
        cxx_sources: Iterable[Path] = (),
        **options: object,
    ) -> BuildResult:
        """Verilate a model in which `fault_pkg::selected` chooses a mutant."""
        return verilate(
            f"mutants_{name}",
            [FAULTS_TB / "fault_pkg.sv", *(self._copy(path) for path in sources)],
            top,
            args=[*args, "-Wno-lint", "-Wno-SELRANGE"],  # a mutant may have other widths than the design
            cxx_sources=[*cxx_sources, FAULTS_TB / "fault_dpi.cpp"],
            cached=self.frozen,
            **options,
        )

    def _copy(self, path: Path) -> Path:
        if not path.is_relative_to(RTL_ROOT):
            return path
        relative = path.relative_to(RTL_ROOT)
        mutants = self._by_file.get(relative.as_posix())
        text = path.read_bytes()
        if mutants:
            text = with_mutants(text, mutants)
        # A function that reads a variable from outside must be one that Verilator inlines.
        text = text.replace(b"/* verilator no_inline_task */", b"")
        copy = COPY_ROOT / relative
        copy.parent.mkdir(parents=True, exist_ok=True)
        if not copy.is_file() or copy.read_bytes() != text:
            write_whole(copy, text)
        return copy
