"""One module a file, named as the file; waivers in one place, each with its reason."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from checks import rtl
from tb.toolchain import REPO_ROOT

SYSTEMVERILOG = sorted(
    path
    for folder in ("rtl", "tb")
    for suffix in ("*.sv", "*.svh", "*.v")
    for path in (REPO_ROOT / folder).rglob(suffix)
)
WRITTEN_PACKAGES = [path for path in rtl.packages() if path not in rtl.generated_files()]
CONTROL_FILES = sorted(path for folder in ("rtl", "tb") for path in (REPO_ROOT / folder).rglob("*.vlt"))
INLINE_WAIVER = re.compile(
    r"lint_off|lint_save|verilog_lint:|verilog_format:\s*off|verilator\s+\w+_off\b|translate_off|pragma\s+\w*off",
    re.IGNORECASE,
)
SHORTEST_REASON = 20


@pytest.mark.parametrize("path", rtl.source_files(), ids=rtl.relative)
def test_file_holds_the_one_unit_it_is_named_after(path: Path) -> None:
    assert rtl.declared_units(path) == [path.stem]


@pytest.mark.parametrize("package", WRITTEN_PACKAGES, ids=rtl.relative)
def test_package_constants_are_used(package: Path) -> None:
    """Verilator cannot tell, as it sees one module at a time."""
    words: list[str] = []
    for path in SYSTEMVERILOG:
        words += re.findall(r"\w+", rtl.strip_comments(path.read_text(encoding="utf-8")))
    declared = re.findall(
        r"\blocalparam\s[^=;]*?(\w+)\s*=", rtl.strip_comments(package.read_text(encoding="utf-8"))
    )
    unused = [name for name in declared if words.count(name) < 2]
    assert not unused, f"{rtl.relative(package)}: nothing uses {', '.join(unused)}"


def test_module_names_are_unique() -> None:
    names = [path.stem for path in SYSTEMVERILOG if path.suffix == ".sv"]
    assert len(set(names)) == len(names), "two SystemVerilog files have one name"


@pytest.mark.parametrize("path", SYSTEMVERILOG, ids=rtl.relative)
def test_source_waives_nothing(path: Path) -> None:
    assert_no_inline_waiver(path.read_text(encoding="utf-8"), rtl.relative(path))


def assert_no_inline_waiver(text: str, name: str) -> None:
    """Fail with the line that switches a check off."""
    for number, line in enumerate(text.splitlines(), start=1):
        assert not INLINE_WAIVER.search(line), (
            f"{name}:{number}: waivers belong in {rtl.relative(rtl.WAIVERS)}: {line}"
        )


@pytest.mark.parametrize(
    "line",
    [
        "// verilator lint_off WIDTH",
        "/* verilator lint_off UNUSED */",
        "assign a = b;  // verilog_lint: waive line-length",
        "// verilog_format: off",
        "// verilator coverage_off",
        "// synopsys translate_off",
    ],
)
def test_inline_waiver_is_caught(line: str) -> None:
    with pytest.raises(AssertionError, match=r"some\.sv:2: waivers belong in"):
        assert_no_inline_waiver(f"module some;\n{line}\nendmodule\n", "some.sv")


def test_control_files_outside_the_waivers_waive_nothing() -> None:
    for path in CONTROL_FILES:
        if path != rtl.WAIVERS:
            assert_no_inline_waiver(path.read_text(encoding="utf-8"), rtl.relative(path))


def assert_reasons(text: str) -> None:
    """Fail with the first waiver that no comment of some length explains, or that is not narrowed down."""
    lines = text.splitlines()
    for number, line in enumerate(lines, start=1):
        if line.lstrip().startswith("lint_off"):
            above = lines[number - 2].strip() if number > 1 else ""
            assert above.startswith("//"), f"waiver in line {number}: the line above does not give its reason"
            assert len(above) >= SHORTEST_REASON, f"waiver in line {number}: '{above}' is no reason"
            for key in ("-rule", "-file", "-match"):
                assert key in line, f"waiver in line {number}: has no {key}, so it waives more than one thing"


def test_each_waiver_has_its_reason() -> None:
    if rtl.WAIVERS.exists():
        assert_reasons(rtl.WAIVERS.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "text",
    [
        'lint_off -rule UNUSED -file "*/a.sv" -match "*x*"',
        '// why\nlint_off -rule UNUSED -file "*/a.sv" -match "*x*"',
        "// This bit is the sticky bit of another format.\nlint_off -rule UNUSED",
    ],
)
def test_waiver_without_reason_is_caught(text: str) -> None:
    with pytest.raises(AssertionError, match="waiver in line"):
        assert_reasons(text)
