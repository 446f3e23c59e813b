"""The chip's registers from SystemRDL: RTL block, document and names, made on demand and never committed.

Each ``.rdl`` file of the design becomes a folder below ``build/generated/``, named by the contents of all
that went into it: ``NAME_pkg.sv`` and ``NAME.sv`` (PeakRDL's register block behind AXI4-Lite), ``NAME.md``
(the document) and ``NAME.py`` (offsets, fields, resets and enumerations). ``python -m tb.register_map`` makes
them and says where they are.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import pprint
import runpy
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tb.build_cache import LOG, STAMP, ToolchainError, delete_unused, digest, locked, write_whole

REPO_ROOT = Path(__file__).resolve().parents[1]
GENERATED_ROOT = REPO_ROOT / "build" / "generated"
REGISTERS = REPO_ROOT / "rtl" / "chip" / "chip_regs.rdl"

ADDRESS_BITS = 12
"""Byte addresses of the register block: a page of 4 KB, so that what is not mapped is noticed."""

TOOLS = ("systemrdl-compiler", "peakrdl-regblock", "peakrdl-markdown")

_NAMES = '''"""Registers of `{name}`; made from {source}, which alone is to be edited."""

OFFSETS = {offsets}
"""Byte offset of each register."""

FIELDS = {fields}
"""Lowest bit and width of each field."""

RESETS = {resets}
"""Value of each register after reset, those without a stored value 0."""

ENUMS = {enums}
"""Values of each enumeration."""
'''


@dataclass(frozen=True)
class RegisterFiles:
    """What one ``.rdl`` file became."""

    package: Path
    module: Path
    document: Path
    names: Path


@dataclass(frozen=True)
class RegisterNames:
    """Where software finds what; see `_NAMES` for the meaning of each table."""

    offsets: Mapping[str, int]
    fields: Mapping[str, Mapping[str, tuple[int, int]]]
    resets: Mapping[str, int]
    enums: Mapping[str, Mapping[str, int]]

    def unpack(self, register: str, value: int) -> dict[str, int]:
        """Split a register's value into its fields."""
        fields = self.fields[register].items()
        return {name: value >> low & (1 << width) - 1 for name, (low, width) in fields}

    def pack(self, register: str, **values: int) -> int:
        """Return the value of a register whose other fields are 0.

        Raises
        ------
        ValueError
            If a value does not fit its field.
        """
        word = 0
        for name, value in values.items():
            low, width = self.fields[register][name]
            if not 0 <= value < 1 << width:
                raise ValueError(f"{register}.{name}: {value} does not fit {width} bits")
            word |= value << low
        return word


def generated_sources(root: Path) -> list[Path]:
    """List the SystemVerilog made from the ``.rdl`` files below `root`, packages and modules."""
    made = [generate(path) for path in sorted(root.rglob("*.rdl"))]
    return [path for files in made for path in (files.package, files.module)]


def load_names(rdl: Path = REGISTERS) -> RegisterNames:
    """Return the names of a register file's registers, fields and values."""
    tables = runpy.run_path(str(generate(rdl).names))
    return RegisterNames(tables["OFFSETS"], tables["FIELDS"], tables["RESETS"], tables["ENUMS"])


