"""The design as the checks see it: which modules there are, and how each preset sets their parameters."""

from __future__ import annotations

import re
from pathlib import Path

from golden.presets import PRESETS, Preset, find_preset
from tb.toolchain import REPO_ROOT, RTL_ROOT, rtl_sources

WAIVERS = RTL_ROOT / "waivers.vlt"
"""The one file that may waive a lint warning."""

ELABORATED_PRESETS = tuple(name for name in PRESETS if PRESETS[name].cores == 1)
"""Presets of one core; the cores of a larger chip are the same modules with the same parameters."""

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_DECLARATION = re.compile(r"^\s*(module|package|interface)\s+(?:automatic\s+)?(\w+)", re.MULTILINE)
_PARAMETER = re.compile(r"\bparameter\s+(?:\w+\s+)*?(\w+)\s*=")


def strip_comments(text: str) -> str:
    """Blank out comments, keeping the line numbers."""
    return _COMMENT.sub(lambda match: "\n" * match.group().count("\n"), text)


def source_files() -> list[Path]:
    """List every SystemVerilog file of the design that is written by hand."""
    return sorted(RTL_ROOT.rglob("*.sv"))


def generated_files() -> list[Path]:
    """List the files that are made from register files."""
    return [path for path in rtl_sources() if not path.is_relative_to(RTL_ROOT)]


def declared_units(path: Path) -> list[str]:
    """Name the modules, packages and interfaces that a file declares."""
    return [match[2] for match in _DECLARATION.finditer(strip_comments(path.read_text(encoding="utf-8")))]


def packages() -> list[Path]:
    """List the packages, each after those that it uses."""
    return [path for path in rtl_sources() if path.stem.endswith("_pkg")]


def modules() -> dict[str, Path]:
    """Map each module's name to its file."""
    return {path.stem: path for path in rtl_sources() if not path.stem.endswith("_pkg")}


def parameters(path: Path) -> list[str]:
    """Name the overridable parameters that a module's header declares."""
    header = strip_comments(path.read_text(encoding="utf-8")).split(");", 1)[0]
    return _PARAMETER.findall(header)


def preset_values(preset: Preset) -> dict[str, int]:
    """Return a preset's sizes under the names of the RTL's parameters (``psum_rows`` is ``PsumRows``)."""
    fields = ("lines", "pes", "rows", "row_queue", "run_queue", "psum_rows", "columns")
    return {
        "".join(part.capitalize() for part in field.split("_")): getattr(preset, field) for field in fields
    }


def overrides(path: Path, preset: str) -> dict[str, int]:
    """Return the values that a preset gives to those of its parameters that this module declares."""
    declared = parameters(path)
    values = preset_values(find_preset(preset))
    return {name: value for name, value in values.items() if name in declared}


def relative(path: Path) -> str:
    """Name a file as messages show it."""
    return path.relative_to(REPO_ROOT).as_posix()
