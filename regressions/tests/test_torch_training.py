"""The training program: learns in each precision, goes on bit for bit, says what is wrong."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from torch import nn

from regressions.capture.datasets import load_dataset
from regressions.capture.errors import CaptureError
from regressions.capture.resnet import ResNet18
from regressions.capture.training import classification_loss, make_deterministic
from regressions.tests.foreign_models import images_and_labels
from regressions.tests.image_files import write_image_folder
from regressions.training import checkpoint, cli, program, record, speed
from regressions.training.emulation import round_to_half
from regressions.training.iteration import iterate
from regressions.training.loss_scale import LossScale
from regressions.training.options import MODES
from regressions.training.policies import parse_policy
from regressions.training.precision import codings
from regressions.training.program import make_state
from regressions.training.record import Record
from regressions.training.state import State

DROPOUT = "regressions.tests.foreign_models:dropout"
SMALL = ["--image-size", "8", "--width", "4", "--train-images", "40", "--batch", "8", "--threads", "1"]


@pytest.fixture(autouse=True)
def torch_seed(seed: int) -> None:
    make_deterministic(seed, threads=1)


def train(out: Path, *words: str) -> Record:
    """Run the program in this process; fail unless it went well."""
    assert cli.main(["--out", str(out), *small(words), *words]) == 0
    return Record.read(out)


def small(words: Sequence[str]) -> list[str]:
    """The small training's options; only ResNet-18 has a width."""
    return [*SMALL[:2], *SMALL[4:]] if "--model" in words else SMALL


def without_time(result: Record) -> dict[str, object]:
    """All of a record but the time it took."""
    return {name: value for name, value in vars(result).items() if name != "seconds"}


def assert_same_state(one: object, other: object) -> None:
    """Compare two checkpoints' contents, tensors by their bits."""
    assert type(one) is type(other)
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        assert one.dtype == other.dtype
        assert one.numpy().tobytes() == other.numpy().tobytes()
    elif isinstance(one, dict) and isinstance(other, dict):
        assert list(one) == list(other)
        for key in one:
            if key != "record":  # holds the time
                assert_same_state(one[key], other[key])
    elif isinstance(one, list) and isinstance(other, list):
        assert len(one) == len(other)
        for left, right in zip(one, other, strict=True):
            assert_same_state(left, right)
    else:
        assert one == other


def load(out: Path) -> dict[str, object]:
    content = torch.load(out / checkpoint.NAME, weights_only=True)
    assert isinstance(content, dict)
    return content


# --- Going on --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ["--mode", "fp32"],
        ["--mode", "fgmp", "--policy", "previous=0.2", "--optimizer", "adam", "--masters", "fp16"],
        ["--mode", "fgmp", "--exact", "--policy", "previous=0.1"],
        ["--mode", "fp8-hybrid", "--loss-scale", "dynamic", "--gradients", "fp32"],
        ["--mode", "fp16", "--model", DROPOUT],
    ],
    ids=lambda words: "-".join(word.strip("-") for word in words),
)
def test_interrupted_training_goes_on_bit_for_bit(tmp_path: Path, words: list[str]) -> None:
    """Stopped in the middle of an epoch and at the end of one, against a run without a stop."""
    whole = train(tmp_path / "whole", *words, "--iterations", "12")
    parts = ["--iterations", "12", "--checkpoint-every", "1"]
    assert train(tmp_path / "parts", *words, *parts, "--stop-after", "3").done == 3
    assert train(tmp_path / "parts", *words, *parts, "--stop-after", "2").done == 5
    resumed = train(tmp_path / "parts", *words, *parts)
    assert resumed.finished
    assert without_time(resumed) == without_time(whole)
    assert [test["iteration"] for test in whole.tests] == [5, 10, 12]
    assert_same_state(load(tmp_path / "parts"), load(tmp_path / "whole"))


