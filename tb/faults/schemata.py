"""One model with all faults: each faulty expression stands beside the right one, and a number chooses.

A fault replaces one expression. In a copy of the sources the expression becomes
``(fault_pkg::selected == n ? (faulty) : (right))``, so that one build serves all faults, and with 0 it is the
design itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from tb.build_cache import write_whole
from tb.core.build import COVERAGE
from tb.faults.catalogue import FAULTS
from tb.faults.fault import Fault
from tb.toolchain import BUILD_ROOT, RTL_ROOT, BuildResult, rtl_sources, verilate

FAULTS_TB = Path(__file__).resolve().parent
COPY_ROOT = BUILD_ROOT / "faults" / "all"


class FaultError(ValueError):
    """A fault does not fit the source any more."""


def number_of(name: str) -> int:
    """Return what `fault_pkg::selected` is while the fault is active."""
    return list(FAULTS).index(name) + 1


def with_fault(text: str, fault: Fault, number: int) -> str:
    """Put one fault into a source; white space counts for nothing.

    Raises
    ------
    FaultError
        If the fault's place is not in the source exactly once.
    """
    before, right, after = re.fullmatch(r"(.*)«(.*)»(.*)", fault.place, re.DOTALL).groups()  # type: ignore[union-attr]
    pattern = r"\s*".join(f"({part})" for part in (_loose(before), _loose(right), _loose(after)))
    places = list(re.finditer(pattern, text))
    if len(places) != 1:
        raise FaultError(
            f"{fault.file}: '{fault.place}' is there {len(places)} times, and must be once; "
            "change the fault's place"
        )
    start, end = places[0].span(2)
    choice = f"(fault_pkg::selected == {number} ? ({fault.faulty}) : ({text[start:end]}))"
    return text[:start] + choice + text[end:]


def _loose(text: str) -> str:
    """Match the words and signs of `text`, whatever white space stands between them."""
    return r"\s*".join(re.escape(part) for part in re.findall(r"\w+|[^\w\s]", text))


def faulty_sources(sources: Sequence[Path]) -> list[Path]:
    """Return the sources with every file of the design replaced by a copy with its faults."""
    return [
        FAULTS_TB / "fault_pkg.sv",
        *(_copy(path) if path.is_relative_to(RTL_ROOT) else path for path in sources),
    ]


def _copy(path: Path) -> Path:
    relative = path.relative_to(RTL_ROOT)
    text = path.read_text(encoding="utf-8")
    for name, fault in FAULTS.items():
        if fault.file == relative.as_posix():
            text = with_fault(text, fault, number_of(name))
    # A function that reads a variable from outside must be one that Verilator inlines.
    text = text.replace("/* verilator no_inline_task */", "")
    copy = COPY_ROOT / relative
    copy.parent.mkdir(parents=True, exist_ok=True)
    if not copy.is_file() or copy.read_text(encoding="utf-8") != text:
        write_whole(copy, text.encode())
    return copy


def verilate_faulty(
    name: str,
    sources: Sequence[Path],
    top: str,
    *,
    args: Sequence[str] = (),
    cxx_sources: Iterable[Path] = (),
    **options: object,
) -> BuildResult:
    """Do what `tb.toolchain.verilate` does, with all faults in the design, and without coverage."""
    return verilate(
        f"faulty_{name}",
        faulty_sources(sources),
        top,
        args=[word for word in args if word not in COVERAGE],
        cxx_sources=[*cxx_sources, FAULTS_TB / "fault_dpi.cpp"],
        **options,
    )


def faulty_files() -> set[str]:
    """Files of the design that have a fault of their own."""
    return {fault.file for fault in FAULTS.values()}


def design_files() -> list[str]:
    """All files of the design that are written by hand, relative to ``rtl/``."""
    sources = rtl_sources()
    return [path.relative_to(RTL_ROOT).as_posix() for path in sources if path.is_relative_to(RTL_ROOT)]
