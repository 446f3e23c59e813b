"""What of the capture program needs no PyTorch: its options, CIFAR-10's files, resizing, and its messages."""

from __future__ import annotations

import importlib.util
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from regressions.capture import cli
from regressions.capture.datasets import cifar10, data_digest, load_dataset
from regressions.capture.datasets.digits import colour
from regressions.capture.datasets.images import (
    channel_statistics,
    make_dataset,
    resize,
    resize_matrix,
    split_every_fifth,
)
from regressions.capture.errors import CaptureError
from regressions.capture.progress import Progress, duration


def cifar_records(rng: np.random.Generator, count: int) -> NDArray[np.uint8]:
    """Records of CIFAR-10's binary version with random pixels; labels 0 to 9 in turn."""
    records = rng.integers(0, 256, (count, cifar10.RECORD), dtype=np.uint8)
    records[:, 0] = np.arange(count) % 10
    return records


@pytest.fixture
def cifar(tmp_path: Path, rng: np.random.Generator) -> Path:
    """Folder with small files of CIFAR-10's names."""
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    for number in range(1, 6):
        cifar_records(rng, 10 + number).tofile(folder / f"data_batch_{number}.bin")
    cifar_records(rng, 20).tofile(folder / "test_batch.bin")
    return folder


# --- CIFAR-10 ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("below", [False, True])
def test_cifar_files(cifar: Path, below: bool) -> None:
    dataset = load_dataset(["cifar10", str(cifar.parent if below else cifar)])
    assert dataset.name == "cifar10"
    assert dataset.classes[3] == "cat"
    assert (len(dataset.train), len(dataset.test)) == (11 + 12 + 13 + 14 + 15, 20)
    assert dataset.image_size == 32

    second = np.fromfile(cifar / "data_batch_2.bin", dtype=np.uint8).reshape(-1, 3073)
    images, labels = dataset.train.batch(np.array([11 + 4]))
    assert labels.tolist() == [4]
    assert images.dtype == np.float32
    # Red, green and blue planes follow the label, row by row.
    restored = images[0] * dataset.train.deviation[:, None, None] + dataset.train.mean[:, None, None]
    np.testing.assert_allclose(restored, second[4, 1:].reshape(3, 32, 32), atol=1e-3)


def test_cifar_is_normalised_by_the_training_images(cifar: Path) -> None:
    dataset = load_dataset(["cifar10", str(cifar)])
    images, _ = dataset.train.batch(np.arange(len(dataset.train)))
    np.testing.assert_allclose(images.mean(axis=(0, 2, 3)), 0, atol=1e-4)
    np.testing.assert_allclose(images.std(axis=(0, 2, 3)), 1, atol=1e-4)
    np.testing.assert_array_equal(dataset.test.mean, dataset.train.mean)


def test_cifar_at_another_size(cifar: Path) -> None:
    images, _ = load_dataset(["cifar10", str(cifar)], image_size=48).test.batch(np.arange(2))
    assert images.shape == (2, 3, 48, 48)


def test_incomplete_cifar_is_noted(cifar: Path) -> None:
    (cifar / "data_batch_3.bin").unlink()
    notes = load_dataset(["cifar10", str(cifar)]).notes
    assert f"{cifar} holds 4 of CIFAR-10's 5 training files" in notes
    assert f"{cifar / 'test_batch.bin'} holds 20 of CIFAR-10's 10000 records" in notes


def refuse(spec: list[str], *words: str) -> None:
    with pytest.raises(CaptureError) as caught:
        load_dataset(spec)
    for word in (*words, "Remedy: "):
        assert word in str(caught.value), str(caught.value)


def test_truncated_cifar_file(cifar: Path) -> None:
    path = cifar / "data_batch_4.bin"
    path.write_bytes(path.read_bytes()[:-1])
    refuse(["cifar10", str(cifar)], str(path), f"size is {14 * 3073 - 1} bytes", "truncated")


def test_empty_cifar_file(cifar: Path) -> None:
    (cifar / "test_batch.bin").write_bytes(b"")
    refuse(["cifar10", str(cifar)], "test_batch.bin", "size is 0 bytes")


def test_foreign_cifar_file(cifar: Path) -> None:
    path = cifar / "data_batch_1.bin"
    data = bytearray(path.read_bytes())
    data[2 * 3073] = 77
    path.write_bytes(data)
    refuse(["cifar10", str(cifar)], str(path), "label of record 2 is 77, must lie in 0..9")


