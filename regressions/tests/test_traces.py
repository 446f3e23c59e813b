"""Trace files and layers: round trips, operands of each step, packing and statistics."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from golden.geometry import Step
from regressions.tests.small_trace import BATCH, GEOMETRIES, RUN, Tensors, random_bits, rewrite
from regressions.traces import LayerTrace, TensorStatistics, Trace, TraceRun, write_trace
from regressions.traces.__main__ import main
from regressions.traces.packing import ENCODINGS, PACKED, RAW, pack, unpack
from regressions.traces.schema import METADATA_KEY
from regressions.traces.writer import sample_layer


@pytest.fixture(params=ENCODINGS)
def encoding(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# --- Round trips ------------------------------------------------------------------------------------


def test_full_trace_round_trip(tmp_path: Path, layers: list[LayerTrace], encoding: str) -> None:
    path = tmp_path / "t.safetensors"
    write_trace(path, RUN, layers, encoding)
    trace = Trace.open(path)
    assert trace.run == RUN
    assert trace.layers == tuple(geometry.name for geometry in GEOMETRIES)
    for layer in layers:
        loaded = trace.load(layer.name)
        assert loaded.geometry == trace.geometry(layer.name) == layer.geometry
        assert loaded.steps == trace.steps(layer.name) == layer.steps
        assert loaded.columns is None
        assert loaded.tensors.keys() == layer.tensors.keys()
        for name, bits in layer.tensors.items():
            assert loaded.tensors[name].dtype == np.uint16
            np.testing.assert_array_equal(loaded.tensors[name], bits)
        for name, statistics in layer.statistics.items():
            np.testing.assert_array_equal(loaded.statistics[name].histogram, statistics.histogram)
            assert loaded.statistics[name].zeros == statistics.zeros
            assert loaded.statistics[name].non_finite == statistics.non_finite == 1


def test_writing_twice_gives_the_same_bytes(tmp_path: Path, layers: list[LayerTrace], encoding: str) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    write_trace(first, RUN, layers, encoding)
    write_trace(second, RUN, layers, encoding)
    assert first.read_bytes() == second.read_bytes()


def test_the_digest_is_that_of_the_operands(tmp_path: Path, layers: list[LayerTrace]) -> None:
    """Another place and training run change nothing; one bit does."""

    def digest(name: str, run: TraceRun = RUN) -> str:
        write_trace(tmp_path / name, run, layers)
        return Trace.open(tmp_path / name).digest

    first = digest("1")
    assert digest("2", dataclasses.replace(RUN, torch_version="other", loss=0.25)) == first
    layers[-1].tensors["w"].flat[7] ^= 1
    assert digest("3") != first


def test_file_has_usual_permissions(full: Path) -> None:
    other = full.with_name("other")
    other.touch()
    assert full.stat().st_mode == other.stat().st_mode


def test_renamed_file_is_the_same_trace(full: Path) -> None:
    other = full.rename(full.with_name("whatever.bin"))
    assert Trace.open(other).layers == ("stem", "block.conv", "fc")


def test_full_trace_is_plain_fp16_for_others(full: Path, layers: list[LayerTrace]) -> None:
    def look(header: dict[str, Any], tensors: Tensors) -> None:
        assert tensors["fc/w"].dtype == np.float16
        np.testing.assert_array_equal(tensors["fc/w"], layers[2].tensors["w"].view(np.float16))

    rewrite(full, look)


def test_sample_keeps_whole_images_and_first_columns(sample: Path, layers: list[LayerTrace]) -> None:
    trace = Trace.open(sample)
    # Images until 20 output pixels are reached: 1 of 36, 3 of 9, and all of 1.
    for layer, images, fp, bp in zip(layers, (1, 3, BATCH), (4, 4, 4), (3, 4, 4), strict=True):
        loaded = trace.load(layer.name)
        assert loaded.geometry.batch == images
        assert loaded.geometry.w_shape == layer.geometry.w_shape
        assert layer.w is not None
        expected = {
            "x": layer.x[:images],
            "delta": layer.delta[:images],
            "w_fp": layer.w[:fp],
            "w_bp": layer.w[:, :bp],
        }
        assert loaded.tensors.keys() == expected.keys()
        for name, bits in expected.items():
            np.testing.assert_array_equal(loaded.tensors[name], bits)
        for name, statistics in layer.statistics.items():  # of the whole tensor, though a slice is held
            np.testing.assert_array_equal(loaded.statistics[name].histogram, statistics.histogram)


def test_sample_of_a_sample_is_refused(layers: list[LayerTrace]) -> None:
    with pytest.raises(ValueError, match="is a slice already"):
        sample_layer(sample_layer(layers[1]))


def test_one_trace_is_not_half_a_sample(tmp_path: Path, layers: list[LayerTrace]) -> None:
    with pytest.raises(ValueError, match="of one kind"):
        write_trace(tmp_path / "t", RUN, [layers[0], sample_layer(layers[1])])


# --- Operands ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["full", "sample"])
def test_operands_of_each_step(kind: str, layers: list[LayerTrace]) -> None:
    layer = layers[1] if kind == "full" else sample_layer(layers[1], columns=4)
    whole = layers[1]
    assert whole.w is not None
    kept = {"full": (20, 5, 20), "sample": (4, 4, 4)}[kind]
    expected = {
        Step.FP: (layer.x, whole.w[: kept[0]], kept[0]),
        Step.BP: (layer.delta, whole.w[:, : kept[1]], kept[1]),
        Step.WG: (layer.x, layer.delta, kept[2]),
    }
    for step, (a, b, count) in expected.items():
        got_a, got_b, columns = layer.operands(step)
        np.testing.assert_array_equal(got_a, a)
        np.testing.assert_array_equal(got_b, b)
        np.testing.assert_array_equal(columns, np.arange(count))
        assert columns.dtype == np.int64


def test_fewer_channels_than_columns(layers: list[LayerTrace]) -> None:
    stem = sample_layer(layers[0], columns=16)
    assert [len(stem.operands(step)[2]) for step in stem.steps] == [5, 5]


def test_statistics_follow_the_operands(layers: list[LayerTrace]) -> None:
    layer = layers[1]
    x, w, delta = (layer.statistics[name] for name in ("x", "w", "delta"))
    assert layer.operand_statistics(Step.FP) == (x, w)
    assert layer.operand_statistics(Step.BP) == (delta, w)
    assert layer.operand_statistics(Step.WG) == (x, delta)


def test_first_layer_has_no_bp(layers: list[LayerTrace]) -> None:
    with pytest.raises(ValueError, match=r"layer stem has no BP step, only FP, WG"):
        layers[0].operands(Step.BP)


def test_layer_refuses_another_dtype_or_shape(layers: list[LayerTrace]) -> None:
    layer = layers[1]
    held = {"geometry": layer.geometry, "steps": layer.steps, "statistics": layer.statistics}
    with pytest.raises(ValueError, match=r"x is float16\[4, 5, 6, 6\], must be uint16\[4, 5, 6, 6\]"):
        LayerTrace(x=layer.x.view(np.float16), w=layer.w, delta=layer.delta, **held)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"delta is uint16\[4, 20, 3, 2\], must be"):
        LayerTrace(x=layer.x, w=layer.w, delta=layer.delta[..., :2], **held)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"holds \['delta', 'x'\], must hold \['delta', 'w', 'x'\]"):
        LayerTrace(x=layer.x, delta=layer.delta, **held)  # type: ignore[arg-type]


# --- Packing and statistics -------------------------------------------------------------------------

ALL_CODES = np.arange(1 << 16, dtype=np.uint16)


@pytest.mark.parametrize(
    "bits",
    [
        ALL_CODES.reshape(2, 128, 16, 16),
        np.zeros((3, 5), dtype=np.uint16),
        np.full((1, 9), 0x8000, dtype=np.uint16),
        np.array([0x00FF], dtype=np.uint16),
        np.array([[0], [0x7E01]], dtype=np.uint16),
    ],
    ids=["all codes", "zeros", "negative zeros", "one", "zero and NaN"],
)
def test_packing_is_lossless(bits: NDArray[np.uint16]) -> None:
    np.testing.assert_array_equal(unpack(pack(bits), bits.shape), bits)


def test_packing_saves_zeros(rng: np.random.Generator) -> None:
    bits = random_bits(rng, (64, 64, 8), density=0.5)
    assert pack(bits).nbytes < 0.7 * bits.nbytes


def test_damaged_packing_is_refused(rng: np.random.Generator) -> None:
    bits = random_bits(rng, (7, 11))
    packed = pack(bits)
    with pytest.raises(ValueError, match="another number of elements"):
        unpack(packed[:-1], bits.shape)
    with pytest.raises(ValueError, match="another number of elements"):
        unpack(pack(np.ones(500, dtype=np.uint16)), (7, 11))
    with pytest.raises(ValueError, match="value bytes, the mask says"):
        unpack(packed, (7, 10))
    with pytest.raises(ValueError, match="cannot be decoded"):
        unpack(np.zeros(40, dtype=np.uint8), bits.shape)


def test_statistics_against_a_loop() -> None:
    bits = np.concatenate([ALL_CODES, ALL_CODES[:5000]])
    statistics = TensorStatistics.of(bits)
    histogram = [0] * 40
    zeros = non_finite = 0
    for value in bits.view(np.float16).tolist():
        if not math.isfinite(value):
            non_finite += 1
        elif value == 0:
            zeros += 1
        else:
            histogram[math.frexp(value)[1] - 1 + 24] += 1
    assert statistics.histogram.tolist() == histogram
    assert (statistics.zeros, statistics.non_finite) == (zeros, non_finite)
    assert statistics.elements == bits.size
    assert statistics.zero_fraction == zeros / bits.size


def test_header_is_compact_json(full: Path) -> None:
    """Readers in other languages find one JSON object below one key."""
    size = int.from_bytes(full.read_bytes()[:8], "little")
    header = json.loads(full.read_bytes()[8 : 8 + size])
    assert list(header["__metadata__"]) == [METADATA_KEY]
    content = json.loads(header["__metadata__"][METADATA_KEY])
    assert content["layers"][0]["tensors"]["x"]["encoding"] == RAW
    assert content["columns"] is None


def test_sample_is_packed(sample: Path) -> None:
    header = Trace.open(sample).header
    assert header.columns == 4
    assert {record.encoding for layer in header.layers for record in layer.tensors.values()} == {PACKED}


# --- Command line -----------------------------------------------------------------------------------


def test_description_of_a_trace(sample: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(sample)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "4-column sample of small on random, 6x6, batch 4, 3 layers" in lines[0]
    assert [line.split()[0] for line in lines[3:]] == ["stem", "block.conv", "fc"]
    assert lines[4].split()[1:4] == ["3x5x6x6", "20x5x3x3", "3x20x3x3"]
    assert lines[4].endswith("FP BP WG")


def test_description_of_a_damaged_trace(sample: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sample.write_bytes(sample.read_bytes()[:-1])
    assert main([str(sample)]) == 1
    assert capsys.readouterr().err.startswith(f"error: trace {sample}: file: is truncated")
