"""Traces of one training beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from golden.fgmp import DEFAULT_FORMATS, SharePolicy, encode, exponent_histogram
from regressions.accuracy.moments import measure_traces
from regressions.accuracy.records import TraceMoment
from regressions.option_error import OptionError
from regressions.tests.small_trace import RUN, random_layers, rewrite
from regressions.traces import LayerTrace, Trace, write_sample, write_trace


def write(path: Path, layers: Sequence[LayerTrace], epoch: int) -> Path:
    write_trace(path, replace(RUN, epoch=epoch, updates=10 * epoch - 10), layers)
    return path


@pytest.fixture
def pair(tmp_path: Path, layers: list[LayerTrace], rng: np.random.Generator) -> list[Path]:
    """Two traces of one training, the later first."""
    return [
        write(tmp_path / "late.safetensors", random_layers(rng), 4),
        write(tmp_path / "early.safetensors", layers, 1),
    ]


def measured(paths: Sequence[Path], policy: str = "share=0.2") -> list[TraceMoment]:
    return measure_traces(paths, policy, lambda _: None)


def test_the_earliest_stands_first_and_each_tensor_is_counted(
    pair: list[Path], layers: list[LayerTrace]
) -> None:
    moments = measured(pair)
    assert [(one.epoch, one.updates, one.total_updates) for one in moments] == [(1, 0, 300), (4, 30, 300)]
    found = {(one.layer, one.tensor): one for one in moments[0].tensors}
    assert len(found) == 3 * len(layers)
    for layer in layers:
        for tensor, bits in (("X", layer.x), ("W", layer.w), ("delta", layer.delta)):
            assert bits is not None
            one = found[layer.name, tensor]
            e_thr = SharePolicy().choose(exponent_histogram(bits))
            encoded = encode(bits, DEFAULT_FORMATS[tensor], e_thr)
            nonzeros = int(np.count_nonzero(bits & 0x7FFF))
            assert (one.elements, one.nonzeros, one.e_thr) == (bits.size, nonzeros, e_thr)
            assert one.counted == nonzeros
            assert one.flushed == nonzeros - int(encoded.nonzero.sum())
            assert one.fp16 == int(encoded.is_fp16.sum())
            assert one.fp16_share + one.fp8_share == pytest.approx(1)
            assert one.fp16_share == one.fp16 / int(encoded.nonzero.sum())
    assert any(one.flushed_share > 0 for one in found.values())


def test_a_sample_has_the_thresholds_of_the_whole(pair: list[Path], tmp_path: Path) -> None:
    samples = []
    for path in pair:
        sample = tmp_path / f"{path.stem}-sample.safetensors"
        write_sample(Trace.open(path), sample, columns=4, pixels=20)
        samples.append(sample)
    for whole, part in zip(measured(pair), measured(samples), strict=True):
        assert part.columns == 4
        for one, other in zip(whole.tensors, part.tensors, strict=True):
            assert (one.elements, one.nonzeros, one.e_thr) == (other.elements, other.nonzeros, other.e_thr)
            assert other.counted <= one.counted
    with pytest.raises(OptionError, match=r"is a sample trace, .* a full one: compare traces of one kind"):
        measured([pair[0], samples[1]])


def test_policies(pair: list[Path]) -> None:
    assert {one.e_thr for moment in measured(pair, "fixed=3") for one in moment.tensors} == {3}


def test_traces_that_cannot_be_compared(pair: list[Path], tmp_path: Path, layers: list[LayerTrace]) -> None:
    with pytest.raises(OptionError, match="has the tensors of another one named; leave one out"):
        measured([*pair, pair[0]])
    fewer = write(tmp_path / "fewer.safetensors", layers[:2], 2)
    with pytest.raises(OptionError) as caught:
        measured([pair[0], fewer])
    assert str(caught.value).startswith(
        f"--traces {fewer}: layer fc is not that of {pair[0]}: compare traces"
    )


def test_a_trace_of_a_version_that_did_not_count_updates(pair: list[Path]) -> None:
    def forget(header: dict[str, dict[str, object]], _: object) -> None:
        del header["run"]["updates"], header["run"]["total_updates"]

    rewrite(pair[0], forget)
    trace = Trace.open(pair[0])
    assert (trace.run.updates, trace.run.moment) == (None, "epoch 4, iteration 1")
    moments = measured(pair)
    assert [one.updates for one in moments] == [0, None]
