"""Mutants of the design: what is changed, what is not, how they stand in one source, and which are drawn."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tb.mutation.draw import draw
from tb.mutation.mutant import Mutant, Operator
from tb.mutation.operators import DesignError, find_mutants
from tb.mutation.schemata import with_mutants
from tb.mutation.tier import TIERS, NoTestsError, room_of
from tb.toolchain import REPO_ROOT, RTL_ROOT, rtl_sources

SOURCE = """\
module sample #(
    parameter int unsigned Width = 4
) (
    input  logic             clk_i,
    input  logic             rst_ni,
    input  logic             valid_i,
    input  logic             ready_i,
    input  logic [Width-1:0] a_i,
    output logic [Width-1:0] sum_q,
    output logic             taken_o
);
  function automatic logic [3:0] ones();
    for (int unsigned b = 0; b < 4; b++) ones[b] = b < 7;
  endfunction
  localparam logic [3:0] Ones = ones();
  localparam logic [3:0] Four = 4'd4;
  logic [3:0] part[2];
  logic parity_q, even;
  logic [7:0] wide;
  logic [3:0] four;
  logic [6:0] spaced;
  assign wide = 8'(part[0]);
  assign even = parity_q + 1'b1;
  assign four = Four;
  assign spaced = even ? {1'b0, part[0], 2'b10} : 7'(part[1]) << 1;
  assign taken_o = valid_i && ready_i;
  assign part[0] = 4'(a_i[1]);
  for (genvar i = 0; i < 1; i++) begin : gen_parts
    always_comb begin
      part[1] = '0;
      for (int unsigned b = 0; b < Width; b++) part[1] |= a_i[b] ? 4'd3 : part[0];
    end
  end
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      sum_q <= '0;
    end else if (taken_o) begin
      sum_q <= sum_q + Width'(part[1]);
    end
  end
endmodule
"""


@pytest.fixture
def sample(tmp_path: Path) -> list[Mutant]:
    """Mutants of a small module."""
    path = tmp_path / "sample.sv"
    path.write_text(SOURCE)
    return find_mutants(tmp_path, [path])


def _diffs(mutants: list[Mutant], operator: Operator) -> set[tuple[str, str]]:
    return {(one.right, one.faulty) for one in mutants if one.operator is operator}


def test_every_kind_of_mistake_is_made(sample: list[Mutant]) -> None:
    assert _diffs(sample, Operator.OPERATOR) == {
        ("valid_i && ready_i", "(valid_i || ready_i)"),
        ("sum_q + Width'(part[1])", "(sum_q - Width'(part[1]))"),
        ("7'(part[1]) << 1", "(7'(part[1]) >> 1)"),
    }
    assert _diffs(sample, Operator.HANDSHAKE) == {
        ("valid_i && ready_i", "(valid_i)"),
        ("valid_i && ready_i", "(ready_i)"),
    }
    assert _diffs(sample, Operator.CONDITION) == {
        (of, to) for of in ("taken_o", "a_i[b]", "even") for to in ("1'b0", "1'b1")
    }
    assert _diffs(sample, Operator.RESET) == {("'0", "sum_q")}
    assert _diffs(sample, Operator.ENABLE) == {("sum_q + Width'(part[1])", "sum_q")}
    assert {("'0", "'1"), ("4'd3", "4'd4")} <= _diffs(sample, Operator.CONSTANT)
    assert {("a_i[1]", "a_i[2]"), ("a_i[b]", "a_i[(b) ^ 1'b1]"), ("part[0]", "part[1]")} <= _diffs(
        sample, Operator.SELECT
    )
    sums = {faulty for right, faulty in _diffs(sample, Operator.STUCK) if right == "sum_q + Width'(part[1])"}
    assert sums == {"((sum_q + Width'(part[1])) | 1'b1)", "((sum_q + Width'(part[1])) & ~1'b1)"}
    assert ("valid_i && ready_i", "1'b0") in _diffs(sample, Operator.STUCK)
    narrower = "((sum_q + Width'(part[1])) & ($bits(sum_q + Width'(part[1]))'('1) >> 1))"
    assert ("sum_q + Width'(part[1])", narrower) in _diffs(sample, Operator.WIDTH)


def test_what_changes_nothing_is_no_mutant(sample: list[Mutant]) -> None:
    """Bits that a constant or a wider copy has anyway, and the difference of two single bits."""
    widths = {right for right, _ in _diffs(sample, Operator.WIDTH)}
    assert "8'(part[0])" not in widths
    assert "sum_q + Width'(part[1])" in widths
    assert not [one for one in sample if one.operator is Operator.OPERATOR and "parity_q" in one.right]
    assert _diffs(sample, Operator.STUCK) >= {("parity_q + 1'b1", "1'b0"), ("parity_q + 1'b1", "1'b1")}
    assert {to for of, to in _diffs(sample, Operator.STUCK) if of == "Four"} == {"((Four) | 1'b1)"}
    spaced = "even ? {1'b0, part[0], 2'b10} : 7'(part[1]) << 1"
    assert {to for of, to in _diffs(sample, Operator.STUCK) if of == spaced} == {f"(({spaced}) | 1'b1)"}
    assert spaced not in widths


def test_a_function_that_computes_parameters_stays(sample: list[Mutant]) -> None:
    assert not [one for one in sample if "ones" in one.right or "b < 7" in one.right]


def test_what_does_not_run_stays(sample: list[Mutant]) -> None:
    """Parameters, ports, generated structure, bounds of loops, the reset's own condition, left sides."""
    lines = SOURCE.splitlines()
    kept = [number for number, text in enumerate(lines, 1) if "parameter" in text or "genvar" in text]
    kept += [number for number, text in enumerate(lines, 1) if "[Width-1:0]" in text or "!rst_ni" in text]
    assert not {one.line for one in sample} & set(kept)
    loop = next(number for number, text in enumerate(lines, 1) if "part[1] |=" in text)
    assert all("b <" not in one.right and one.right != "part[1]" for one in sample if one.line == loop)