def test_interruption_goes_on_from_the_last_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--iterations", "6", "--checkpoint-every", "2"]
    whole = train(tmp_path / "whole", *words)
    calls = iter(range(100))

    def interrupted(*arguments: object) -> float:
        if next(calls) == 5:
            raise KeyboardInterrupt
        return iterate(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(program, "iterate", interrupted)
    assert cli.main(["--out", str(tmp_path / "cut"), *SMALL, *words]) == 130
    assert "interrupted in iteration 6: the same command goes on after iteration 4" in capsys.readouterr().out
    assert Record.read(tmp_path / "cut").done == 4
    monkeypatch.undo()
    assert without_time(train(tmp_path / "cut", *words)) == without_time(whole)
    assert "going on after iteration 4 of 6" in capsys.readouterr().out
    assert_same_state(load(tmp_path / "cut"), load(tmp_path / "whole"))


def test_a_finished_run_is_not_run_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = train(tmp_path, "--iterations", "2")
    again = train(tmp_path, "--iterations", "2")
    assert vars(first) == vars(again)
    assert "going on after iteration 2 of 2" in capsys.readouterr().out


def test_seeds(tmp_path: Path) -> None:
    """The seed decides weights and order; the precision neither."""
    words = ["--iterations", "2", "--mode"]
    runs = {
        name: train(tmp_path / name, *words, mode, "--seed", seed)
        for name, mode, seed in (
            ("a", "fgmp", "1"),
            ("b", "fgmp", "1"),
            ("c", "fgmp", "2"),
            ("fp16", "fp16", "1"),
            ("fp32", "fp32", "1"),
        )
    }
    assert without_time(runs["a"]) == without_time(runs["b"])
    assert abs(runs["a"].losses[0] - runs["c"].losses[0]) > 0.02
    assert 0 < abs(runs["fp32"].losses[0] - runs["fp16"].losses[0]) < 0.005


# --- Precision -------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_training_learns_in_each_precision(tmp_path: Path, mode: str) -> None:
    result = train(tmp_path, "--mode", mode, "--iterations", "60", "--optimizer", "adam")
    assert np.mean(result.losses[-5:]) < 0.6 * result.losses[0]
    assert result.skipped == []
    assert [share["iteration"] for share in result.shares] == (
        [] if mode in ("fp32", "fp16") else [1, 10, 20, 30, 40, 50, 60]
    )
    for share in result.shares:
        for tensor in ("X", "W", "delta"):
            part = share[tensor]
            assert 0 < part["nonzeros"] <= part["elements"]
            assert 0 <= part["fp16"] <= 0.3 * part["nonzeros"]
            assert (part["fp16"] == 0) == (mode != "fgmp")
            assert len(part["e_thr"]) == 21


def test_plain_fp32_is_plain_pytorch(tmp_path: Path) -> None:
    """The record of mode fp32 is that of a loop written here."""
    options = cli.parse_options(["--out", str(tmp_path), *SMALL, "--mode", "fp32", "--loss-scale", "1"])
    dataset = load_dataset(options.dataset, options.image_size)
    state = make_state(options, dataset, dataset.train)
    model = ResNet18(10, 8, 4)
    model.load_state_dict(state.model.state_dict())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4, nesterov=True)
    images, labels = images_and_labels(8, 8)
    for _ in range(3):
        found = iterate(state, images, labels, 0.1, half_masters=False)
        optimizer.zero_grad()
        loss = classification_loss(model(images), labels)
        loss.backward()
        optimizer.step()
        assert found == loss.item()


