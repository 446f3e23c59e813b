"""The registers: behaviour under cocotbext-axi, one source for all that speaks of them, and its making."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tb import register_map
from tb.chip.build import run_bench
from tb.register_map import REGISTERS, generate, load_names
from tb.toolchain import REPO_ROOT, RTL_ROOT, ToolchainError, rtl_sources


def test_behaviour(tmp_path: Path, seed: int) -> None:
    run_bench("registers_bench", "tb.chip.protocol.register_cases", tmp_path, seed)


def test_causes_are_those_of_the_design() -> None:
    """The register file and the package name the same causes by the same numbers."""
    package = (RTL_ROOT / "pkg" / "chip_pkg.sv").read_text(encoding="utf-8")
    found = re.findall(r"\bCause(\w+)\s*=\s*4'd(\d+)", package)
    named = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper(): int(value) for name, value in found}
    assert named == load_names().enums["cause"]


def test_document_describes_every_register_and_field() -> None:
    names, document = load_names(), generate(REGISTERS).document.read_text(encoding="utf-8")
    for register, fields in names.fields.items():
        section = document.split(f"### {register} register")[1].split("\n### ")[0]
        for field in fields:
            assert re.search(rf"#### {field} field\n\n<p>\w", section), f"{register}.{field} is not described"


def test_values_fit_their_fields() -> None:
    names = load_names()
    assert names.unpack("STATUS", names.pack("STATUS", busy=1, cause=12)) == {
        "busy": 1,
        "done": 0,
        "error": 0,
        "busy_write": 0,
        "cause": 12,
    }
    with pytest.raises(ValueError, match=r"STATUS\.cause: 16 does not fit 4 bits"):
        names.pack("STATUS", cause=16)


def test_made_once_and_the_same_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same file gives the same bytes, wherever it is made; a second call makes nothing."""
    first = generate(REGISTERS)
    monkeypatch.setattr(register_map, "GENERATED_ROOT", tmp_path)
    again = generate(REGISTERS)
    for one, other in zip(vars(first).values(), vars(again).values(), strict=True):
        assert one.read_bytes() == other.read_bytes()
    stamp = again.module.stat().st_mtime_ns
    assert generate(REGISTERS) == again
    assert again.module.stat().st_mtime_ns == stamp


def test_several_processes_make_it_together(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from tb import register_map as r;"
        "r.GENERATED_ROOT = Path(sys.argv[1]); print(r.generate(r.REGISTERS).module.stat().st_mtime_ns)"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    processes = [
        subprocess.Popen(command, cwd=REPO_ROOT, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    printed = {process.communicate(timeout=120)[0] for process in processes}
    assert len(printed) == 1, "it was made more than once"


def test_missing_tool_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register_map, "TOOLS", ("no-such-generator",))
    with pytest.raises(
        ToolchainError, match=r"package no-such-generator, .* install the project's requirements"
    ):
        generate(REGISTERS)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("addrmap wrong { reg { field {} value[3:0] = nonsense; } A; };", "nonsense"),
        ("addrmap other { reg { field {} value[3:0]; } A; };", "wrong"),
    ],
)
def test_faulty_register_file_is_named(
    text: str, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register_map, "GENERATED_ROOT", tmp_path / "made")
    source = tmp_path / "wrong.rdl"
    source.write_text(text, encoding="utf-8")
    for _ in range(2):  # what failed is not taken for finished
        with pytest.raises(ToolchainError, match=rf"(?s)wrong\.rdl: .*{complaint}"):
            generate(source)


def test_design_has_what_is_made_of_its_own_register_file(tmp_path: Path) -> None:
    """A changed copy of the design gets registers of its own."""
    names = [path.name for path in rtl_sources()]
    assert names.index("chip_regs_pkg.sv") < names.index("registers.sv")
    assert "chip_regs.sv" in names
    (tmp_path / "chip_regs.rdl").write_text(REGISTERS.read_text(encoding="utf-8") + "// changed\n")
    (tmp_path / "chip_pkg.sv").write_text("package chip_pkg;\nendpackage\n")
    changed = rtl_sources(root=tmp_path)
    assert [path.name for path in changed] == ["chip_pkg.sv", "chip_regs_pkg.sv", "chip_regs.sv"]
    assert changed[1] not in rtl_sources()
