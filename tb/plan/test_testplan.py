"""The plan is complete both ways, and each rule is seen to fail with a message that names what is wrong."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tb.coverage.bins import CROSSES
from tb.plan.bins import Bins
from tb.plan.found import Found, bins_problem, find, find_points, find_tests
from tb.plan.testplan import LEVELS, PlanError, TestPlan, coverage_label, load, node_of, problems
from tb.toolchain import REPO_ROOT

TEST = "tb/pe/test_pe.py::test_cancellation"
POINT = "pe.cov_sum_zero"
GOOD = {
    "name": '"sums"',
    "level": '"block"',
    "block": '"pe"',
    "intent": '"They are right."',
    "tests": f'["{TEST}"]',
    "coverpoints": f'["{POINT}"]',
}


@pytest.fixture(scope="module")
def found() -> Found:
    return find()


@pytest.fixture(scope="module")
def plan() -> TestPlan:
    return load()


def table(kind: str = "feature", **fields: str) -> str:
    """Write an entry, by default a good one; an empty field is left out."""
    lines = [f"{field} = {value}" for field, value in (GOOD | fields).items() if value]
    return "\n".join([f"[[{kind}]]", *lines, ""])


def load_text(folder: Path, text: str) -> TestPlan:
    path = folder / "plan.toml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def test_plan_is_complete_both_ways(plan: TestPlan, found: Found) -> None:
    assert not problems(plan, found)


def test_every_level_and_block_has_a_feature(plan: TestPlan) -> None:
    blocks = {(level, block) for level, names in LEVELS.items() for block in names}
    assert {(feature.level, feature.block) for feature in plan.features} == blocks


def test_points_are_named_as_coverage_files_do() -> None:
    assert coverage_label("dispatcher.cov_wave") == "dispatcher_checks.cov_wave"
    assert coverage_label("pe_bench.c_idle_keeps_sums") == "pe_bench.c_idle_keeps_sums"
    assert coverage_label("bins:fp32_add.operands") is None
    assert node_of("tb/pe/test_pe.py::test_every_code_and_bias[E4M3]") == (
        "tb/pe/test_pe.py::test_every_code_and_bias"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (table(tests="[]"), "feature 'sums', tests: it has none; name at least one test"),
        (table(coverpoints="[]"), "feature 'sums', coverpoints: it has none; name at least one coverpoint"),
        (table(coverpoints=""), "feature 'sums', coverpoints: it has none; name at least one coverpoint"),
        (table(intent='" "'), "feature 'sums', intent: is missing or empty; give it a text"),
        (table(name=""), "feature '', name: is missing or empty; give it a text"),
        (table(level='"gate"'), "feature 'sums', level: 'gate' is none; use one of arithmetic, block, core"),
        (table(block='"core"'), "feature 'sums', block: 'core' is no block of level block; use one of mem"),
        (table(owner='"me"'), "feature 'sums', owner: is no field; use name, level"),
        (table(tests=f'["{TEST}", 1]'), "feature 'sums', tests: 1 is no text; put it in quotes"),
        (table(tests=f'["{TEST}", "{TEST}"]'), f"'{TEST}' stands there twice; remove one"),
        (table() + table(), "entry 'sums', name: 2 entries have it; rename or merge them"),
        (
            table() + table("bench", level="", block="", coverpoints=""),
            "entry 'sums', name: 2 entries have it; rename or merge them",
        ),
        (table("bench"), "bench 'sums', "),
        (table("features"), "unknown table 'features'; use [[feature]] and [[bench]]"),
        ("feature = 1", "'feature' is no list of tables; write [[feature]]"),
        ("feature = [1]", "'feature' is no list of tables; write [[feature]]"),
        ("[[feature]", "is not TOML: "),
    ],
)
def test_malformed_plan_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PlanError, match=re.escape(message)) as failure:
        load_text(tmp_path, text)
    assert str(failure.value).startswith("plan.toml: ")


def test_missing_plan_is_named(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"^none\.toml: cannot be read \(No such file"):
        load(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"tests": '["tb/pe/test_pe.py::test_nothing"]'}, "there is no test tb/pe/test_pe.py::test_nothing"),
        ({"tests": f'["{TEST}[1]"]'}, f"there is no test {TEST}[1]"),
        ({"coverpoints": '["pe.cov_nothing"]'}, "nothing measures pe.cov_nothing"),
        ({"coverpoints": '["bins:nothing"]'}, "nothing measures bins:nothing"),
        ({"coverpoints": '["bins:pe.operand"]'}, "nothing measures bins:pe.operand"),
        ({"coverpoints": '["pe_multiplier.c_*"]'}, "no check matches pe_multiplier.c_*"),
        ({"coverpoints": '["bins:pe.edges"]'}, "bins:pe.edges is measured by tb/pe/test_pe.py::test_edges_"),
    ],
)
def test_what_is_not_there_is_named(
    tmp_path: Path, found: Found, fields: dict[str, str], message: str
) -> None:
    complaints = problems(load_text(tmp_path, table(**fields)), found)
    (field,) = fields
    (complaint,) = (line for line in complaints if "is outside the plan" not in line)
    assert complaint.startswith(f"plan.toml: feature 'sums', {field}: {message}")


def test_bench_of_nothing_is_named(tmp_path: Path, found: Found) -> None:
    bench = table("bench", tests='["tb/pe/test_p"]', level="", block="", coverpoints="")
    wanted = "plan.toml: bench 'sums', tests: there is no tb/pe/test_p; correct or remove it"
    assert wanted in problems(load_text(tmp_path, bench), found)


def test_each_test_outside_the_plan_is_named(plan: TestPlan, found: Found) -> None:
    new = "tb/pe/test_new.py::test_new"
    more = replace(found, tests=found.tests | {new: frozenset()})
    assert problems(plan, more) == [
        f"{plan.file}: test {new} is outside the plan; add it to the feature or bench that it is for"
    ]


def test_each_point_outside_the_plan_is_named(plan: TestPlan, found: Found) -> None:
    for point in ("pe.cov_new", "new.c_new", "bins:new"):
        more = replace(found, points=found.points | {point})
        assert problems(plan, more) == [
            f"{plan.file}: coverpoint {point} is outside the plan; add it to the feature that it shows"
        ]


def test_bins_of_a_cross_count_one_by_one(tmp_path: Path, found: Found) -> None:
    whole = load_text(tmp_path, table(coverpoints='["bins:fp16_mul.classes"]'))
    keys = set(CROSSES["fp16_mul.classes"].legal_keys())
    assert len(keys) == 81
    assert whole.features[0].points(found) == keys
    complaints = "\n".join(problems(whole, found))
    assert "fp16_mul.classes" not in complaints
    assert complaints.count("coverpoint bins:pe.operands is outside the plan") == 1


def test_plan_without_a_bench_entry_is_incomplete(plan: TestPlan, found: Found) -> None:
    """Of whole files and folders each test is named."""
    for bench in plan.bench:
        rest = replace(plan, bench=tuple(other for other in plan.bench if other is not bench))
        named = {line.split()[2] for line in problems(rest, found)}
        assert named == bench.node_ids(found)


def test_test_of_design_and_bench_is_named(plan: TestPlan, found: Found) -> None:
    (first, *_), test = plan.bench, plan.features[0].tests[0]
    both = replace(plan, bench=(replace(first, tests=(*first.tests, test)), *plan.bench[1:]))
    assert problems(both, found) == [
        f"{plan.file}: test {test} stands under a feature and under bench; remove it from one of them"
    ]


def test_cases_that_nobody_runs_are_named(plan: TestPlan, found: Found) -> None:
    file = "tb/chip/protocol/register_cases.py"
    assert found.reported_as(f"{file}::error") == "tb/chip/test_registers.py::test_behaviour"
    assert found.reported_as(TEST) == TEST
    rest = replace(found, runners={name: test for name, test in found.runners.items() if name != file})
    assert problems(plan, rest) == [f"{file}: no test runs these cases; name its module in a test beside it"]


@pytest.mark.parametrize(
    ("bins", "message"),
    [
        (Bins("tb/pe/test_pe.py::test_nothing", "kind"), "there is no test tb/pe/test_pe.py::test_nothing"),
        (Bins(TEST, "kind"), f"{TEST} has no parameter 'kind'"),
        (Bins(TEST, walks="tb/pe/test_pe.py::NOTHING"), "there is no tb/pe/test_pe.py::NOTHING"),
        (Bins(TEST, walks="tb/pe/nothing.py::KINDS"), "there is no tb/pe/nothing.py::KINDS"),
        (Bins(TEST, walks="tb/line/test_line.py::STALLS"), f"{TEST} does not use STALLS"),
    ],
)
def test_bins_that_measure_nothing_are_named(found: Found, bins: Bins, message: str) -> None:
    complaint = bins_problem("some", bins, found.tests, REPO_ROOT)
    assert complaint is not None
    assert complaint.startswith(f"bins 'some': {message}; correct ")


@pytest.mark.parametrize("given", [{}, {"parameter": "kind", "walks": "tb/pe/test_pe.py::KINDS"}])
def test_bins_have_one_source(given: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="give one of 'parameter' and 'walks'"):
        Bins(TEST, **given)


def test_tests_are_found_as_they_are_collected(tmp_path: Path) -> None:
    folder = tmp_path / "tb" / "some"
    folder.mkdir(parents=True)
    (folder / "test_some.py").write_text(
        "each = pytest.mark.parametrize('a', [1])\n"
        "@each\n@pytest.mark.parametrize(('b', 'c'), [])\n@pytest.mark.parametrize('d, e', [])\n"
        "def test_one(): ...\nasync def test_two(): ...\ndef helper(): ...\n"
        "class TestThree:\n    def test_four(self): ...\n    def helper(self): ...\n",
        encoding="utf-8",
    )
    (folder / "some_cases.py").write_text(
        "@cocotb.test()\n@cocotb.parametrize(order=[1], stall=[2])\nasync def case(dut): ...\n"
        "async def helper(dut): ...\n",
        encoding="utf-8",
    )
    (folder / "replay.py").write_text("@cocotb.test()\nasync def replay(dut): ...\n", encoding="utf-8")
    assert find_tests(tmp_path) == {
        "tb/some/some_cases.py::case": {"order", "stall"},
        "tb/some/test_some.py::test_one": {"a", "b", "c", "d", "e"},
        "tb/some/test_some.py::test_two": frozenset(),
        "tb/some/test_some.py::TestThree::test_four": frozenset(),
    }


def test_points_of_every_macro_are_found(tmp_path: Path) -> None:
    (tmp_path / "tb").mkdir()
    (tmp_path / "tb" / "some_checks.sv").write_text(
        "  `CHECK(one, a, b)\n  `CHECK_NEXT(\n    two, a, b)\n  `CHECK_HELD(three, v, r, p)\n"
        "  `ASSUME(four, a, b)\n  `COVER(five,\n    a)\n  c_Six : cover (1'b1);\n  // `COVER(seven, a)\n"
        "  /* `COVER(eight, a)\n  `CHECK(nine, a, b) */\n",
        encoding="utf-8",
    )
    labels = ("c_one", "c_two", "c_three", "c_four", "cov_five", "c_Six")
    assert find_points(tmp_path) == {f"some.{label}" for label in labels}
