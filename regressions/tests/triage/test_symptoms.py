"""What separates causes, and what does not: symptoms of wrong results, of messages, and their groups."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from golden.geometry import ConvGeometry, Step
from golden.lowering import result_tensor
from regressions.results import LayerShape, Replay, Status
from regressions.tests.triage.cases import FP16_THRESHOLD, make_input
from regressions.triage.messages import message_symptom
from regressions.triage.observe import keep_symptom, read_symptom
from regressions.triage.symptom import Symptom, group
from regressions.triage.wrong_bits import as_matrix, bits_symptom, columns, group_counts, operands, pattern
from tb.core.replay import Replay as CoreReplay

Bits = npt.NDArray[Any]

GEOMETRY = ConvGeometry("layer", 2, 3, 5, 5, 4, kernel=3, stride=1, padding=1)


def floats(values: object) -> Bits:
    """Return FP32 bits."""
    return np.asarray(values, np.float32).view(np.uint32)


@pytest.fixture
def due(rng: np.random.Generator) -> Bits:
    """Results as they should be: 40 rows of 4 columns, all different."""
    return floats(rng.standard_normal((40, 4)))


# --- What became of the bits --------------------------------------------------------------------------


def test_patterns_of_values(due: Bits) -> None:
    values = due.view(np.float32)
    cases = {
        "nan": floats(np.full(due.shape, np.nan)),
        "zero": floats(np.zeros(due.shape)),
        "sign": floats(-values),
        "exponent": floats(2 * values),
        "rounding": due + 3,
        "value": due ^ (1 << 20),
    }
    for name, actual in cases.items():
        assert pattern(due, actual) == [name]
        half = np.where(np.arange(4) % 2, due, actual)
        assert pattern(due, half) == [name], "the right ones do not count"


def test_results_of_another_place(due: Bits) -> None:
    assert pattern(due, np.roll(due, 1, axis=0)) == ["moved:row before"]
    assert pattern(due, np.roll(due, 2, axis=1)) == ["moved:other half of the row"]
    assert pattern(due, due[:, [1, 0, 3, 2]]) == ["moved:other column of the PE"]
    halves = due.astype(np.uint16)
    assert pattern(halves, np.roll(halves, 1, axis=0)) == ["moved:row before"]


def test_rounding_is_settled_by_all_results_in_full_precision_alone(due: Bits) -> None:
    actual = due + 3
    actual[5, 1] += 400
    assert pattern(due, actual) == ["rounding", "value"]
    halves = due.view(np.float32).astype(np.float16).view(np.uint16)
    assert pattern(halves, halves ^ 1) == ["rounding", "value"]


def test_few_results_leave_it_open(due: Bits) -> None:
    actual = due.copy()
    actual[0, :2] = 0
    assert pattern(due, actual) == ["zero", "value"]
    mixed = np.where(np.arange(40)[:, None] % 2, due ^ (1 << 31), due ^ (1 << 20))
    assert pattern(due, mixed) == ["value"]


# --- Where --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hit", "possible"),
    [
        ([0], ["column0"]),
        ([0, 1], ["pe0"]),
        ([1, 3, 5, 7], ["second"]),
        ([0, 2], ["first"]),
        ([0, 3], ["all"]),
        (range(8), ["all"]),
    ],
)
def test_columns_that_are_hit(hit: list[int], possible: list[str]) -> None:
    wrong = np.zeros((10, 8), np.bool_)
    wrong[:, list(hit)] = True
    assert columns(wrong, 8) == possible
    two_launches = np.concatenate([np.zeros_like(wrong), wrong], axis=1)
    assert columns(two_launches, 8) == possible


def test_one_wrong_result_may_be_of_any_column() -> None:
    wrong = np.zeros((10, 4), np.bool_)
    wrong[3, 2] = True
    assert columns(wrong, 4) == ["column2", "pe1", "first", "all"]


def test_operands_that_are_needed() -> None:
    narrow = np.array([2] * 10 + [0] * 10 + [1] * 10)
    wide = np.array([0] * 10 + [2] * 10 + [1] * 10)
    assert operands(wide > 0, narrow, wide) == ["FP16"]
    assert operands(narrow > 0, narrow, wide) == ["FP8"]
    assert operands(np.ones(30, np.bool_), narrow, wide) == ["any"]
    one = np.arange(30) == 25
    assert operands(one, narrow, wide) == ["any", "FP8", "FP16"], "one wrong row of thirty says nothing"


@pytest.mark.parametrize("step", Step)
def test_elements_that_rows_meet(step: Step, rng: np.random.Generator) -> None:
    """Counted by the very product whose rows they are, here against a product of ones."""
    replay = CoreReplay(make_input(step, GEOMETRY, rng))
    narrow, wide = group_counts(replay)
    assert not wide.any()
    assert narrow.max() > 0
    narrow, wide = group_counts(CoreReplay(make_input(step, GEOMETRY, rng, a_e_thr=FP16_THRESHOLD)))
    assert not narrow.any()
    assert wide.max() > 0


@pytest.mark.parametrize("step", Step)
def test_a_tensor_is_the_product_it_comes_from(step: Step, rng: np.random.Generator) -> None:
    replay = CoreReplay(make_input(step, GEOMETRY, rng))
    tensor = result_tensor(replay.lowering, replay.expected)
    assert np.array_equal(as_matrix(replay, tensor), replay.expected)


def test_symptom_of_a_fault_in_one_column_of_pes(rng: np.random.Generator) -> None:
    replay = CoreReplay(make_input(Step.FP, GEOMETRY, rng))
    actual = replay.expected.copy()
    actual[:, ::2] ^= 1 << 20
    symptom = bits_symptom(replay, replay.expected, actual)
    assert symptom.slug == "wrong-bits-first"
    assert symptom.reason == (
        "bits of results differ, only in the first column of PEs, in sums over channels (FP, BP)"
    )


# --- Messages -----------------------------------------------------------------------------------------

ASSERTION = "the simulation failed: {}_checks.sv:75: Assertion failed in {}: 'assert' failed."
HANG = "the core hung: no end after 51 cycles (limit 50); taken 3 of 7 commands"


@pytest.mark.parametrize(
    ("message", "slug"),
    [
        (
            ASSERTION.format("a_dispatch", "core_sim.i_harness.i_core.i_dispatch.i_checks.a_least_work"),
            "assertion-a_dispatch.a_least_work",
        ),
        (
            ASSERTION.format("pe_line", "TOP.core_harness.i_core.gen_lines[3].i_line.i_checks.a_x"),
            "assertion-pe_line.a_x",
        ),
        (HANG, "hang-core"),
        ("the chip stopped with cause WATCHDOG at job 3 of the descriptor at line 5: x", "stopped-WATCHDOG"),
        (
            "results out of place: 2 outside their block, 0 came twice, 8 half rows never came",
            "results-outside-their-block-never",
        ),
        (
            "counters differ from the golden model: b_rows 4 instead of 3, elements 1 instead of 2",
            "counters-b_rows-above-elements-below",
        ),
        ("the load balancer gave 3 wrong lines, the first one for entry 2 (...)", "balancer-lines"),
        (
            "the simulator was killed by SIGKILL (out of memory, or from outside)\nlog: /x",
            "simulator-SIGKILL",
        ),
        ("the simulator hung: still running after 3 s, killed", "simulator-hung"),
    ],
)
def test_symptoms_of_messages(message: str, slug: str) -> None:
    assert message_symptom(message).slug == slug


def test_numbers_and_folders_separate_no_causes() -> None:
    one, other = (
        message_symptom(f"{folder}/output.npz is not a replay's outcome: {number} bytes too many")
        for folder, number in (("/a/stem-FP", 12), ("/b/x/fc-WG", 7000))
    )
    assert one == other


# --- Groups -------------------------------------------------------------------------------------------


def bits(**facts: list[str]) -> Symptom:
    return Symptom("wrong-bits", "", "bits differ", facts)


def test_what_leaves_much_open_goes_with_what_is_known() -> None:
    symptoms = [
        bits(columns=["column0", "first", "all"], operands=["any", "FP16"]),
        bits(columns=["first"], operands=["FP16"]),
        bits(columns=["second"], operands=["any"]),
        message_symptom(HANG),
        bits(columns=["first", "all"], operands=["any", "FP16"]),
    ]
    groups = group(symptoms)
    assert [one.members for one in groups] == [[0, 1, 4], [2], [3]]
    assert groups[0].symptom.facts == {"columns": ["first"], "operands": ["FP16"]}
    assert [one.name for one in groups] == ["wrong-bits-first-FP16", "wrong-bits-second", "hang-core"]


def test_groups_of_one_name_are_told_apart() -> None:
    names = [one.name for one in group([bits(x=["a", "b"]), bits(x=["c", "d"]), bits(x=["b", "a"])])]
    assert names == ["wrong-bits", "wrong-bits-2"]


def test_a_symptom_is_kept_beside_its_record(tmp_path: Path) -> None:
    record = Replay("fc", Step.FP, Status.ERROR, LayerShape.of(GEOMETRY), 1, "x", 0.0, message=HANG)
    assert read_symptom(tmp_path, record) == message_symptom(HANG)
    known = bits(columns=["first"])
    keep_symptom(tmp_path, lambda: known)
    assert read_symptom(tmp_path, record) == known
    (tmp_path / "symptom.json").write_text('{"kind": 3}', encoding="utf-8")
    assert read_symptom(tmp_path, record) == message_symptom(HANG)

    def defect() -> Symptom:
        raise ZeroDivisionError

    keep_symptom(tmp_path, defect)  # is not the replay's problem
