"""Verilator finds nothing to say about any module, alone with the packages and at every preset."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from checks import rtl
from tb.toolchain import REPO_ROOT, Toolchain, ToolchainError

MODULES = rtl.modules()
LINTED_PRESETS = ["defaults", *(name for name in rtl.ELABORATED_PRESETS if name != "tiny")]
MODULES_AND_PRESETS = [
    (module, preset)
    for module, path in MODULES.items()
    for preset in LINTED_PRESETS
    if preset == "defaults" or rtl.overrides(path, preset)
]


def lint(root: Path, module: str, *arguments: str) -> None:
    """Lint a module of the design in ``root/rtl``; what it instantiates is found by file name."""
    folders = sorted({(root / rtl.relative(path)).parent for path in MODULES.values()})
    search = [word for folder in folders for word in ("-y", os.path.relpath(folder, REPO_ROOT))]
    waivers = [root / rtl.relative(rtl.WAIVERS)] if rtl.WAIVERS.exists() else []
    files = [root / rtl.relative(path) for path in [*rtl.packages(), MODULES[module]]]
    Toolchain.find().lint([*waivers, *files], module, args=[*search, *arguments])


@pytest.mark.parametrize(("module", "preset"), MODULES_AND_PRESETS)
def test_module_lints_clean(module: str, preset: str) -> None:
    values = {} if preset == "defaults" else rtl.overrides(MODULES[module], preset)
    try:
        lint(REPO_ROOT, module, *(f"-G{name}={value}" for name, value in values.items()))
    except ToolchainError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.mark.parametrize("module", [name for name, path in MODULES.items() if rtl.overrides(path, "tiny")])
def test_defaults_are_the_tiny_preset(module: str) -> None:
    """What runs without parameters is the smallest preset, so that a default is never a third thing."""
    header = rtl.strip_comments(MODULES[module].read_text(encoding="utf-8")).split(");", 1)[0]
    for name, value in rtl.overrides(MODULES[module], "tiny").items():
        default = re.search(rf"\b{name}\s*=\s*(\d+)", header)
        assert default, f"{module}: the default of {name} is no plain number"
        assert int(default[1]) == value, f"{module}: {name} is {default[1]} by default, {value} in tiny"


FAULTS = {
    "UNUSEDSIGNAL": "  logic spare;\n  assign spare = 1'b0;\n",
    "WIDTHTRUNC": "  logic unused_bit;\n  assign unused_bit = 2'd2;\n",
    "LATCH": "  logic unused_q;\n  always_comb if (PRESENT) unused_q = 1'b1;\n",
    "UNDRIVEN": "  logic [1:0] unused_q;\n  logic other;\n  assign unused_q = {1'b0, other};\n",
}


@pytest.mark.parametrize("warning", FAULTS)
def test_fault_is_caught(warning: str, rtl_copy: Path) -> None:
    """A fault put into the copy of a clean module is reported under its name."""
    module = "sram"
    path = rtl_copy / rtl.relative(MODULES[module])
    text = path.read_text(encoding="utf-8").replace("endmodule", FAULTS[warning] + "endmodule")
    path.write_text(text.replace("PRESENT", "read_i"), encoding="utf-8")
    with pytest.raises(ToolchainError, match=f"%(Warning|Error)-{warning}"):
        lint(rtl_copy, module)


def waivers() -> list[str]:
    """List the waivers in force."""
    if not rtl.WAIVERS.exists():
        return []
    lines = rtl.WAIVERS.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.lstrip().startswith("lint_off")]


def test_each_waiver_is_needed(rtl_copy: Path) -> None:
    """Without any one of the waivers some module no longer lints clean."""
    copy = rtl_copy / rtl.relative(rtl.WAIVERS)
    for waiver in waivers():
        shutil.copy(rtl.WAIVERS, copy)
        copy.write_text(copy.read_text(encoding="utf-8").replace(waiver, ""), encoding="utf-8")
        assert not lints_clean(rtl_copy), f"{rtl.relative(rtl.WAIVERS)}: nothing needs '{waiver}', remove it"


def lints_clean(root: Path) -> bool:
    """Tell whether every module lints clean, at its defaults and at the largest of the small presets."""
    try:
        for module, path in MODULES.items():
            lint(root, module)
            lint(root, module, *(f"-G{name}={value}" for name, value in rtl.overrides(path, "core").items()))
    except ToolchainError:
        return False
    return True
