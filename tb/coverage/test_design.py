"""What of the design was not counted at all."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tb import toolchain
from tb.coverage.build import ARGUMENTS
from tb.coverage.design import code_digest, uncounted
from tb.coverage.points import Kind, Point, Reader

PACKAGE = """package {name};
  localparam int unsigned Limit = 3;
  function automatic logic [7:0] low(input logic [7:0] a);
    if (a[0] && a > 8'(Limit)) a = 8'(Limit);
    return a;
  endfunction
  function automatic logic [7:0] high(input logic [7:0] a);
    return low(~a);
  endfunction
endpackage
"""
MODULE = """module {name} (input logic [7:0] a_i, output logic [7:0] y_o);
  always_comb begin
    case (a_i[1:0])
      2'd3: y_o = 8'(a_i[6] && a_i[7]);
      default: y_o = {name}_pkg::high(a_i);
    endcase
  end
endmodule
"""
WRITER = """
#include "V{name}.h"
#include "verilated_cov.h"
extern "C" void count(const char* file) {{
    VerilatedContext context;
    V{name} model{{&context}};
    model.a_i = 6;
    model.eval();
    context.coveragep()->write(file);
}}
"""
NAME = "counted_toy"


@pytest.fixture
def points(tmp_path: Path) -> Callable[..., set[Point]]:
    """Build a package and its module with counters; return what Verilator registers."""

    def build(args: Sequence[str] = ("--coverage-line", "--coverage-expr")) -> set[Point]:
        files = {"rtl/pkg/{name}_pkg.sv": PACKAGE, "rtl/{name}.sv": MODULE, "{name}.cpp": WRITER}
        paths = [tmp_path / name.format(name=NAME) for name in files]
        for path, text in zip(paths, files.values(), strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            name = f"{NAME}_pkg" if text is PACKAGE else NAME
            path.write_text(text.format(name=name), encoding="utf-8")
        built = toolchain.verilate(
            NAME,
            paths[:2],
            NAME,
            args=args,
            cxx_sources=paths[2:],
            kind="lib",
            opt_fast="-O0",
        )
        ctypes.CDLL(str(built.artifact)).count(str(tmp_path / "points.dat").encode())
        return set(Reader(tmp_path).read(tmp_path / "points.dat"))

    return build


def test_functions_of_a_package_are_counted(points: Callable[..., set[Point]], tmp_path: Path) -> None:
    found = points()
    assert uncounted(found, tmp_path) == []
    package = [point for point in found if point.file == f"rtl/pkg/{NAME}_pkg.sv"]
    assert {point.module for point in package} == {f"{NAME}_pkg"}
    assert sorted((point.kind, point.line, point.lines) for point in package) == [
        ("branch", 4, ""),
        ("branch", 4, "4"),
        ("expression", 4, ""),
        ("expression", 4, ""),
        ("expression", 4, ""),
        ("line", 3, "3,5"),
        ("line", 7, "7-8"),
    ]


def test_functions_that_verilator_keeps_back_are_named(
    points: Callable[..., set[Point]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the control file; once Verilator tells of them alone, the file can go."""
    monkeypatch.setattr(toolchain, "COUNTS_FUNCTIONS", frozenset())
    package = f"rtl/pkg/{NAME}_pkg.sv"
    assert uncounted(points(), tmp_path) == [f"{package}:3", f"{package}:7"]


def test_expressions_in_a_case_are_counted(points: Callable[..., set[Point]]) -> None:
    """Verilator passes over the items of a case in a build that counts expressions, but no lines."""
    found = {point.name for point in points(ARGUMENTS["nightly"]) if point.kind is Kind.EXPRESSION}
    assert "(a_i[6]==1 && a_i[7]==1) => 1" in found


def test_a_block_without_a_line_that_is_counted_is_named(tmp_path: Path) -> None:
    text = """module pe;
  assign always_on = 1'b1;
  always_comb begin
    a = 1;
  end
  // always_comb
  always_ff @(posedge clk_i)
    if (a) b <= 1;
  function automatic logic c(input logic a);
    return a;
  endfunction
endmodule
"""
    path = tmp_path / "rtl/pe/pe.sv"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    places = ["rtl/pe/pe.sv:3", "rtl/pe/pe.sv:7", "rtl/pe/pe.sv:9"]
    assert uncounted([], tmp_path) == places

    def point(line: int, lines: str = "", kind: Kind = Kind.LINE) -> Point:
        return Point("pe", "rtl/pe/pe.sv", line, 1, kind, "block", lines)

    assert uncounted([point(3), point(7), point(9)], tmp_path) == []
    assert uncounted([point(3), point(7, "7-8"), point(9, kind=Kind.BRANCH)], tmp_path) == places[2:]
    assert uncounted([point(1, "1,4"), point(12)], tmp_path) == places[1:]
    assert uncounted([Point("pe", "rtl/pe/other.sv", 3, 1, Kind.LINE, "block", "1-12")], tmp_path) == places


DECIDES = {
    "conftest.py": True,
    "rtl/pe/pe.sv": True,
    "tb/pe/test_pe.py": True,
    "tb/register_map.py": True,
    "golden/seeds.py": True,
    "regressions/traces/sample.safetensors": True,
    "tb/plan/testplan.toml": False,
    "tb/coverage/exclusions.toml": False,
    "tb/mutation/equivalents.toml": False,
    "reports/signoff/plan.py": False,
}
"""Files, and whether what a test covers hangs on them: the first one derives the seeds of all tests."""


@pytest.mark.parametrize("file", DECIDES)
def test_a_change_of_what_decides_what_tests_cover_is_seen(tmp_path: Path, file: str) -> None:
    for name in DECIDES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("before", encoding="utf-8")
    before = code_digest(tmp_path)
    assert code_digest(tmp_path) == before
    (tmp_path / file).write_text("after", encoding="utf-8")
    assert (code_digest(tmp_path) != before) == DECIDES[file]