def test_folder_without_cifar(tmp_path: Path) -> None:
    missing = "has no data_batch_1.bin to data_batch_5.bin and no test_batch.bin"
    refuse(["cifar10", str(tmp_path)], str(tmp_path), missing, "cifar-10-batches-bin")
    (tmp_path / "data_batch_1").touch()
    refuse(["cifar10", str(tmp_path)], "has no test_batch.", "cifar-10-batches-py")


def test_no_folder(tmp_path: Path) -> None:
    refuse(["cifar10", str(tmp_path / "none")], "none: is not a folder")


def test_cifar_without_test_file(cifar: Path) -> None:
    (cifar / "test_batch.bin").unlink()
    refuse(["cifar10", str(cifar)], "has no test_batch.bin")


class Raw(bytes):
    """Opcodes of a pickle, as they are."""


def pickled(value: object) -> bytes:
    """Write as Python 2 did in protocol 2: strings are byte strings, arrays name numpy's old core."""
    if isinstance(value, Raw):
        return value
    if isinstance(value, bytes):
        short = len(value) < 256
        return (
            b"U" + struct.pack("<B", len(value)) if short else b"T" + struct.pack("<i", len(value))
        ) + value
    if isinstance(value, int):
        return b"J" + struct.pack("<i", value)
    if isinstance(value, list):
        return b"](" + b"".join(map(pickled, value)) + b"e"
    if isinstance(value, tuple):
        return b"(" + b"".join(map(pickled, value)) + b"t"
    if isinstance(value, dict):
        return b"}(" + b"".join(pickled(one) for pair in value.items() for one in pair) + b"u"
    assert isinstance(value, np.ndarray)
    empty = (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n" + pickled((0,)) + pickled(b"b") + b"tR"
    )
    dtype = b"cnumpy\ndtype\n" + pickled((value.dtype.str[1:].encode(), 0, 1)) + b"R"
    dtype += b"(" + pickled(3) + pickled(b"|") + b"NNN" + pickled(-1) * 2 + pickled(0) + b"tb"
    return empty + pickled((1, value.shape, Raw(dtype), Raw(b"\x89"), value.tobytes())) + b"b"


def python_file(path: Path, content: object) -> None:
    path.write_bytes(b"\x80\x02" + pickled(content) + b".")


def python_batch(records: NDArray[np.uint8]) -> dict[bytes, object]:
    """What a file of the Python version holds of records of the binary version."""
    return {
        b"batch_label": b"training batch 1 of 5",
        b"labels": records[:, 0].tolist(),
        b"data": np.ascontiguousarray(records[:, 1:]),
        b"filenames": [b"a.png"] * len(records),
    }


@pytest.fixture
def cifar_python(cifar: Path) -> Path:
    """The files of `cifar` as those of the Python version, in its own folder beside it."""
    folder = cifar.parent / "python" / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    for path in cifar.iterdir():
        records = np.fromfile(path, dtype=np.uint8).reshape(-1, cifar10.RECORD)
        python_file(folder / path.stem, python_batch(records))
    (folder / "batches.meta").write_bytes(b"not read")
    return folder


@pytest.mark.parametrize("below", [False, True])
def test_both_versions_of_cifar_are_one_data_set(cifar: Path, cifar_python: Path, below: bool) -> None:
    binary = load_dataset(["cifar10", str(cifar)])
    python = load_dataset(["cifar10", str(cifar_python.parent if below else cifar_python)])
    for one, other in ((binary.train, python.train), (binary.test, python.test)):
        np.testing.assert_array_equal(one.planes, other.planes)
        np.testing.assert_array_equal(one.labels, other.labels)
        assert other.labels.dtype == np.int64
    assert python.classes == binary.classes
    assert f"{cifar_python / 'test_batch'} holds 20 of CIFAR-10's 10000 records" in python.notes


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({b"data": Raw(b"N")}, "field data is missing, must be uint8 [N, 3072]"),
        ({b"data": np.zeros((3, 3072), np.int8)}, "field data is int8 [3, 3072], must be uint8 [N, 3072]"),
        ({b"data": np.zeros((3, 3071), np.uint8)}, "field data is uint8 [3, 3071], must be uint8"),
        ({b"labels": Raw(b"N")}, "field labels is missing, must be a list of whole numbers"),
        ({b"labels": [b"cat"] * 3}, "field labels is a list, must be a list of whole numbers"),
        ({b"labels": [1, 2]}, "field labels has 2 entries for 3 images in data"),
        ({b"labels": [1, 2, 10]}, "label of record 2 is 10, must lie in 0..9"),
        ({b"labels": [1, -5, 9]}, "label of record 1 is -1, must lie in 0..9"),
    ],
)
def test_damaged_python_version_of_cifar(
    cifar_python: Path, change: dict[bytes, object], words: str, rng: np.random.Generator
) -> None:
    path = cifar_python / "data_batch_3"
    python_file(path, python_batch(cifar_records(rng, 3)) | change)
    refuse(["cifar10", str(cifar_python)], f"{path}: {words}")


