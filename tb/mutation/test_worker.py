"""What a worker makes of mutants: with tests that look at the mutant's number in place of a model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tb.mutation import worker
from tb.mutation.mutant import Mutant, Operator
from tb.mutation.worker import Campaign, Plan

TESTS = """
import os, time

def number():
    return int(os.environ["RTL_FAULT"])

def test_quick():
    assert number() != 1

def test_thorough():
    if number() == 2:
        os.abort()
    if number() == 3:
        time.sleep(60)
    assert number() != 4

def test_slow():
    time.sleep(0.2)
    assert number() != 5
"""
QUICK, THOROUGH, SLOW = (f"test_of_design.py::test_{name}" for name in ("quick", "thorough", "slow"))
SECONDS = {QUICK: 0.001, THOROUGH: 0.002, SLOW: 0.2}


def _plan(folder: Path, numbers: list[int], **changes: object) -> Plan:
    built = {n: Mutant("pe/pe.sv", n, n + 1, n, Operator.STUCK, "a", "b", str(n)) for n in range(1, 7)}
    fields = {"tests": [], "out": str(folder / "out.jsonl"), "seconds": SECONDS, "caught": [], **changes}
    return Plan(numbers, built, **fields)  # type: ignore[arg-type]


def _run(pytester: pytest.Pytester, plan: Plan) -> list[dict[str, object]]:
    pytester.makepyfile(test_of_design=TESTS)
    pytester.inline_run("-p", "no:cacheprovider", plugins=[Campaign(plan)])
    return [json.loads(line) for line in Path(plan.out).read_text().splitlines()]


def test_every_verdict(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "LEAST_TIMEOUT_S", 2.0)
    plan = _plan(pytester.path, [1, 2, 3, 4, 5, 6])
    found = _run(pytester, plan)
    assert [one["mutant"] for one in found] == [plan.built[number].key for number in plan.numbers]
    assert [(one["verdict"], one["test"]) for one in found] == [
        ("caught", QUICK),
        ("crashed", THOROUGH),
        ("hung", THOROUGH),
        ("caught", THOROUGH),
        ("caught", SLOW),
        ("survived", ""),
    ]


BUSY = """
import os, time
from pathlib import Path

def runs():
    with Path("runs").open("a+") as file:
        file.write(".")
        file.seek(0)
        return len(file.read())

def test_quick():
    times = runs()
    assert times
    if times <= {busy}:
        {what}
"""


@pytest.mark.parametrize(
    "what", ["time.sleep(60)", "os.abort()", "os._exit(1)", 'raise OSError("disk full")']
)
def test_what_the_machine_does_is_no_verdict(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """The test fails with the mutant, without it, and then no more."""
    monkeypatch.setattr(worker, "LEAST_TIMEOUT_S", 1.0)
    pytester.makepyfile(test_of_design=BUSY.format(busy=2, what=what))
    plan = _plan(pytester.path, [1], seconds={QUICK: 0.001})
    pytester.inline_run("-p", "no:cacheprovider", plugins=[Campaign(plan)])
    (line,) = Path(plan.out).read_text().splitlines()
    assert json.loads(line)["verdict"] == "survived"


def test_a_machine_that_is_always_too_busy_is_named(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "LEAST_TIMEOUT_S", 0.4)
    pytester.makepyfile(test_of_design=BUSY.format(busy=99, what="time.sleep(60)"))
    plan = _plan(pytester.path, [1], seconds={QUICK: 0.001})
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", plugins=[Campaign(plan)])
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    assert "does not pass in time without it either; the machine is too busy" in str(result.stdout)
    assert not Path(plan.out).read_text()


def test_what_caught_mutants_of_the_file_goes_first(pytester: pytest.Pytester) -> None:
    before = [("pe/pe.sv", SLOW)] * 20
    (one,) = _run(pytester, _plan(pytester.path, [5], caught=before, seconds={**SECONDS, SLOW: 0.01}))
    assert (one["test"], one["tests"]) == (SLOW, 1)


def test_the_budget_leaves_tests_out(pytester: pytest.Pytester) -> None:
    (one,) = _run(pytester, _plan(pytester.path, [5], budget_s=0.2))
    assert (one["verdict"], one["tests"]) == ("survived", 2)


def test_which_tests_a_mutant_meets_hangs_on_no_measured_time_and_no_kill(tmp_path: Path) -> None:
    """Times that differ by a little, and what caught mutants before, change the order at most."""
    near = {"nearest": {"pe/pe.sv": [SLOW, THOROUGH, QUICK]}}
    names = [QUICK, THOROUGH, SLOW]

    def order(**changes: object) -> list[str]:
        plan = _plan(tmp_path, [1], budget_s=0.32, **changes)
        key = plan.built[1].key
        plan.nearest[key] = near["nearest"]["pe/pe.sv"]
        return Campaign(plan)._order(plan.built[1], names)

    nearest = {SLOW, THOROUGH}  # 1/4 s and 1/16 s
    for slow, quick in ((0.13, 0.001), (0.2, 0.06), (0.25, 0.0001)):
        seconds = {SLOW: slow, THOROUGH: 0.002, QUICK: quick}
        assert set(order(seconds=seconds)) == nearest
        assert set(order(seconds=seconds, caught=[("pe/pe.sv", QUICK)] * 9)) == nearest
    assert order(caught=[("pe/pe.sv", SLOW)] * 9) == [SLOW, THOROUGH]
    assert order(caught=[("pe/pe.sv", THOROUGH)] * 9) == [THOROUGH, SLOW]
    assert order(by_kills=False) == [SLOW, THOROUGH]


def test_a_test_whose_model_holds_no_mutants_has_no_time(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_of_design="""
        from tb.mutation.worker import no_mutants

        def test_quick():
            pass

        def test_thorough():
            no_mutants("chip_bench")
        """
    )
    plan = _plan(pytester.path, [], seconds={})
    pytester.inline_run("-p", "no:cacheprovider", plugins=[Campaign(plan)])
    times = [json.loads(line)["seconds"] for line in Path(plan.out).read_text().splitlines()]
    assert times[0] is not None
    assert times[1] is None


def test_tests_are_timed_without_a_mutant(pytester: pytest.Pytester) -> None:
    found = _run(pytester, _plan(pytester.path, [], seconds={}))
    assert [one["test"] for one in found] == [QUICK, THOROUGH, SLOW]
    assert found[2]["seconds"] >= 0.2  # type: ignore[operator]


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    plan = _plan(tmp_path, [1, 2], caught=[("pe/pe.sv", QUICK)])
    plan.save(tmp_path / "plan.json")
    assert Plan.load(tmp_path / "plan.json") == plan


def test_a_model_that_is_not_there_is_no_verdict(pytester: pytest.Pytester) -> None:
    """The test would wait for its build, and the mutant seem to hang it."""
    pytester.makepyfile(
        test_of_design="""
        from tb.toolchain import NotBuiltError

        def test_quick():
            raise NotBuiltError("core has not been built")
        """
    )
    plan = _plan(pytester.path, [1], seconds={QUICK: 0.001})
    result = pytester.inline_run("-p", "no:cacheprovider", plugins=[Campaign(plan)])
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    assert not Path(plan.out).read_text()