def test_exact_training_stays_beside_the_emulation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(tmp_path / "emulated", "--iterations", "3")
    exact = ["--exact", "--beside", str(tmp_path / "emulated")]
    train(tmp_path / "exact", "--iterations", "3", *exact)
    said = capsys.readouterr().out
    assert "over 3 iterations" in said
    chart = tmp_path / "exact" / program.BESIDE_CHART
    assert f"chart: {chart})" in said
    drawn = ElementTree.fromstring(chart.read_text(encoding="utf-8"))
    curves = [one.attrib["points"].split() for one in drawn.iter("{http://www.w3.org/2000/svg}polyline")]
    assert [len(points) for points in curves] == [3, 3]
    names = [one.text for one in drawn.iter("{http://www.w3.org/2000/svg}text") if "class" in one.attrib]
    assert names == ["fgmp, golden model, seed 1", "beside: fgmp, emulation, seed 1"]
    rows = np.loadtxt(tmp_path / "exact" / program.BESIDE_NAME, delimiter=",", skiprows=1)
    assert rows[:, 0].tolist() == [1, 2, 3]
    assert np.abs(rows[:, 1] - rows[:, 2]).max() < 0.05
    assert Record.read(tmp_path / "exact").losses == rows[:, 1].tolist()
    shares = [Record.read(tmp_path / name).shares[0] for name in ("emulated", "exact")]
    assert shares[0]["W"] == shares[1]["W"]  # the same weights, encoded by PyTorch and by the golden model


@pytest.mark.parametrize("masters", ["fp32", "fp16"])
def test_masters(tmp_path: Path, masters: str) -> None:
    """FP16 masters hold nothing that FP16 does not; what batch norm learns stays FP32 in both."""
    train(tmp_path, "--masters", masters, "--iterations", "3")
    weights = load(tmp_path)["model"]
    assert isinstance(weights, dict)
    half = {name: bool((value == round_to_half(value)).all()) for name, value in weights.items()}
    products = [name for name, value in weights.items() if value.ndim > 1]
    assert len(products) == 21
    assert {half[name] for name in products} == {masters == "fp16"}
    assert not half["stem_norm.weight"]


# --- Loss scaling ----------------------------------------------------------------------------------


def test_unscaling_finds_what_is_not_finite() -> None:
    scale = LossScale(1024.0, dynamic=False)
    gradients = [torch.full((3,), 2048.0), torch.tensor([65504.0])]
    assert scale.unscale(gradients)
    assert [gradient.tolist() for gradient in gradients] == [[2.0] * 3, [65504 / 1024]]
    for wrong in (torch.inf, -torch.inf, torch.nan):
        assert not scale.unscale([torch.ones(3), torch.tensor([1.0, wrong])])
    assert scale == LossScale(1024.0, dynamic=False)
    scale.update(finite=False)
    assert scale.value == 1024


def test_dynamic_scale_falls_and_rises() -> None:
    scale = LossScale(1024.0, dynamic=True)
    for finite in (True, False, False):
        scale.update(finite)
    assert (scale.value, scale.good) == (256, 0)
    for _ in range(200):
        assert scale.value == 256
        scale.update(finite=True)
    assert (scale.value, scale.good) == (512, 0)


def test_overflow_changes_no_weight_and_the_dynamic_scale_recovers(tmp_path: Path) -> None:
    state = small_state(tmp_path, "--loss-scale", "dynamic")
    state.scale.value = 2.0**24
    before = {name: value.clone() for name, value in state.model.named_parameters()}
    images, labels = images_and_labels(8, 8)
    iterate(state, images, labels, 0.1, half_masters=False)
    assert state.record.skipped == [1]
    for name, value in state.model.named_parameters():
        assert torch.equal(value, before[name])
    while state.record.skipped[-1] == state.record.done:
        iterate(state, images, labels, 0.1, half_masters=False)
    assert state.scale.value == 2.0 ** (24 - len(state.record.skipped))
    assert not torch.equal(state.model.stem.weight, before["stem.weight"])


def small_state(out: Path, *words: str) -> State:
    options = cli.parse_options(["--out", str(out), *SMALL, *words])
    dataset = load_dataset(options.dataset, options.image_size)
    return make_state(options, dataset, dataset.train)