def test_a_pickle_may_make_nothing_but_arrays(cifar_python: Path, tmp_path: Path) -> None:
    """What a pickle of another kind would run is not run."""
    path, trap = cifar_python / "test_batch", tmp_path / "run"
    whole = path.read_bytes()
    for content, words in (
        (b"cos\nmkdir\n" + pickled((str(trap).encode(),)) + b"R", "names os.mkdir"),
        (b"cnumpy\nfromfile\n" + pickled((b"x",)) + b"R", "names numpy.fromfile"),
        (b"c__builtin__\neval\n" + pickled((b"1",)) + b"R", "names __builtin__.eval"),
        (pickled([1]), "holds a list, not a dictionary"),
    ):
        path.write_bytes(b"\x80\x02" + content + b".")
        refuse(["cifar10", str(cifar_python)], str(path), words)
    assert not trap.exists()
    for cut in (0, 1, 40, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        refuse(["cifar10", str(cifar_python)], str(path), "is no file of CIFAR-10's Python version (")


def test_digest_is_that_of_the_files(cifar: Path, cifar_python: Path, tmp_path: Path) -> None:
    """Of what decides images and labels alone: not of the folder's place, nor of other files."""
    first = data_digest(["cifar10", str(cifar)])
    shutil.copytree(cifar, tmp_path / "copy")
    (tmp_path / "copy" / "readme.html").touch()
    assert data_digest(["cifar10", str(tmp_path / "copy")]) == first
    assert data_digest(["cifar10", str(cifar_python)]) != first
    path = tmp_path / "copy" / "test_batch.bin"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert data_digest(["cifar10", str(tmp_path / "copy")]) != first
    with pytest.raises(CaptureError, match="images: is not a folder"):
        data_digest(["images", str(tmp_path / "images")])
    (tmp_path / "images" / "red").mkdir(parents=True)
    (tmp_path / "images" / "red" / "3.png").write_bytes(b"a picture")
    pictures = data_digest(["images", str(tmp_path / "images")])
    (tmp_path / "images" / "red" / "3.png").rename(tmp_path / "images" / "red" / "33.png")
    assert data_digest(["images", str(tmp_path / "images")]) != pictures


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (
            ["mnist"],
            "--dataset mnist: is not a known data set. Remedy: choose one of digits, cifar10, images",
        ),
        (["cifar10"], "--dataset cifar10: cifar10 takes one folder, got 0"),
        (["images", "a", "b"], "--dataset images a b: images takes one folder, got 2"),
        (["digits", "a"], "--dataset digits a: digits takes no folder"),
    ],
)
def test_wrong_dataset_words(spec: list[str], words: str) -> None:
    refuse(spec, words)


