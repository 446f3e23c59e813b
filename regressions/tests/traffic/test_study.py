"""The traffic study: each tensor measured from its bytes, each step's transfers from these sizes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from golden.codecs import CODECS, Codec, Elements, Quantisation, ValueKind
from golden.fgmp import DEFAULT_FORMATS, SharePolicy, encode, exponent_histogram
from golden.formats import U16, Fp8Format
from golden.geometry import Step
from golden.storage import stored_bytes
from regressions.option_error import OptionError
from regressions.tests.small_run import write_small_trace
from regressions.traces import SAMPLE_PATH, Trace
from regressions.traffic import synthetic
from regressions.traffic.measure import Labels, LossError, measure, thresholds
from regressions.traffic.options import TrafficOptions, parse_traffic
from regressions.traffic.records import PLAIN, Direction, Order, Pattern, TrafficStudy, ratio, total
from regressions.traffic.study import arranged, run

MOVED = {
    Step.FP: [("X", Direction.READ), ("W", Direction.READ), ("Y", Direction.WRITE)],
    Step.BP: [("delta", Direction.READ), ("W", Direction.READ), ("dX", Direction.WRITE)],
    Step.WG: [("X", Direction.READ), ("delta", Direction.READ), ("dW", Direction.WRITE)],
}


@pytest.fixture(autouse=True)
def small_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the sweep of densities short; what it measures is tested by itself."""
    monkeypatch.setattr(synthetic, "STEPS", 2)
    monkeypatch.setattr(synthetic, "ELEMENTS", 1 << 10)


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """Write a small trace."""
    return write_small_trace(tmp_path)


def study_of(trace: Path, *more: str) -> TrafficStudy:
    return run(parse_traffic(["--trace", str(trace), *more]), lambda _: None)


def test_each_step_moves_its_three_tensors_once(trace: Path) -> None:
    study = study_of(trace)
    layers = Trace.open(trace)
    expected = [
        (name, step, tensor, direction)
        for name in layers.layers
        for step in layers.steps(name)
        for tensor, direction in MOVED[step]
    ]
    assert [(one.layer, one.step, one.tensor, one.direction) for one in study.transfers] == expected
    for one in study.transfers:
        assert set(one.bytes) == set(CODECS)
        assert one.bytes[PLAIN] == 2 * one.elements
        assert one.tensor == "dW" or one.bytes["fp8"] == one.elements
    measured = [(one.layer, one.tensor) for one in study.tensors]
    assert len(set(measured)) == len(measured), "a whole tensor is measured once"


def test_sizes_are_those_of_the_tensors(trace: Path) -> None:
    study = study_of(trace, "--layers", "block.conv")
    layer = Trace.open(trace).load("block.conv")
    sizes = {one.tensor: one for one in study.tensors}
    for tensor, bits in (("X", layer.x), ("W", layer.w), ("delta", layer.delta)):
        assert bits is not None
        found = sizes[tensor]
        encoded = encode(bits, DEFAULT_FORMATS[tensor], SharePolicy().choose(exponent_histogram(bits), None))
        assert found.bytes["mask-fgmp"] == stored_bytes(encoded)
        assert (found.elements, found.nonzeros) == (bits.size, int(np.count_nonzero(bits & 0x7FFF)))
        assert (found.fgmp_nonzeros, found.fgmp_fp16) == (encoded.nonzero_count, encoded.fp16_count)
        assert found.fgmp_threshold == encoded.e_thr
        assert found.fp8_threshold == SharePolicy(0).choose(exponent_histogram(bits), None)


def test_weight_gradients_leave_in_fp16(trace: Path) -> None:
    for one in study_of(trace, "--steps", "wg").transfers:
        if one.tensor == "dW":
            assert set(one.bytes.values()) == {2 * one.elements}


def test_totals_and_ratios(trace: Path) -> None:
    study = study_of(trace, "--codecs", "mask-fgmp")
    assert study.names == [PLAIN, "mask-fgmp"], "plain FP16 is always measured"
    moved = sum(one.bytes["mask-fgmp"] for one in study.transfers)
    assert total(study.transfers, "mask-fgmp") == moved
    assert ratio(study.transfers, "mask-fgmp") == moved / sum(2 * one.elements for one in study.transfers)
    assert ratio([], PLAIN) == 0.0


def test_the_same_study_twice(trace: Path) -> None:
    def figures(study: TrafficStudy) -> TrafficStudy:
        return replace(study, run=replace(study.run, started="", wall_s=0.0))

    once = study_of(trace, "--seed", "7")
    assert figures(once) == figures(study_of(trace, "--seed", "7"))
    other = study_of(trace, "--seed", "8")
    assert (other.tensors, other.transfers) == (once.tensors, once.transfers)
    assert other.synthetic != once.synthetic


def test_without_blocks_there_are_no_pointers(trace: Path) -> None:
    framed, stream = study_of(trace, "--codecs", "fgmp"), study_of(trace, "--codecs", "fgmp", "--block", "0")
    assert stream.run.block == 0
    for one, other in zip(framed.tensors, stream.tensors, strict=True):
        assert one.bytes["fgmp"] >= other.bytes["fgmp"] + 4
        assert one.bytes[PLAIN] == other.bytes[PLAIN], "dense FP16 has no blocks"