def generate(rdl: Path) -> RegisterFiles:
    """Make a register file's outputs, or return those of the same contents.

    Safe to call from several processes: one makes them, the others wait.

    Raises
    ------
    ToolchainError
        If PeakRDL is missing, or the file cannot be read or is not sound.
    """
    try:
        source = rdl.read_bytes()
    except OSError as error:
        raise ToolchainError(f"cannot read register file {rdl}: {error.strerror}") from error
    versions = {name: _version(name) for name in TOOLS}
    inputs = {"source": digest(source), "generator": digest(Path(__file__).read_bytes()), "tools": versions}
    key = digest(json.dumps(inputs, sort_keys=True).encode())[:16]
    name = rdl.stem
    folder = GENERATED_ROOT / f"{name}-{key}"
    files = RegisterFiles(*(folder / f"{name}{end}" for end in ("_pkg.sv", ".sv", ".md", ".py")))
    try:
        with locked(GENERATED_ROOT / f"{name}-{key}.lock"):
            if (folder / STAMP).is_file():
                os.utime(folder / STAMP)
                return files
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            (folder / LOG).write_text(f"made from {rdl.name}\n", encoding="utf-8")
            _export(rdl, files)
            write_whole(folder / STAMP, json.dumps(inputs, indent=1).encode())
    except OSError as error:
        raise ToolchainError(f"cannot make registers from {rdl} in {folder}: {error}") from error
    delete_unused(GENERATED_ROOT)
    return files


def _export(rdl: Path, files: RegisterFiles) -> None:
    """Compile the file and write every output."""
    regblock = importlib.import_module("peakrdl_regblock")
    axi_lite = importlib.import_module("peakrdl_regblock.cpuif.axi4lite")
    markdown = importlib.import_module("peakrdl_markdown")
    top = _compile(rdl)
    with _explained(rdl):
        regblock.RegblockExporter().export(
            top,
            str(files.module.parent),
            cpuif_cls=axi_lite.AXI4Lite_Cpuif_flattened,
            module_name=files.module.stem,
            package_name=files.package.stem,
            default_reset_activelow=True,
            default_reset_async=True,
            err_if_bad_addr=True,
            err_if_bad_rw=True,
            address_width=ADDRESS_BITS,
        )
        markdown.MarkdownExporter().export(top, str(files.document))
    files.names.write_text(_names(rdl, top), encoding="utf-8")


def _compile(rdl: Path) -> Any:
    """Return the top address map of the elaborated file."""
    systemrdl = importlib.import_module("systemrdl")
    compiler = systemrdl.RDLCompiler()
    for definition in importlib.import_module("peakrdl_regblock.udps").ALL_UDPS:
        compiler.register_udp(definition)
    with _explained(rdl):
        compiler.compile_file(str(rdl))
        return compiler.elaborate(rdl.stem).top


@contextmanager
def _explained(rdl: Path) -> Iterator[None]:
    """Turn the compiler's complaint, whose details it has printed, into the project's error."""
    try:
        yield
    except importlib.import_module("systemrdl").RDLCompileError as error:
        raise ToolchainError(f"{rdl}: {error} (its line is in the messages above)") from error


def _names(rdl: Path, top: Any) -> str:
    """Return the text of the names module."""
    registers = list(top.registers())
    fields = {
        register.inst_name: {field.inst_name: (field.low, field.width) for field in register.fields()}
        for register in registers
    }
    resets = {
        register.inst_name: sum(
            reset << field.low
            for field in register.fields()
            if isinstance(reset := field.get_property("reset"), int)
        )
        for register in registers
    }
    encodings = [field.get_property("encode") for register in registers for field in register.fields()]
    enums = {
        encoding.type_name: {member.name: member.value for member in encoding.members.values()}
        for encoding in encodings
        if encoding is not None
    }
    tables = {
        "offsets": {register.inst_name: register.absolute_address for register in registers},
        "fields": fields,
        "resets": resets,
        "enums": enums,
    }
    shown = {key: pprint.pformat(table, sort_dicts=False) for key, table in tables.items()}
    return _NAMES.format(name=rdl.stem, source=rdl.name, **shown)


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        raise ToolchainError(
            f"the Python package {name}, which makes the chip's registers, is not installed for "
            f"{sys.executable}: install the project's requirements, or run through nox, which does"
        ) from None


def main() -> int:
    """Make the chip's register block, document and names, and say where they are."""
    try:
        files = generate(REGISTERS)
    except ToolchainError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for what, path in vars(files).items():
        print(f"{what:9}{path.relative_to(REPO_ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