def test_a_comment_at_the_top_changes_no_name_and_no_draw(tmp_path: Path, sample: list[Mutant]) -> None:
    """Nor do spaces, or a comment behind the line; a second line alike gets names of its own."""

    def of(how: str, text: str) -> list[Mutant]:
        path = tmp_path / how / "sample.sv"
        path.parent.mkdir()
        path.write_text(text)
        return find_mutants(path.parent, [path])

    before = {one.key for one in sample}
    assert len(before) == len(sample)
    moved = of("moved", "// One more line,\n// or two.\n" + SOURCE)
    assert [one.key for one in moved] == [one.key for one in sample]
    assert [one.line for one in moved] == [one.line + 2 for one in sample]
    assert [one.key for one in draw(moved, 9, 1)] == [one.key for one in draw(sample, 9, 1)]
    line = "  assign part[0] = 4'(a_i[1]);\n"
    assert line in SOURCE
    spaced = of("spaced", SOURCE.replace(line, "    assign  part[0] = 4'(a_i[1]); // why\n"))
    assert [one.key for one in spaced] == [one.key for one in sample]
    twice = [one.key for one in of("twice", SOURCE.replace(line, line + line))]
    assert len(set(twice)) == len(twice)
    assert set(twice) > before
    assert {one.key for one in of("without", SOURCE.replace(line, ""))} < before


@pytest.mark.parametrize(
    ("right", "faulty", "message"),
    [
        ("a_i[1]", "no_such[1]", "error: use of undeclared identifier 'no_such'"),
        ("endmodule", "", "error: expected"),
    ],
    ids=["meaning", "syntax"],
)
def test_a_design_that_does_not_elaborate_is_told_with_its_place(
    tmp_path: Path, right: str, faulty: str, message: str
) -> None:
    path = tmp_path / "sample.sv"
    path.write_text(SOURCE.replace(right, faulty, 1))
    with pytest.raises(
        DesignError, match=rf"^the design does not elaborate: .*\n.*sample\.sv:\d+:\d+: {message}"
    ):
        find_mutants(tmp_path, [path])


def test_numbers_choose_among_nested_mutants() -> None:
    """Of parts of an expression the mutants stand in its right branch."""
    source = b"assign y = a && b[i] ? c : d;"
    mutants = {
        3: Mutant("f", 11, 20, 1, Operator.OPERATOR, "a && b[i]", "(a || b[i])"),
        4: Mutant("f", 11, 20, 1, Operator.CONDITION, "a && b[i]", "1'b0"),
        7: Mutant("f", 16, 20, 1, Operator.SELECT, "b[i]", "b[(i) ^ 1'b1]"),
    }
    assert with_mutants(source, mutants).decode() == (
        "assign y = (fault_pkg::selected == 3 ? ((a || b[i])) : fault_pkg::selected == 4 ? (1'b0) : "
        "(a && (fault_pkg::selected == 7 ? (b[(i) ^ 1'b1]) : (b[i])))) ? c : d;"
    )
    with pytest.raises(ValueError, match="the source has changed"):
        with_mutants(source.replace(b"a &&", b"e &&"), mutants)


def test_every_design_file_has_mutants_and_tests() -> None:
    mutants = find_mutants()
    files = {path.relative_to(RTL_ROOT).as_posix() for path in rtl_sources() if path.is_relative_to(RTL_ROOT)}
    counts = Counter(one.file for one in mutants)
    constants = {"feeder/feeder_pkg.sv", "pkg/core_pkg.sv", "pkg/counter_pkg.sv"}
    assert all(counts[file] > 1 for file in files - constants)
    assert set(counts) <= files
    assert {room_of(one.file) for one in mutants} <= set(TIERS)
    named = {test.split("::")[0] for tests in TIERS.values() for test in tests}
    assert all((REPO_ROOT / test).is_file() for test in named)
    with pytest.raises(
        NoTestsError, match=r"^rtl/elsewhere/x\.sv: tb/mutation/tier\.py names no tests for it; add"
    ):
        room_of("elsewhere/x.sv")


def test_a_draw_is_the_same_each_time_and_leaves_no_file_out() -> None:
    mutants = find_mutants()
    drawn = draw(mutants, 1200, 1)
    assert drawn == draw(list(reversed(mutants)), 1200, 1)
    assert drawn != draw(mutants, 1200, 2)
    assert 1150 < len(drawn) < 1300
    assert len({one.key for one in drawn}) == len(drawn)
    assert {one.file for one in drawn} == {one.file for one in mutants}
    assert set(Counter(one.operator for one in drawn)) == set(Operator)
    assert len(draw(mutants, 10**6, 1)) == len(mutants)