# --- Images in memory -------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "new_size"), [(8, 32), (32, 8), (5, 7), (7, 5), (1, 4), (4, 1)])
def test_resizing_keeps_constants_and_symmetry(size: int, new_size: int) -> None:
    matrix = resize_matrix(size, new_size)
    assert matrix.shape == (new_size, size)
    assert matrix.min() >= 0
    np.testing.assert_allclose(matrix.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(matrix[::-1, ::-1], matrix, atol=1e-6)
    assert np.all(matrix.sum(axis=0) > 0)  # no pixel is lost


def test_resizing_by_hand() -> None:
    """Doubling a row of two pixels: the edges repeat, a quarter and three quarters between."""
    planes = np.array([[[[0.0, 4.0]]]], dtype=np.float32)
    np.testing.assert_allclose(resize(planes, 4)[0, 0], [[0, 1, 3, 4]] * 4)


def test_resizing_to_the_same_size_changes_nothing(rng: np.random.Generator) -> None:
    planes = rng.random((2, 3, 6, 6)).astype(np.float32)
    np.testing.assert_array_equal(resize(planes, 6), planes)


def test_rows_and_columns_are_not_exchanged() -> None:
    planes = np.zeros((1, 1, 2, 4), dtype=np.float32)
    planes[..., 0, :] = 1
    resized = resize(planes, 8)[0, 0]
    np.testing.assert_array_equal(resized[0], np.ones(8))
    np.testing.assert_array_equal(resized[-1], np.zeros(8))


def test_colour_channels_differ() -> None:
    ramp = np.tile(np.arange(8, dtype=np.float32), (1, 8, 1))  # grows to the right
    image = colour(ramp)
    assert image.shape == (1, 3, 8, 8)
    np.testing.assert_array_equal(image[0, 0], ramp[0])
    np.testing.assert_array_equal(image[0, 1], np.zeros((8, 8)))
    np.testing.assert_array_equal(image[0, 2], np.ones((8, 8)))


def test_channel_statistics(rng: np.random.Generator) -> None:
    planes = rng.integers(0, 256, (9, 3, 5, 4), dtype=np.uint8)
    planes[:, 2] = 7
    mean, deviation = channel_statistics(planes)
    np.testing.assert_allclose(mean, planes.mean(axis=(0, 2, 3)), rtol=1e-6)
    np.testing.assert_allclose(deviation[:2], planes[:, :2].std(axis=(0, 2, 3)), rtol=1e-5)
    assert deviation[2] == 1


def test_every_fifth_of_each_class_is_for_testing() -> None:
    labels = np.array([0] * 10 + [1] * 4 + [0] * 5)
    train, test = split_every_fifth(labels)
    assert test.tolist() == [4, 9, 18]
    assert sorted([*train, *test]) == list(range(19))


def test_dataset_without_test_images(rng: np.random.Generator) -> None:
    planes = np.zeros((4, 3, 2, 2), dtype=np.uint8)
    labels = np.zeros(4, dtype=np.int64)
    with pytest.raises(CaptureError, match="data set few: has no test images"):
        make_dataset("few", ["a"], 2, (planes, labels), (planes[:0], labels[:0]))


def test_limited_split_is_a_random_part(cifar: Path) -> None:
    train = load_dataset(["cifar10", str(cifar)]).train
    part = train.limited(20, seed=3)
    assert len(part) == len(part.planes) == 20
    np.testing.assert_array_equal(part.planes, train.limited(20, seed=3).planes)
    assert not np.array_equal(part.planes, train.limited(20, seed=4).planes)
    whole = {image.tobytes() for image in train.planes}
    assert len({image.tobytes() for image in part.planes} & whole) == 20
    assert len(train.limited(1000, seed=3)) == len(train)


# --- Command line -----------------------------------------------------------------------------------


def test_without_pytorch_one_message_and_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert cli.main(["--out", str(tmp_path / "out")]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: capture: PyTorch is not installed")
    assert "Remedy: run `nox -s capture`" in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_traces_and_help_do_without_pytorch() -> None:
    """Only the capture itself may import PyTorch, scikit-learn or Pillow."""
    script = (
        "import sys\n"
        "for name in ('torch', 'sklearn', 'PIL'):\n"
        "    sys.modules[name] = None\n"
        "import regressions.traces, regressions.capture.datasets\n"
        "from regressions.capture.cli import main\n"
        "main(['--help'])\n"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "--skip-unsupported" in result.stdout


@pytest.mark.parametrize("package", ["sklearn", "PIL"])
def test_missing_package_of_a_dataset(package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    spec, name = {
        "sklearn": (["digits"], "scikit-learn"),
        "PIL": (["images", str(tmp_path)], "Pillow"),
    }[package]
    refuse(spec, f"{name} is not installed", "nox -s capture")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--out"], "--out: expected one argument"),
        (["--out", "o", "--batch", "0"], "0 is not a positive whole number"),
        (["--out", "o", "--epochs", "few"], "few is not a positive whole number"),
        (["--out", "o", "--min-accuracy", "95"], "95 does not lie in 0..1"),
        (["--out", "o", "--loss-scale", "-1"], "-1 is not positive and finite"),
        (["--out", "o", "--learning-rate", "nan"], "nan is not positive and finite"),
        (["--out", "o", "--seed", "-1"], "-1 is not a whole number in 0..2^63-1"),
    ],
)
def test_wrong_options(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert words in capsys.readouterr().err


def test_accuracy_floor_depends_on_the_data_set() -> None:
    def floor(*words: str) -> float:
        return cli.parse_options(["--out", "o", *words]).accuracy_floor

    assert floor() == 0.95
    assert floor("--dataset", "cifar10", "folder") == 0
    assert floor("--dataset", "cifar10", "folder", "--min-accuracy", "0.9") == 0.9
    assert floor("--min-accuracy", "0") == 0


# --- Progress ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (125, "2:05"), (3725, "1:02:05")])
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_progress_in_a_log(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    clock = iter([0.0, 10.0, 11.0, 20.0, 20.1])
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    progress = Progress(4)
    for done in range(1, 5):
        progress.show(done, f"part {done}")
    progress.close()
    assert capsys.readouterr().err.splitlines() == [
        "part 1   25%, 0:30 left",
        "part 3   75%, 0:07 left",
        "part 4  100%, 0:00 left",
    ]