# --- Mistakes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--loss-scale", "1e30"], "the gradients of 50 iterations in a row, up to iteration 50, are not"),
        (["--learning-rate", "1e18"], "training: the loss is "),
        (["--mode", "fp32", "--exact"], "--exact: the hardware does not multiply FP32. Remedy: choose"),
        (["--mode", "fp16", "--policy", "share=0.1"], "--policy share=0.1: mode fp16 has no threshold"),
        (["--policy", "share=2"], "--policy share=2: threshold policy 'share': target is '2'"),
        (["--policy", "fixed=17"], "--policy fixed=17: threshold exponent e_thr is 17"),
        (["--policy", "fixed"], "--policy fixed: invalid literal"),
        (["--policy", "random=1"], "--policy random=1: unknown threshold policy 'random'. Remedy: write"),
        (["--batch", "41"], "--batch: is 41, there are 40 training images"),
        (["--beside", "nowhere"], "nowhere/run.json: cannot be read (No such file or directory)"),
        (["--model", "none"], "--model none: is not a known model"),
        (["--model", "x.y:z", "--width", "8"], "--width 8: only resnet18 has a width to choose"),
    ],
)
def test_mistakes(tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str) -> None:
    assert cli.main(["--out", str(tmp_path), *small(words), "--iterations", "60", *words]) == 1
    assert f"error: {message}" in capsys.readouterr().err.replace("training: the gradients", "the gradients")


def test_a_checkpoint_of_another_run_is_not_touched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(tmp_path, "--iterations", "1", "--mode", "fp16")
    before = (tmp_path / checkpoint.NAME).read_bytes()
    assert cli.main(["--out", str(tmp_path), *SMALL, "--iterations", "1", "--seed", "3"]) == 1
    error = capsys.readouterr().err
    assert "checkpoint.pt: is of another run (mode fp16, seed 1). Remedy: name another --out" in error
    assert (tmp_path / checkpoint.NAME).read_bytes() == before
    result = train(tmp_path, "--iterations", "1", "--seed", "3", "--fresh")
    assert result.recipe["seed"] == 3


