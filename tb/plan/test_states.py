"""Each state machine's states have covers, its arcs are all listed, and another arc fails an assertion."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tb.build_cache import write_whole
from tb.core.build import MACROS, USER_COVERAGE
from tb.plan.states import Machine, machines, problems
from tb.toolchain import BUILD_ROOT, verilate

GOOD = Machine("m", frozenset({"A", "B"}), frozenset({"A", "B"}), frozenset({("A", "B"), ("B", "A")}))

TOY = """
`include "tb/checks.svh"
module toy (
    input logic clk_i,
    input logic rst_ni,
    input logic [1:0] state_i
);
  localparam logic [1:0] Idle = 2'd1, Run = 2'd2, Stop = 2'd3;
  `FSM_ARCS(state_i, Idle)
  `ARC(Idle, Run)
  `ARC(Run, Stop)
  `ARC(Stop, Idle)
  `FSM_END
  `COVER_STATE(state_i, Run)
endmodule
"""
LOOP = """
#include "../simulation.hpp"
#include "Vtoy.h"
int main(int, char** words) {
  Simulation<Vtoy> model;
  model->rst_ni = 0;
  for (const char* state = words[1]; *state; ++state) {
    model->state_i = *state - '0';
    for (const int clock : {0, 1}) model->clk_i = clock, model->eval();
    model->rst_ni = 1;
  }
  return model.failed();
}
"""


def test_every_state_and_arc_is_looked_for() -> None:
    found = machines()
    assert {"control", "dispatcher", "line_packer", "threshold_policy"} <= {one.module for one in found}
    assert not problems(found)


@pytest.mark.parametrize(
    ("machine", "message"),
    [
        (replace(GOOD, states=frozenset("ABC")), "m_checks: state C has no cover"),
        (replace(GOOD, covered=frozenset("ABC")), "m_checks: C is no state of state_e"),
        (replace(GOOD, arcs=GOOD.arcs | {("A", "C")}), "m_checks: C is no state of state_e"),
        (replace(GOOD, arcs=frozenset({("A", "B")})), "m_checks: no `ARC enters state A; add it"),
        (replace(GOOD, arcs=frozenset()), "m_checks: lists no arc"),
    ],
)
def test_what_is_missing_is_named(machine: Machine, message: str) -> None:
    assert not problems([GOOD])
    assert any(line.startswith(message) for line in problems([machine]))


def test_a_new_state_is_found(tmp_path: Path) -> None:
    """In a copy of a module with one state more."""
    (tmp_path / "rtl").mkdir()
    (tmp_path / "tb").mkdir()
    module = (
        "module one;\n  typedef enum logic [1:0] {\n    Idle,\n    Run,\n    New\n  } state_e;\nendmodule\n"
    )
    checks = "`COVER_STATE(x ? f(y) : state_q, Idle)\n`COVER_STATE(state_q, Run)\n// `COVER_STATE(s, New)\n"
    (tmp_path / "rtl" / "one.sv").write_text(module, encoding="utf-8")
    (tmp_path / "tb" / "one_checks.sv").write_text(
        checks + "`ARC(Idle, Run)\n`ARC(\n  Run, Idle)\n", encoding="utf-8"
    )
    (found,) = machines(tmp_path)
    assert found.covered == {"Idle", "Run"}
    assert found.arcs == {("Idle", "Run"), ("Run", "Idle")}
    assert problems([found]) == ["one_checks: state New has no cover; add `COVER_STATE and its `ARC lines"]


@pytest.mark.parametrize(
    ("states", "good"),
    [("11231123", True), ("1", True), ("1132", False), ("113", False), ("120", False), ("0", False)],
)
@pytest.mark.parametrize("args", [(), USER_COVERAGE], ids=["checks", "covers"])
def test_an_arc_that_is_not_listed_fails(args: tuple[str, ...], states: str, good: bool) -> None:
    """The first state is what stands there in reset."""
    # Paths of sources tell models apart: in a folder of each test, each would be built anew.
    BUILD_ROOT.mkdir(exist_ok=True)
    source, loop = BUILD_ROOT / "states_toy.sv", BUILD_ROOT / "states_toy.cpp"
    write_whole(source, TOY.encode())
    write_whole(loop, LOOP.replace('"../', f'"{MACROS.parent}/').encode())
    build = verilate("states_toy", [MACROS, source], "toy", args=["--assert", *args], cxx_sources=[loop])
    done = subprocess.run([build.artifact, states + states[-1]], capture_output=True, text=True, check=False)
    assert ("a_arc_is_listed" in done.stdout) == (not good), done.stdout
    assert bool(done.returncode) == (not good)
