"""Capture with PyTorch: what is recorded, from which layers, twice the same, and its messages."""

# mypy: allow-subclassing-any

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from golden.geometry import ConvGeometry, Step
from regressions.capture import cli, program
from regressions.capture.datasets import Split, load_dataset
from regressions.capture.errors import CaptureError
from regressions.capture.hooks import record_iteration, to_half_bits
from regressions.capture.models import build_model
from regressions.capture.training import Recipe, accuracy, epoch_batches, make_deterministic, train
from regressions.tests.foreign_models import Around, Plain
from regressions.traces import Trace

MODELS = "regressions.tests.foreign_models"
TINY = ["--image-size", "8", "--train-images", "24", "--batch", "8", "--epochs", "1", "--threads", "1"]


@pytest.fixture(autouse=True)
def torch_seed(seed: int) -> None:
    make_deterministic(seed, threads=1)


def images_and_labels(count: int = 4, size: int = 8) -> tuple[Tensor, Tensor]:
    return torch.randn(count, 3, size, size), torch.randint(10, (count,))


def half(tensor: Tensor) -> NDArray[np.uint16]:
    """Convert by PyTorch's own rounding."""
    bits: NDArray[np.uint16] = tensor.detach().to(torch.float16).view(torch.int16).numpy().view(np.uint16)
    return bits


# --- What is recorded -------------------------------------------------------------------------------


def test_rounding_to_half() -> None:
    """Ties to even, subnormals, and overflow to infinity, which is counted; NaN and infinity are not."""
    values = [1 + 2**-11, 1 + 3 * 2**-11, 2**-25, 3 * 2**-25, 65519.0, 65520.0, -1e9, np.inf, np.nan, -0.0]
    bits, overflows = to_half_bits(torch.tensor(values, dtype=torch.float32))
    expected = [0x3C00, 0x3C02, 0x0000, 0x0002, 0x7BFF, 0x7C00, 0xFC00, 0x7C00, 0x7E00, 0x8000]
    assert bits.tolist() == expected
    assert overflows == 2


def test_random_values_round_as_in_torch() -> None:
    values = torch.randn(100_000) * torch.exp2(torch.randint(-26, 17, (100_000,)))
    np.testing.assert_array_equal(to_half_bits(values)[0], half(values))


def test_recorded_tensors_are_those_of_autograd() -> None:
    """Gradients taken by hand from retained outputs, with ReLUs that overwrite what the layers returned."""
    model = Plain(10)
    images, labels = images_and_labels()
    recordings, skipped, loss = record_iteration(model, images, labels, loss_scale=1024)
    assert not skipped
    assert list(recordings) == ["first", "second", "last"]

    x0 = images
    y0 = nn.functional.conv2d(x0, model.first.weight, model.first.bias, padding=1)
    x1 = torch.relu(y0)
    y1 = nn.functional.conv2d(x1, model.second.weight, model.second.bias, stride=2, padding=1)
    x2 = torch.relu(y1).flatten(1)
    y2 = nn.functional.linear(x2, model.last.weight, model.last.bias)
    for output in (y0, y1, y2):
        output.retain_grad()
    reference = nn.functional.cross_entropy(y2, labels, label_smoothing=0.1)
    (reference * 1024).backward()
    assert loss == pytest.approx(reference.item(), rel=1e-6)
    for name, x, y in (("first", x0, y0), ("second", x1, y1), ("last", x2, y2)):
        recording = recordings[name]
        assert recording.delta is not None
        assert y.grad is not None
        np.testing.assert_array_equal(recording.x.reshape(x.shape), half(x))
        np.testing.assert_array_equal(recording.delta.reshape(y.shape), half(y.grad))
        weight = dict(model.named_parameters())[f"{name}.weight"]
        np.testing.assert_array_equal(recording.w.reshape(weight.shape), half(weight))


def test_recorded_geometry_and_steps() -> None:
    recordings, _, _ = record_iteration(Plain(10), *images_and_labels(), loss_scale=1)
    assert [recording.geometry for recording in recordings.values()] == [
        ConvGeometry("first", 4, 3, 8, 8, 6, kernel=3, stride=1, padding=1),
        ConvGeometry("second", 4, 6, 8, 8, 8, kernel=3, stride=2, padding=1),
        ConvGeometry("last", 4, 128, 1, 1, 10, kernel=1, stride=1, padding=0),
    ]
    assert [recording.steps for recording in recordings.values()] == [
        (Step.FP, Step.WG),
        (Step.FP, Step.BP, Step.WG),
        (Step.FP, Step.BP, Step.WG),
    ]


