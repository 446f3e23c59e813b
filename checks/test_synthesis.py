"""Every module is hardware: yosys synthesises it, without latches, loops, two drivers or open wires."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from checks import rtl
from checks.synthesis import BLACK_BOX, SynthesisError, elaborate, synthesise
from golden.presets import PRESETS

MODULES = rtl.modules()
SYNTHESISED = [name for name in MODULES if name != BLACK_BOX]


def sources() -> list[str]:
    """List all files, packages first, as yosys shall see them from a copy of the design."""
    return [rtl.relative(path) for path in [*rtl.packages(), *MODULES.values()]]


@pytest.mark.parametrize("module", SYNTHESISED)
def test_module_synthesises(module: str, rtl_copy: Path) -> None:
    try:
        synthesise(rtl_copy, sources(), module, rtl.overrides(MODULES[module], "tiny"))
    except SynthesisError as error:
        pytest.fail(f"{module}: {error}", pytrace=False)


@pytest.mark.parametrize("preset", [name for name in rtl.ELABORATED_PRESETS if name != "tiny"])
@pytest.mark.parametrize("module", [name for name in SYNTHESISED if rtl.overrides(MODULES[name], "core")])
def test_module_elaborates(module: str, preset: str, rtl_copy: Path) -> None:
    try:
        elaborate(rtl_copy, sources(), module, rtl.overrides(MODULES[module], preset))
    except SynthesisError as error:
        pytest.fail(f"{module}: {error}", pytrace=False)


def test_only_the_memory_is_a_black_box() -> None:
    assert set(MODULES) - set(SYNTHESISED) == {BLACK_BOX}


def test_presets_reach_the_design() -> None:
    """The core takes each size that the presets choose; else a preset would change nothing."""
    assert set(rtl.parameters(MODULES["sparse_core"])) == set(rtl.preset_values(PRESETS["core"])) - {
        "Columns"
    }


def test_ring_is_as_long_as_the_presets_say() -> None:
    """The A ring has one length in every preset, so it is a constant of the package."""
    package = next(path for path in rtl.packages() if path.stem == "core_pkg").read_text(encoding="utf-8")
    match = re.search(r"\bRingWords = (\d+);", package)
    assert match
    assert {preset.a_words for preset in PRESETS.values()} == {int(match[1])}


INNER = """
module inner (input logic x_i, input logic y_i, output logic z_o);
  assign z_o = x_i ^ y_i;
endmodule
"""

FAULTY = {
    "latch by an incomplete always_comb": (
        "input logic en_i, input logic d_i, output logic q_o",
        "always_comb begin if (en_i) q_o = d_i; end",
        "logic loop",
    ),
    "latch by always_latch": (
        "input logic en_i, input logic d_i, output logic q_o",
        "always_latch if (en_i) q_o <= d_i;",
        "dlatch",
    ),
    "two drivers": (
        "input logic a_i, input logic b_i, output wire q_o",
        "assign q_o = a_i;\n  assign q_o = b_i;",
        "multiple conflicting drivers",
    ),
    "undriven bit": (
        "input logic a_i, output logic [1:0] q_o",
        "logic [1:0] half;\n  assign half[0] = a_i;\n  assign q_o = half;",
        r"nothing drives half \(bits 1\)",
    ),
    "undriven output": (
        "input logic a_i, output logic q_o, output logic r_o",
        "assign q_o = a_i;",
        r"nothing drives r_o \(bits 0\)",
    ),
    "open input of an instance": (
        "input logic a_i, output logic q_o",
        "inner u_inner (.x_i(a_i), .y_i(), .z_o(q_o));",
        "y_i is used but has no driver",
    ),
    "combinational loop through two instances": (
        "input logic a_i, output logic q_o",
        "logic x;\n  inner u_one (a_i, q_o, x);\n  inner u_two (x, a_i, q_o);",
        "logic loop",
    ),
    "combinational loop": (
        "input logic a_i, output logic q_o",
        "logic x, y;\n  assign x = ~(y & a_i);\n  assign y = ~x;\n  assign q_o = y;",
        "logic loop",
    ),
    "reset to a variable": (
        "input logic clk_i, input logic rst_ni, input logic d_i, output logic q_o",
        "always_ff @(posedge clk_i or negedge rst_ni) if (!rst_ni) q_o <= d_i; else q_o <= ~q_o;",
        "aldff",
    ),
    "module that does not exist": ("input logic a_i", "absent u_absent (.a_i);", "unknown module"),
}


@pytest.mark.parametrize("fault", FAULTY)
def test_faulty_module_is_caught(fault: str, tmp_path: Path) -> None:
    ports, body, complaint = FAULTY[fault]
    (tmp_path / "faulty.sv").write_text(f"module faulty ({ports});\n  {body}\nendmodule\n" + INNER)
    with pytest.raises(SynthesisError, match=complaint):
        synthesise(tmp_path, ["faulty.sv"], "faulty", {})


def test_sound_module_passes(tmp_path: Path) -> None:
    """What the faulty modules have in common is not what they are caught by."""
    ports = "input logic clk_i, input logic rst_ni, input logic d_i, output logic q_o"
    body = "always_ff @(posedge clk_i or negedge rst_ni) if (!rst_ni) q_o <= 1'b0; else q_o <= d_i;"
    (tmp_path / "sound.sv").write_text(f"module sound ({ports});\n  {body}\nendmodule\n")
    synthesise(tmp_path, ["sound.sv"], "sound", {})
