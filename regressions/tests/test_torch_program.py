"""Networks, training and the whole capture program: twice the same, and one message for each mistake."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from regressions.capture import cli, program
from regressions.capture.datasets import Split, load_dataset
from regressions.capture.errors import CaptureError
from regressions.capture.hooks import record_iteration
from regressions.capture.models import build_model
from regressions.capture.training import Recipe, accuracy, epoch_batches, make_deterministic, train
from regressions.tests.foreign_models import Plain, images_and_labels
from regressions.tests.image_files import write_image_folder
from regressions.traces import Trace

MODELS = "regressions.tests.foreign_models"
TINY = ["--image-size", "8", "--train-images", "24", "--batch", "8", "--epochs", "1", "--threads", "1"]


@pytest.fixture(autouse=True)
def torch_seed(seed: int) -> None:
    make_deterministic(seed, threads=1)


@pytest.fixture
def folder(tmp_path: Path, rng: np.random.Generator) -> Path:
    return write_image_folder(tmp_path / "images", rng)


# --- Networks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "stem", "edge"), [(32, (3, 1, 1), 32), (64, (3, 1, 1), 64), (224, (7, 2, 3), 56)]
)
def test_resnet18_by_image_size(size: int, stem: tuple[int, int, int], edge: int) -> None:
    """The 21 layers; torchvision's ResNet-18 has 11,157,504 weights between stem and last layer."""
    model = build_model("resnet18", 10, size)
    recordings, _, _ = record_iteration(model, *images_and_labels(2, size), loss_scale=1024)
    assert len(recordings) == 21
    geometries = {name: recording.geometry for name, recording in recordings.items()}
    first = geometries["stem"]
    assert (first.kernel, first.stride, first.padding) == stem
    edges = [geometries[f"layer{stage}.1.conv2"].out_height for stage in (1, 2, 3, 4)]
    assert edges == [edge, edge // 2, edge // 4, edge // 8]
    weights = sum(recording.w.size for recording in recordings.values())
    assert weights == 11_157_504 + 3 * 64 * stem[0] ** 2 + 5120


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("resnet50", "--model resnet50: is not a known model. Remedy: name 'resnet18'"),
        ("none.such:thing", "--model none.such:thing: cannot import 'none.such'"),
        (f"{MODELS}:nothing", "has no callable 'nothing'"),
        (f"{MODELS}:MODELS", "has no callable 'MODELS'"),
        (f"{MODELS}:no_module", "returned int, not an nn.Module"),
        (f"{MODELS}:broken", "calling it with num_classes=10 failed (ArithmeticError: no luck)"),
    ],
)
def test_wrong_model(spec: str, words: str) -> None:
    with pytest.raises(CaptureError) as caught:
        build_model(spec, 10, 32)
    assert words in str(caught.value)


def test_model_of_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_network.py").write_text(
        "from torch import nn\n\ndef make(num_classes):\n    return nn.Linear(4, num_classes).double()\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    model = build_model("my_network:make", 7, 32)
    assert isinstance(model, nn.Linear)
    assert model.out_features == 7
    assert model.weight.dtype == torch.float32


# --- Training ---------------------------------------------------------------------------------------


def colours(count: int) -> Split:
    """Images of one colour each, whose class is the colour."""
    labels = np.arange(count) % 3
    planes = np.zeros((count, 3, 8, 8), dtype=np.float32)
    planes[np.arange(count), labels] = 1
    return Split(planes, labels, np.zeros(3, np.float32), np.ones(3, np.float32), 8)


def test_training_learns(capsys: pytest.CaptureFixture[str]) -> None:
    model = Plain(3)
    train(model, colours(60), Recipe(epochs=6, batch=6, learning_rate=0.05, seed=1))
    assert accuracy(model, colours(70)) == 1.0
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1].startswith("epoch 6/6  iteration 10/10  loss ")
    assert lines[-1].endswith("100%, 0:00 left")


def test_diverging_training_is_an_error() -> None:
    with pytest.raises(CaptureError, match=r"training: the loss is (nan|inf) in epoch .* below 1e\+18"):
        train(Plain(3), colours(60), Recipe(epochs=20, batch=6, learning_rate=1e18, seed=1))


def test_order_of_images() -> None:
    orders = [
        np.concatenate(list(epoch_batches(50, 8, seed, epoch))) for seed, epoch in ((1, 1), (1, 2), (2, 1))
    ]
    for order in orders:
        assert len(order) == len(set(order.tolist())) == 48  # six whole batches, no image twice
    assert not np.array_equal(orders[0], orders[1])
    assert not np.array_equal(orders[0], orders[2])
    np.testing.assert_array_equal(orders[0], np.concatenate(list(epoch_batches(50, 8, 1, 1))))


# --- The whole program ------------------------------------------------------------------------------