def damage_checkpoint(path: Path, damage: str) -> None:
    """Cut or overwrite a checkpoint, or take one of its parts away."""
    if damage in ("cut", "empty", "text"):
        whole = path.read_bytes()
        path.write_bytes({"cut": whole[: len(whole) // 2], "empty": b"", "text": b"no checkpoint"}[damage])
        return
    content = load(path.parent)
    if damage == "emptied":
        content = {}
    elif damage == "no weight":
        weights = content["model"]
        assert isinstance(weights, dict)
        del weights["stem.weight"]
    elif damage == "foreign layer":
        content["previous"] = {"none": {}}
    else:
        del content[damage]
    torch.save(content, path)


@pytest.mark.parametrize(
    ("damage", "cause"),
    [
        ("cut", ""),
        ("empty", ""),
        ("text", ""),
        ("emptied", "it has no 'record'"),
        ("scale", "it has no 'scale'"),
        ("random", "it has no 'random'"),
        ("no weight", "Error(s) in loading state_dict for ResNet18)"),
        ("foreign layer", "it has no 'none'"),
    ],
)
def test_a_damaged_checkpoint_is_named(
    whole_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: str, cause: str
) -> None:
    shutil.copytree(whole_run, tmp_path, dirs_exist_ok=True)
    damage_checkpoint(tmp_path / checkpoint.NAME, damage)
    assert cli.main(["--out", str(tmp_path), *SMALL, "--iterations", "1"]) == 1
    error = capsys.readouterr().err
    assert f"checkpoint.pt: cannot be read ({cause}" in error
    assert "Remedy: begin anew with --fresh" in error


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    train(folder, "--iterations", "1")
    return folder


def test_a_folder_in_the_checkpoints_place_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / checkpoint.NAME).mkdir()
    assert cli.main(["--out", str(tmp_path), *SMALL, "--iterations", "1", "--fresh"]) == 1
    assert "checkpoint.pt: cannot be deleted (" in capsys.readouterr().err


def test_a_run_beside_that_has_no_loss_is_refused_before_the_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    diverged = {"iteration": 1, "reason": "the loss is nan in iteration 1"}
    (tmp_path / record.NAME).write_text(Record({}, 3, "none", 1, diverged=diverged).to_json())
    out = tmp_path / "out"
    assert cli.main(["--out", str(out), *SMALL, "--iterations", "1", "--beside", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert "the run there has no loss to set beside (it diverged in iteration 1). Remedy: name a run" in error
    assert not out.exists()


def test_other_images_are_another_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images = write_image_folder(tmp_path / "images", np.random.default_rng(1))
    words = ["--out", str(tmp_path / "out"), "--dataset", "images", str(images), *SMALL[:4], *SMALL[6:]]
    words += ["--mode", "fp32", "--iterations", "2"]
    assert cli.main([*words, "--stop-after", "1"]) == 0
    first, second = sorted((images / "red").iterdir())[:2]
    first.write_bytes(second.read_bytes())
    assert cli.main(words) == 1
    assert "checkpoint.pt: is of another run (other images)" in capsys.readouterr().err


def test_the_record_says_the_learning_rate_in_force(tmp_path: Path) -> None:
    """Else two runs with another default, which is no option, would pass for one recipe."""
    assert [
        cli.parse_options([*words, "--out", str(tmp_path)]).recipe["learning_rate"]
        for words in ([], ["--optimizer", "adam"], ["--learning-rate", "0.5"])
    ] == [0.05, 0.002, 0.5]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("in the way")
    assert cli.main(["--out", str(tmp_path / "file" / "run"), *SMALL, "--iterations", "1"]) == 1
    assert "run: cannot be written to (" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "[]", '{"schema": 2}', '{"schema": 1}', '{"schema": 1, "x": 2}'])
def test_a_damaged_record_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / record.NAME).write_text(text)
    with pytest.raises(CaptureError, match=r"run\.json: is no record of a training run"):
        Record.read(tmp_path)


def test_record_is_json(tmp_path: Path) -> None:
    """Other programs read it: no NaN, and each field of the class."""
    result = train(tmp_path, "--iterations", "2")
    values = json.loads((tmp_path / record.NAME).read_text(), parse_constant=pytest.fail)
    assert values.pop("schema") == record.SCHEMA
    assert values == vars(result)


def test_policies() -> None:
    assert parse_policy("share=0.2") == parse_policy("share=0.2")
    assert codings("fp32", None) is None
    assert codings("fp16", None) is None
    hybrid = codings("fp8-hybrid", None)
    assert hybrid is not None
    assert [(coding.fmt.name, coding.saturate) for coding in hybrid.values()] == [
        ("E4M3", True),
        ("E4M3", True),
        ("E5M2", True),
    ]


def test_each_layer_of_the_network_is_computed(tmp_path: Path) -> None:
    """None of the 21 is left to PyTorch, and no other module is touched."""
    state = small_state(tmp_path)
    replaced = [name for name, module in state.model.named_modules() if "forward" in vars(module)]
    expected = [
        name for name, module in state.model.named_modules() if isinstance(module, nn.Conv2d | nn.Linear)
    ]
    assert replaced == expected == list(state.layers)
    assert len(replaced) == 21


def test_speed_of_each_kind_of_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--out", str(tmp_path), *SMALL, "--speed", "--policy", "fixed=2"]) == 0
    seconds = json.loads((tmp_path / speed.NAME).read_text())
    assert list(seconds) == ["fp32", "fp16", "fgmp", "exact"]
    assert min(seconds.values()) > 0
    assert " 1.00 times fp32" in capsys.readouterr().out
    assert not (tmp_path / checkpoint.NAME).exists()
