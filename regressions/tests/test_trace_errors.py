"""One clear message for each way in which a trace file can be wrong."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from regressions.tests.small_trace import RUN, Tensors, rewrite
from regressions.traces import LayerTrace, TensorStatistics, Trace, TraceError, write_trace
from regressions.traces.schema import METADATA_KEY
from regressions.traces.validation import checksum


def load_all(path: Path) -> None:
    """Read a trace as far as it can be read."""
    trace = Trace.open(path)
    for name in trace.layers:
        trace.load(name)


def refuse(path: Path, *words: str) -> TraceError:
    """Open and load everything; there must be one error that names the file and the words."""
    with pytest.raises(TraceError) as caught:
        load_all(path)
    text = str(caught.value)
    assert str(path) in text
    assert "Remedy: " in text
    for word in words:
        assert word in text, text
    return caught.value


# --- Files that are no trace ------------------------------------------------------------------------


def test_missing_file(tmp_path: Path) -> None:
    refuse(tmp_path / "none.safetensors", "file: does not exist", "nox -s capture")


def test_folder(tmp_path: Path) -> None:
    refuse(tmp_path, "file: is a folder")


@pytest.mark.parametrize("share", [0.0, 0.001, 0.01, 0.3, 0.9, 0.9999])
def test_truncated_file(sample: Path, share: float) -> None:
    data = sample.read_bytes()
    sample.write_bytes(data[: int(len(data) * share)])
    refuse(sample, "file: is truncated, or no safetensors file")


def test_file_that_is_longer(sample: Path) -> None:
    with sample.open("ab") as file:
        file.write(b"more")
    refuse(sample, "file: is truncated, or no safetensors file")


@pytest.mark.parametrize("content", [b"PK\x03\x04" + bytes(5000), b"name,value\n" * 100], ids=["zip", "csv"])
def test_file_of_another_kind(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "renamed.safetensors"
    path.write_bytes(content)
    refuse(path, "file: is truncated, or no safetensors file")


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}])
def test_foreign_safetensors_file(tmp_path: Path, metadata: dict[str, str] | None) -> None:
    path = tmp_path / "weights.safetensors"
    save_file({"conv1.weight": np.zeros((2, 3), dtype=np.float16)}, path, metadata)
    refuse(path, f"metadata '{METADATA_KEY}': is missing", "not a trace")


def test_metadata_that_is_no_json(tmp_path: Path) -> None:
    path = tmp_path / "t.safetensors"
    save_file({"x": np.zeros(1, dtype=np.float16)}, path, {METADATA_KEY: "{"})
    refuse(path, "is not JSON")


# --- Headers that are wrong -------------------------------------------------------------------------


def first_word(value: object) -> str | None:
    """Name a case by the first thing that its message must say."""
    return str(value[0]) if isinstance(value, list) else ""


Change = Callable[[dict[str, Any]], Any]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda h: h.update(schema="other"), ["schema: is 'other', must be 'lnpu-trace'"]),
        (lambda h: h.update(version=2), ["version: is 2, this program reads 1", "capture it again"]),
        (lambda h: h.update(version="1"), ["version: is '1', must be int"]),
        (lambda h: h.update(kind="half"), ["kind: is 'half'"]),
        (lambda h: h.update(columns=16), ["columns: is 16 in a full trace"]),
        (lambda h: h.update(kind="sample"), ["columns: is None in a sample trace"]),
        (lambda h: h.update(layers=[]), ["layers: is empty"]),
        (lambda h: h.update(layers={}), ["layers: is {}, must be list"]),
        (lambda h: h["layers"].append(h["layers"][0]), ["layers: names 'stem' twice"]),
        (lambda h: h["layers"].append(3), ["layers[3]: is int, must be an object"]),
        (lambda h: h.pop("run"), ["run: is missing"]),
        (lambda h: h["run"].pop("loss_scale"), ["run.loss_scale: is missing"]),
        (lambda h: h["run"].update(accuracy="high"), ["run.accuracy: is 'high', must be int or float"]),
        (lambda h: h["run"].update(seed=True), ["run.seed: is True, must be int"]),
        (lambda h: h["run"].update(iteration=0), ["run.iteration: is 0, must be 1 or more"]),
        (lambda h: h["run"].update(updates=-1), ["run.updates: is -1, must lie in 0..300"]),
        (lambda h: h["run"].update(updates=301), ["run.updates: is 301, must lie in 0..300"]),
        (lambda h: h["run"].update(updates="9"), ["run.updates: is '9', must be int or null"]),
        (lambda h: h["run"].pop("updates"), ["run.updates: is missing beside its fellow"]),
        (lambda h: h["run"].update(total_updates=None), ["run.total_updates: is missing beside its fellow"]),
        (lambda h: h["layers"][1].pop("geometry"), ["layers[1].geometry: is missing"]),
        (lambda h: h["layers"][1]["geometry"].update(kernel=9), ["layers[1].geometry", "kernel is 9"]),
        (lambda h: h["layers"][1]["geometry"].update(stride=3), ["layers[1].geometry", "stride is 3"]),
        (lambda h: h["layers"][1]["geometry"].update(stride=1), ["block.conv/delta.shape", "[4, 20, 6, 6]"]),
        (lambda h: h["layers"][1]["geometry"].update(name="../x"), ["layers[1].geometry.name: is '../x'"]),
        (lambda h: h["layers"][1]["geometry"].update(batch=5), ["block.conv.batch: is 5"]),
        (lambda h: h["layers"][2].update(steps=["BP"]), ["fc.steps: is ['BP']"]),
        (lambda h: h["layers"][2].update(steps=["FP", "XX"]), ["fc.steps: is ['FP', 'XX']"]),
        (lambda h: h["layers"][2].update(steps=[["FP"]]), ["fc.steps: is [['FP']]"]),
        (lambda h: h["layers"][2]["tensors"].pop("delta"), ["layers[2].tensors.delta: is missing"]),
        (lambda h: h["layers"][2]["tensors"].update(y={}), ["fc.tensors: names y"]),
        (lambda h: h["layers"][2]["tensors"]["x"].update(encoding="zip"), ["fc/x.encoding: is 'zip'"]),
        (lambda h: h["layers"][2]["tensors"]["x"].update(shape=[4, 20]), ["fc/x.shape: is [4, 20]"]),
        (lambda h: h["layers"][2]["full"].pop("w"), ["layers[2].full.w: is missing"]),
        (lambda h: h["layers"][2]["full"]["w"].update(zeros=10_000), ["fc/w.histogram", "tensor has 200"]),
    ],
    ids=first_word,
)  # fmt: skip
def test_wrong_header(full: Path, change: Change, words: list[str]) -> None:
    rewrite(full, lambda header, tensors: change(header))
    refuse(full, *words)


# --- Arrays that are wrong --------------------------------------------------------------------------


def _rename(tensors: Tensors) -> None:
    tensors["fc/weights"] = tensors.pop("fc/w")


def _cut(tensors: Tensors) -> None:
    tensors["fc/w"] = tensors["fc/w"][:-1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.pop("block.conv/delta"), ["block.conv/delta: is missing from the file"]),
        (lambda t: t.pop("stem/x.histogram"), ["stem/x.histogram: is missing from the file"]),
        (_rename, ["fc/w: is missing from the file"]),
        (lambda t: t.update(extra=np.zeros(1)), ["extra: is stored but is part of no layer"]),
        (_cut, ["fc/w: has shape [9, 20, 1, 1], must be [10, 20, 1, 1]"]),
        (lambda t: t.update({"fc/w": t["fc/w"].view(np.uint16)}), ["fc/w: has dtype U16, must be F16"]),
        (lambda t: t.update({"fc/w": t["fc/w"].astype(np.float32)}), ["fc/w: has dtype F32, must be F16"]),
        (lambda t: t["fc/w"].view(np.uint16).__ixor__(1), ["fc/w: does not match its SHA-256"]),
        (lambda t: t["fc/w.histogram"].__iadd__(1), ["fc/w.histogram: does not match its SHA-256"]),
    ],
    ids=first_word,
)
def test_wrong_arrays(full: Path, change: Callable[[Tensors], Any], words: list[str]) -> None:
    rewrite(full, lambda header, tensors: change(tensors))
    refuse(full, *words)


def test_one_flipped_bit_in_any_packed_tensor(sample: Path, rng: np.random.Generator) -> None:
    keys: list[str] = []
    rewrite(sample, lambda header, tensors: keys.extend(key for key in tensors if ".histogram" not in key))
    assert len(keys) == 12
    intact = sample.read_bytes()
    for key in keys:

        def flip(header: dict[str, Any], tensors: Tensors, key: str = key) -> None:
            tensors[key][rng.integers(tensors[key].size)] ^= np.uint8(1 << rng.integers(8))

        rewrite(sample, flip)
        refuse(sample, f"{key}: does not match its SHA-256")
        sample.write_bytes(intact)


def test_lazy_check_spares_the_other_layers(full: Path) -> None:
    def flip(header: dict[str, Any], tensors: Tensors) -> None:
        tensors["fc/w"].view(np.uint16)[0] ^= 1

    rewrite(full, flip)
    trace = Trace.open(full, verify=False)
    trace.load("stem")
    with pytest.raises(TraceError, match="fc/w: does not match its SHA-256"):
        trace.load("fc")


def test_packed_bytes_that_do_not_decode(sample: Path) -> None:
    def spoil(header: dict[str, Any], tensors: Tensors) -> None:
        tensors["fc/x"] = np.arange(50, dtype=np.uint8)
        header["layers"][2]["tensors"]["x"]["sha256"] = checksum(tensors["fc/x"])

    rewrite(sample, spoil)
    refuse(sample, "fc/x: packed bytes cannot be decoded")


def test_packed_tensor_of_another_rank(sample: Path) -> None:
    rewrite(sample, lambda header, tensors: tensors.update({"fc/x": tensors["fc/x"][None]}))
    refuse(sample, "fc/x: has shape [1, ", "one dimension")


def test_nan_filled_tensor_names_the_layer_and_spares_the_others(
    tmp_path: Path, layers: list[LayerTrace]
) -> None:
    path = tmp_path / "t.safetensors"
    layers[1].delta.fill(0x7E00)
    layers[1] = LayerTrace(
        geometry=layers[1].geometry,
        steps=layers[1].steps,
        x=layers[1].x,
        w=layers[1].w,
        delta=layers[1].delta,
        statistics={**layers[1].statistics, "delta": TensorStatistics.of(layers[1].delta)},
    )
    write_trace(path, RUN, layers)
    error = refuse(path, "block.conv/delta: holds 720 NaNs among 720 elements", "--learning-rate")
    assert error.field == "block.conv/delta"
    Trace.open(path).load("fc")


def test_unknown_layer_names_the_nearest(full: Path) -> None:
    trace = Trace.open(full)
    for call in (trace.load, trace.geometry, trace.steps):
        with pytest.raises(
            TraceError, match=r"layer 'block.conf': is not in the trace.*choose one of block.conv"
        ):
            call("block.conf")
    with pytest.raises(TraceError, match=r"choose one of stem, block\.conv, fc"):
        trace.load("@")


# --- Files that cannot be written -------------------------------------------------------------------


def test_writing_into_no_folder(tmp_path: Path, layers: list[LayerTrace]) -> None:
    with pytest.raises(
        TraceError, match=r"t.safetensors: file: cannot be written .*Remedy: free [\d,]+ bytes"
    ):
        write_trace(tmp_path / "none" / "t.safetensors", RUN, layers)


def test_full_disk_keeps_the_old_file(full: Path) -> None:
    """A limit on file sizes fails a write in its middle, as a full disk does."""
    script = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from regressions.traces import Trace, TraceError, write_trace\n"
        "trace = Trace.open(sys.argv[1])\n"
        "layers = [trace.load(name) for name in trace.layers]\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n"
        "    write_trace(Path(sys.argv[1]), trace.run, layers)\n"
        "except TraceError as error:\n"
        "    sys.exit(str(error))\n"
    )
    before = full.read_bytes()
    result = subprocess.run(
        [sys.executable, "-c", script, str(full)], capture_output=True, text=True, check=False
    )
    assert result.returncode == 1, result.stderr
    assert f"trace {full}: file: cannot be written" in result.stderr
    assert "Remedy: free" in result.stderr
    assert full.read_bytes() == before
    assert [entry.name for entry in full.parent.iterdir()] == [full.name]