def run_program(out: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Start the program as a user does, in a process of its own."""
    command = [sys.executable, "-m", "regressions.capture", "--out", str(out), *arguments]
    environment = {**os.environ, "PYTHONHASHSEED": "random"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        result = run_program(tmp_path / name, *TINY, "--min-accuracy", "0", "--seed", seed)
        assert result.returncode == 0, result.stderr
        assert "iteration 3/3" in result.stderr
        assert "captured 21 layers" in result.stdout
    for name in (program.FULL_NAME, program.SAMPLE_NAME):
        assert digest(tmp_path / "a" / name) == digest(tmp_path / "b" / name)
        assert digest(tmp_path / "a" / name) != digest(tmp_path / "c" / name)

    full = Trace.open(tmp_path / "a" / program.FULL_NAME)
    sample = Trace.open(tmp_path / "a" / program.SAMPLE_NAME)
    assert full.run == sample.run
    assert (full.run.dataset, full.run.image_size, full.run.batch, full.run.epoch) == ("digits", 8, 8, 2)
    assert full.layers == sample.layers
    for name in full.layers:
        assert full.load(name).w is not None
        images = sample.geometry(name).batch
        np.testing.assert_array_equal(sample.load(name).x, full.load(name).x[:images])


def test_the_recorded_batch_changes_nothing_of_the_training(tmp_path: Path) -> None:
    traces = []
    for name, words in (("as trained", []), ("smaller", ["--record-batch", "2"])):
        assert cli.main(["--out", str(tmp_path / name), *TINY, "--min-accuracy", "0", *words]) == 0
        traces.append(Trace.open(tmp_path / name / program.FULL_NAME))
    plain, smaller = traces
    assert (plain.run.batch, smaller.run.batch) == (8, 2)
    assert plain.run.accuracy == smaller.run.accuracy
    for name in plain.layers:
        assert smaller.geometry(name).batch == 2
        np.testing.assert_array_equal(plain.load(name).w, smaller.load(name).w)
    first = plain.layers[0]
    np.testing.assert_array_equal(smaller.load(first).x, plain.load(first).x[:2])


def test_low_accuracy_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--out", str(tmp_path), *TINY]) == 1
    error = capsys.readouterr().err
    assert "error: training: test accuracy is 0." in error
    assert "must be at least 0.95. Remedy: train for more --epochs" in error
    assert not list(tmp_path.iterdir())


def test_user_model_on_an_image_folder(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--dataset", "images", str(folder), "--image-size", "8", "--batch", "4", "--epochs", "1"]
    arguments += ["--out", str(tmp_path / "out"), "--threads", "1"]
    assert cli.main([*arguments, "--model", f"{MODELS}:plain"]) == 0
    trace = Trace.open(tmp_path / "out" / program.FULL_NAME)
    assert trace.layers == ("first", "second", "last")
    assert trace.run.model == f"{MODELS}:plain"
    assert trace.run.classes == 2

    capsys.readouterr()
    assert cli.main([*arguments, "--model", f"{MODELS}:grouped"]) == 1
    assert "error: layer extra: groups is 3, the hardware takes 1" in capsys.readouterr().err
    assert cli.main([*arguments, "--model", f"{MODELS}:grouped", "--skip-unsupported"]) == 0
    assert "skipped: layer extra: groups is 3" in capsys.readouterr().out
    assert Trace.open(tmp_path / "out" / program.FULL_NAME).layers == (
        "plain.first",
        "plain.second",
        "plain.last",
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model", f"{MODELS}:two_outputs"], "does not return one tensor [batch, classes]"),
        (["--model", f"{MODELS}:plain", "--image-size", "16"], "an iteration on 8x3x16x16 images failed"),
        (["--batch", "25"], "--batch: is 25, there are 24 training images"),
        (["--record-batch", "25"], "--record-batch: is 25, there are 24 training images"),
    ],
)
def test_wrong_combinations_show_before_training(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["--out", str(tmp_path / "out"), *TINY, *arguments]) == 1
    captured = capsys.readouterr()
    assert words in captured.err
    assert "Remedy: " in captured.err
    assert "epoch" not in captured.err
    assert not (tmp_path / "out").exists()


def test_trial_changes_nothing_of_the_training(tmp_path: Path) -> None:
    """A network with dropout draws random numbers in the trial; the training after it must not see that."""
    dataset = load_dataset(["digits"], 8)
    options = cli.parse_options(["--out", str(tmp_path), *TINY])
    model = nn.Sequential(nn.Flatten(), nn.Dropout(), nn.Linear(192, 10), nn.BatchNorm1d(10))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.random.get_rng_state()
    program._trial(model, dataset.train, options)
    assert torch.equal(torch.random.get_rng_state(), state)
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])


def test_list_of_layers_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--out", str(tmp_path / "out"), *TINY, "--list-layers"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum("kernel" in line for line in lines) == 21
    assert not (tmp_path / "out").exists()


def test_full_disk_shows_before_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Usage:
        free = 1_000_000

    monkeypatch.setattr("shutil.disk_usage", lambda path: Usage)
    assert cli.main(["--out", str(tmp_path / "out"), *TINY]) == 1
    captured = capsys.readouterr()
    assert "has 1,000,000 bytes free, the trace needs" in captured.err
    assert "epoch" not in captured.err


def test_disk_that_fills_up_while_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("regressions.traces.writer.save_file", fail)
    assert cli.main(["--out", str(tmp_path / "out"), *TINY, "--min-accuracy", "0"]) == 1
    assert "full.safetensors: file: cannot be written ([Errno 28] No space left" in capsys.readouterr().err


def test_out_that_is_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out").touch()
    assert cli.main(["--out", str(tmp_path / "out"), *TINY]) == 1
    assert "cannot be made (File exists). Remedy: name another folder" in capsys.readouterr().err