def test_order_of_elements_changes_run_lengths_alone(trace: Path) -> None:
    words = ["--codecs", "mask-fgmp", "rlc2-fp16", "--block", "0"]
    outside, inside = study_of(trace, *words), study_of(trace, *words, "--order", "nhwc")
    assert (outside.run.order, inside.run.order) == (Order.NCHW, Order.NHWC)
    differing = set()
    for one, other in zip(outside.tensors, inside.tensors, strict=True):
        assert (one.elements, one.fgmp_nonzeros) == (other.elements, other.fgmp_nonzeros)
        assert one.bytes["mask-fgmp"] == other.bytes["mask-fgmp"]
        differing |= {one.tensor} if one.bytes["rlc2-fp16"] != other.bytes["rlc2-fp16"] else set()
    assert "X" in differing
    bits = np.arange(24, dtype=np.uint16).reshape(1, 2, 3, 4)
    assert arranged(bits, Order.NHWC).reshape(-1)[:4].tolist() == [0, 12, 1, 13]


@pytest.mark.parametrize("layer", ["stem", "layer2.0.downsample", "layer4.1.conv2", "fc"])
def test_tensors_of_real_training(layer: str) -> None:
    """Every codec gives each tensor of the sample back (the study raises if not); X is sparse, δ is not."""
    study = run(parse_traffic(["--layers", layer]), lambda _: None)
    assert study.run.sample == 16
    assert {one.tensor for one in study.tensors} >= {"X", "W", "delta", "Y", "dW"}
    for one in study.tensors:
        if one.tensor == "X" and layer.startswith("layer"):
            assert one.density < 0.8
            assert one.ratio("mask-fgmp") < one.ratio("fgmp")
        if one.tensor == "delta":
            assert one.density > 0.99
            assert one.ratio("mask-fgmp") > one.ratio("fgmp"), "a mask is lost on a dense tensor"


def test_a_sample_is_measured_by_its_columns() -> None:
    study = run(parse_traffic(["--layers", "layer3.0.conv1", "--codecs", "fp8"]), lambda _: None)
    geometry = Trace.open(SAMPLE_PATH).geometry("layer3.0.conv1")
    pixels = geometry.batch * geometry.out_height * geometry.out_width
    found = {(one.step, one.tensor): one.elements for one in study.transfers}
    assert found[Step.FP, "W"] == 16 * geometry.in_channels * geometry.taps
    assert found[Step.BP, "W"] == 16 * geometry.out_channels * geometry.taps
    assert found[Step.BP, "delta"] == geometry.out_channels * pixels
    assert (found[Step.WG, "delta"], found[Step.FP, "Y"]) == (16 * pixels, 16 * pixels)


class Forgetful(Codec):
    """Loses the last number."""

    def decode_elements(self, data: bytes, elements: int) -> Elements:
        found = super().decode_elements(data, elements)
        value = found.value.copy()
        value[np.flatnonzero(value)[-1]] = 0
        return Elements(value, found.wide)


def test_a_codec_that_loses_a_bit_is_found_out() -> None:
    bits: U16 = np.array([0, 0x3C00, 0x3C00], np.uint16)
    how = dict.fromkeys(ValueKind, Quantisation(Fp8Format.E4M3, 1))
    codec = Forgetful(CODECS["mask-fp16"].scheme, ValueKind.FP16)
    with pytest.raises(
        LossError, match=r"layer a, X \(whole\): codec mask-fp16 gives 1 other elements back, the first at 2"
    ):
        measure(Labels("a", "X"), bits, how, [codec])


def test_plain_fp8_has_no_binade_above_its_threshold() -> None:
    bits = np.array([0x3C00, 0x7BFF, 0x7C00], np.uint16)  # 1, the largest number, infinity
    how = thresholds(Fp8Format.E4M3, exponent_histogram(bits), SharePolicy("0.5"))
    assert how[ValueKind.FP8].e_thr == 16
    assert how[ValueKind.FGMP].e_thr == 1


# --- The sweep of densities ---


def sweep_of(seed: int, *names: str) -> dict[tuple[Pattern, float], dict[str, float]]:
    points = synthetic.sweep([CODECS[name] for name in names], SharePolicy(), seed)
    return {(one.pattern, one.density): one.bits for one in points}


def test_sweep_measures_what_can_be_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthetic, "STEPS", 8)
    monkeypatch.setattr(synthetic, "ELEMENTS", 1 << 12)
    found = sweep_of(1, "fp16", "fp8", "mask-fp16", "rlc4-fp16")
    assert {density for _, density in found} == {step / 8 for step in range(9)}
    pointer = 32 / 256
    for (_, density), bits in found.items():
        assert (bits["fp16"], bits["fp8"]) == (16, 8)
        assert bits["mask-fp16"] == pytest.approx(1 + 16 * density + pointer)
    for pattern in Pattern:
        assert found[pattern, 0]["rlc4-fp16"] == pytest.approx(20 / 16 + pointer)
        assert found[pattern, 1]["rlc4-fp16"] == pytest.approx(20 + pointer)
    for density in (0.25, 0.5):
        clustered, independent = (
            found[pattern, density]["rlc4-fp16"] for pattern in (Pattern.CLUSTERED, Pattern.INDEPENDENT)
        )
        assert clustered != independent, "run-length coding depends on where zeros lie, a mask does not"


# --- Options ---


def test_defaults() -> None:
    options = parse_traffic([])
    assert isinstance(options, TrafficOptions)
    assert options.trace == SAMPLE_PATH
    assert [codec.name for codec in options.codecs] == list(CODECS)
    assert options.steps == tuple(Step)
    assert options.command == "./run traffic"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--codecs", "rlc7-fp16"], "--codecs: unknown codec 'rlc7-fp16': choose of fp16, mask-fp16, "),
        (["--block", "-1"], "--block -1: give 1 or more elements, or 0 for no blocks"),
        (["--steps", "up"], "--steps up: no such training step, choose from FP, BP, WG"),
    ],
)
def test_options_that_cannot_be(words: list[str], message: str) -> None:
    with pytest.raises(OptionError) as caught:
        parse_traffic(words)
    assert str(caught.value).startswith(message)