def test_recording_leaves_no_hooks_and_no_gradients() -> None:
    model = Plain(10)
    record_iteration(model, *images_and_labels(), loss_scale=1)
    assert not any(module._forward_hooks for module in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_overflow_is_counted_and_becomes_infinite() -> None:
    recordings, _, _ = record_iteration(Plain(10), *images_and_labels(), loss_scale=1e7)
    recording = recordings["last"]
    assert recording.delta is not None
    infinite = int(np.count_nonzero(recording.delta & 0x7FFF == 0x7C00))
    assert recording.overflows["delta"] == infinite > 0
    assert recording.overflows["x"] == recording.overflows["w"] == 0


# --- Layers outside the contract --------------------------------------------------------------------


class Tokens(nn.Module):
    """A fully connected layer on every pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        mixed: Tensor = self.mix(x)
        return mixed


OUTSIDE: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "groups": (lambda: nn.Conv2d(3, 3, 3, padding=1, groups=3), "layer extra: groups is 3"),
    "dilation": (lambda: nn.Conv2d(3, 3, 3, padding=2, dilation=2), "layer extra: dilation is 2"),
    "kernel": (lambda: nn.Conv2d(3, 3, 9, padding=4), "layer extra: kernel is 9"),
    "not square": (lambda: nn.Conv2d(3, 3, (1, 3), padding=(0, 1)), "layer extra: kernel is 1x3"),
    "stride": (lambda: nn.Conv2d(3, 3, 1, stride=3), "layer extra: stride is 3"),
    "strides": (lambda: nn.Conv2d(3, 3, 1, stride=(1, 2)), "layer extra: stride is 1x2"),
    "paddings": (lambda: nn.Conv2d(3, 3, 3, padding=(0, 1)), "layer extra: padding is 0x1"),
    "padding": (lambda: nn.Conv2d(3, 3, 1, padding=1), "layer extra: padding is 1"),
    "mode": (lambda: nn.Conv2d(3, 3, 3, padding=1, padding_mode="circular"), "layer extra: padding_mode is"),
    "even": (
        lambda: nn.Conv2d(3, 3, 2, padding="same"),
        "layer extra: padding is 'same' with an even kernel",
    ),
    "kind": (lambda: nn.ConvTranspose2d(3, 3, 1), "layer extra: kind is ConvTranspose2d"),
    "rank": (Tokens, "layer extra.mix: input has 4 dimensions, must have 2"),
    "name": (
        lambda: nn.ModuleDict({"a/b": nn.Conv2d(3, 3, 1)}),
        "layer extra.a/b: name holds other characters",
    ),
}


class FirstOf(nn.Module):
    """Calls the only entry of a ModuleDict."""

    def __init__(self, entries: nn.ModuleDict) -> None:
        super().__init__()
        for name, module in entries.items():
            self.add_module(name, module)

    def forward(self, x: Tensor) -> Tensor:
        (module,) = self.children()
        result: Tensor = module(x)
        return result


def network_with(make: Callable[[], nn.Module]) -> nn.Module:
    """Put a layer before a small network, at image sizes that suit both."""

    class Fit(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            extra = make()
            self.extra = FirstOf(extra) if isinstance(extra, nn.ModuleDict) else extra
            self.plain = Plain(10)

        def forward(self, x: Tensor) -> Tensor:
            scores: Tensor = self.plain(nn.functional.interpolate(self.extra(x), size=(8, 8)))
            return scores

    return Fit()


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize("case", OUTSIDE)
def test_layer_outside_the_contract(case: str) -> None:
    make, words = OUTSIDE[case]
    images, labels = images_and_labels()
    with pytest.raises(CaptureError) as caught:
        record_iteration(network_with(make), images, labels, loss_scale=1)
    assert str(caught.value).startswith(words)
    assert "--skip-unsupported" in str(caught.value)

    recordings, skipped, _ = record_iteration(
        network_with(make), images, labels, loss_scale=1, skip_unsupported=True
    )
    assert list(recordings) == ["plain.first", "plain.second", "plain.last"]
    assert len(skipped) == 1
    assert skipped[0].startswith(words)
    assert Step.BP in recordings["plain.first"].steps  # what was left out trains, and needs its error


def test_layer_that_runs_more_than_once() -> None:
    for uses in (2, 3, 4):
        model = Around(nn.Conv2d(3, 3, 1), 10, uses)
        with pytest.raises(CaptureError, match="layer extra: calls is more than 1"):
            record_iteration(model, *images_and_labels(), loss_scale=1)
        recordings, skipped, _ = record_iteration(
            model, *images_and_labels(), loss_scale=1, skip_unsupported=True
        )
        assert "extra" not in recordings
        assert len(skipped) == 1


def test_layer_that_takes_no_part() -> None:
    model = Around(nn.Conv2d(3, 3, 1), 10, uses=0)
    with pytest.raises(CaptureError, match="layer extra: calls is 0"):
        record_iteration(model, *images_and_labels(), loss_scale=1)


def test_layer_that_no_gradient_reaches() -> None:
    model = Around(nn.Conv2d(3, 3, 1), 10)
    for parameter in model.extra.parameters():
        parameter.requires_grad_(False)
    with pytest.raises(CaptureError, match="layer extra: delta is missing"):
        record_iteration(model, *images_and_labels(), loss_scale=1)


def test_network_without_layers() -> None:
    class Bias(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bias = nn.Parameter(torch.zeros(10))

        def forward(self, x: Tensor) -> Tensor:
            return self.bias + x.mean(dim=(1, 2, 3))[:, None]

    with pytest.raises(CaptureError, match="no layer can be captured"):
        record_iteration(Bias(), *images_and_labels(), loss_scale=1)


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


# --- Data sets that need more packages --------------------------------------------------------------


def test_digits() -> None:
    dataset = load_dataset(["digits"])
    assert len(dataset.train) + len(dataset.test) == 1797
    assert dataset.classes == tuple("0123456789")
    images, labels = dataset.train.batch(np.arange(100))
    assert images.shape == (100, 3, 32, 32)
    assert set(labels.tolist()) == set(range(10))
    for channel, other in ((0, 1), (0, 2), (1, 2)):  # three channels, three different pictures
        assert abs(np.corrcoef(images[:, channel].ravel(), images[:, other].ravel())[0, 1]) < 0.5
    train_images = {image.tobytes() for image in dataset.train.planes}
    assert sum(image.tobytes() in train_images for image in dataset.test.planes) == 0


@pytest.fixture
def folder(tmp_path: Path, rng: np.random.Generator) -> Path:
    """Two classes of six PNG images each, of several sizes and modes: reds and blues."""
    for name, channel in (("blue", 2), ("red", 0)):
        (tmp_path / "images" / name).mkdir(parents=True)
        for index in range(6):
            pixels = np.zeros((10 + index, 14, 3), dtype=np.uint8)
            pixels[..., channel] = rng.integers(150, 256, pixels.shape[:2])
            image = Image.fromarray(pixels)
            (image.convert("P") if index == 5 else image).save(tmp_path / "images" / name / f"{index}.png")
    return tmp_path / "images"


def test_image_folder(folder: Path) -> None:
    dataset = load_dataset(["images", str(folder)], image_size=8)
    assert dataset.name == "images"
    assert dataset.classes == ("blue", "red")
    assert (len(dataset.train), len(dataset.test)) == (10, 2)
    assert dataset.train.planes.shape == (10, 3, 8, 8)
    assert dataset.train.labels.tolist() == [0] * 5 + [1] * 5
    means = dataset.train.planes.mean(axis=(2, 3))
    assert means[:5, 2].min() > 100 > means[5:, 2].max()
    assert means[5:, 0].min() > 100 > means[:5, 0].max()


def test_image_folder_default_size(folder: Path) -> None:
    assert load_dataset(["images", str(folder)]).train.batch(np.arange(2))[0].shape == (2, 3, 224, 224)


def test_image_folder_with_its_own_test_images(folder: Path) -> None:
    parts = folder.parent / "parts"
    parts.mkdir()
    folder.rename(parts / "train")
    for name in ("blue", "red"):
        (parts / "val" / name).mkdir(parents=True)
        (parts / "train" / name / "0.png").rename(parts / "val" / name / "0.png")
    dataset = load_dataset(["images", str(parts)], image_size=8)
    assert (len(dataset.train), len(dataset.test)) == (10, 2)
    assert dataset.test.labels.tolist() == [0, 1]


def refuse(path: Path, *words: str) -> None:
    with pytest.raises(CaptureError) as caught:
        load_dataset(["images", str(path)], image_size=8)
    for word in (*words, "Remedy: "):
        assert word in str(caught.value), str(caught.value)


def test_truncated_image(folder: Path) -> None:
    path = folder / "red" / "3.png"
    path.write_bytes(path.read_bytes()[:-40])
    refuse(folder, str(path), "cannot be read as an image")


def test_file_that_is_no_image(folder: Path) -> None:
    (folder / "red" / "9.jpg").write_text("not a picture")
    refuse(folder, str(folder / "red" / "9.jpg"), "cannot be read as an image")


def test_folder_that_has_no_classes(folder: Path) -> None:
    refuse(folder / "red", f"{folder / 'red'}: has 0 class folders", "FOLDER/<class>/<image>")
    refuse(folder / "none", "is not a folder")


def test_class_without_images(folder: Path) -> None:
    (folder / "green").mkdir()
    refuse(folder, str(folder / "green"), "holds no image")


def test_test_folder_of_other_classes(folder: Path) -> None:
    parts = folder.parent / "parts"
    parts.mkdir()
    folder.rename(parts / "train")
    refuse(parts, "has 'train' but none of test, val")
    (parts / "test" / "red").mkdir(parents=True)
    refuse(parts, str(parts / "test"), "has other class folders")


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
