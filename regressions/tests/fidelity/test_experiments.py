"""Networks measured in traces, kept results, and what the command line refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from golden.counters import work_counters
from golden.fgmp import DEFAULT_FORMATS, channel_costs, encode
from golden.geometry import Step
from golden.lowering import Lowering
from golden.presets import PRESETS
from regressions.capture.options import NETWORKS
from regressions.fidelity import experiments
from regressions.fidelity.experiments import RECIPES, ExperimentError, Recipe, find, keep, perform, remember
from regressions.fidelity.networks import measure_network
from regressions.fidelity.options import HIGH_SPARSITY, parse_fidelity
from regressions.fidelity.records import Experiment, LayerMeasure, Measured, Network, Traffic
from regressions.fidelity.study import run
from regressions.json_codec import decode
from regressions.json_codec import encode as to_json
from regressions.operands import ReplaySettings, replay_input
from regressions.option_error import OptionError
from regressions.results import GitInfo
from regressions.run import trace_info
from regressions.tests.small_trace import RUN
from regressions.traces import LayerTrace, Trace, write_trace

CLEAN = GitInfo("0" * 40, False)


def silent(line: str) -> None:
    assert line


# --- A network --------------------------------------------------------------------------------------


def test_network_of_a_trace(full: Path, layers: list[LayerTrace]) -> None:
    found = measure_network(full, "small", "./run capture", "share=0.2", silent)
    assert [one.layer for one in found.layers] == [one.name for one in layers]
    zeros = sum(int((one.x & 0x7FFF == 0).sum()) for one in layers)
    assert found.zeros("X") == pytest.approx(zeros / sum(one.x.size for one in layers))
    conv = found.layers[1]
    assert [one.step for one in conv.macs] == [Step.FP, Step.BP, Step.WG]
    for macs in conv.macs:
        source = replay_input(layers[1], macs.step, ReplaySettings("core", True, 1))
        a = encode(source.a, source.a_fmt, source.a_e_thr)
        lowering = Lowering(source.geometry, macs.step, PRESETS["core"], channel_costs(a), True)
        work = work_counters(lowering, a, len(source.columns))
        assert (macs.total, macs.skipped) == (work.macs_total, work.macs_skipped)
    delta = conv.tensors["delta"]
    encoded = encode(layers[1].delta, DEFAULT_FORMATS["delta"], source_threshold(layers[1]))
    assert delta.fp16 == int(np.count_nonzero(encoded.is_fp16))
    assert delta.elements - delta.zeros - delta.flushed == int(np.count_nonzero(encoded.nonzero))
    assert delta.fp16_below >= delta.fp16
    assert {one.tensor for one in found.traffic} == {"X", "W", "delta", "Y", "dX", "dW"}
    (w,) = [one for one in found.traffic if one.tensor == "W" and one.step is Step.BP]
    assert w.plain == 2 * sum(
        one.geometry.in_channels * one.geometry.out_channels * one.geometry.taps for one in layers[1:]
    )
    assert found.skipped([Step.BP]) != found.skipped()


def source_threshold(layer: LayerTrace) -> int:
    return replay_input(layer, Step.BP, ReplaySettings("core", True, 1)).a_e_thr


# --- Experiments ------------------------------------------------------------------------------------


@pytest.fixture
def captured(tmp_path: Path, layers: list[LayerTrace], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a working folder in which the networks of an experiment are captured already."""
    batch = layers[0].geometry.batch
    recipes = {name: replace(one, images=batch) for name, one in RECIPES[Experiment.NO_BATCH_NORM].items()}
    monkeypatch.setitem(RECIPES, Experiment.NO_BATCH_NORM, recipes)
    for name, one in recipes.items():
        (tmp_path / name).mkdir()
        place = tmp_path / name / "full.safetensors"
        write_trace(place, replace(RUN, model=NETWORKS[one.model]), layers)
        remember(place, one)
    monkeypatch.setattr(experiments, "measure_network", unmeasured)
    return tmp_path


def unmeasured(path: Path, name: str, command: str, policy: str, tell: Callable[[str], None]) -> Network:
    """Return a network with one empty layer: what is measured of one has a test of its own."""
    layers, traffic = [LayerMeasure("conv", {}, [])], [Traffic(Step.FP, "X", 2, 1)]
    return Network(name, command, trace_info(Trace.open(path)), None, "none", layers, traffic)


def made(work: Path) -> Measured:
    return perform(Experiment.NO_BATCH_NORM, work, "share=0.2", False, "./run fidelity", silent, CLEAN)


def test_result_is_kept_and_found(captured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiments, "_capture", lambda words: pytest.fail("all is captured"))
    result = made(captured)
    assert result.git == CLEAN
    assert [one.name for one in result.networks] == ["resnet18-narrow", "resnet18-without-norm"]
    assert all(one.command.startswith("./run capture --model resnet18-") for one in result.networks)
    assert find(Experiment.NO_BATCH_NORM, captured / "nowhere", captured) == result
    assert find(Experiment.NETWORKS, captured) is None
    keep(replace(result, policy="fixed=0"), captured / "other")
    first = find(Experiment.NO_BATCH_NORM, captured / "other", captured)
    assert first is not None
    assert first.policy == "fixed=0"


def test_another_network_is_captured_anew(captured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(experiments, "_capture", asked.append)
    wrong = captured / "resnet18-narrow" / "full.safetensors"
    other = captured / "resnet18-without-norm" / "full.safetensors"
    wrong.write_bytes(other.read_bytes())
    made(captured)
    assert [words[:2] for words in asked] == [["--model", "resnet18-narrow"]]
    perform(Experiment.NO_BATCH_NORM, captured, "share=0.2", True, "./run fidelity", silent, CLEAN)
    assert len(asked) == 3


def test_another_batch_is_captured_anew(captured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(experiments, "_capture", asked.append)
    recipes = RECIPES[Experiment.NO_BATCH_NORM]
    larger = {name: replace(one, images=one.images + 1) for name, one in recipes.items()}
    monkeypatch.setitem(RECIPES, Experiment.NO_BATCH_NORM, larger)
    made(captured)
    assert len(asked) == 2


@pytest.mark.parametrize(
    "change",
    [("--epochs", "9"), ("--learning-rate", "0.5"), ("--seed", "2"), ("--train-images", "64")],
    ids=lambda change: change[0].strip("-"),
)
def test_another_recipe_is_captured_anew(
    captured: Path, monkeypatch: pytest.MonkeyPatch, change: tuple[str, str]
) -> None:
    """The trace of another recipe has the network and the batch of this one."""
    asked: list[list[str]] = []
    monkeypatch.setattr(experiments, "_capture", asked.append)
    recipes = RECIPES[Experiment.NO_BATCH_NORM]
    narrow = recipes["resnet18-narrow"]
    other = replace(narrow, options=(*narrow.options, *change))
    remember(captured / "resnet18-narrow" / "full.safetensors", other)
    made(captured)
    assert [words[:2] for words in asked] == [["--model", "resnet18-narrow"]]
    made(captured)
    assert len(asked) == 1, "what was captured now is of this recipe"


def test_a_default_counts_as_part_of_a_recipe() -> None:
    assert Recipe("resnet18").in_force() == Recipe("resnet18", ("--epochs", "3", "--seed", "1")).in_force()
    assert Recipe("resnet18").in_force()["learning_rate"] == "0.05"
    assert "out" not in Recipe("resnet18").in_force()


def test_a_trace_that_came_from_elsewhere_is_captured_anew(
    captured: Path, monkeypatch: pytest.MonkeyPatch, layers: list[LayerTrace]
) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(experiments, "_capture", asked.append)
    without_recipe, replaced = (
        captured / name / "full.safetensors" for name in RECIPES[Experiment.NO_BATCH_NORM]
    )
    (without_recipe.parent / "recipe.json").unlink()
    write_trace(replaced, Trace.open(replaced).run, layers[:2])
    made(captured)
    assert len(asked) == 2


def test_capture_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failed:
        returncode = 1

    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    monkeypatch.setattr("subprocess.run", lambda words, **how: Failed())
    with pytest.raises(ExperimentError, match=r"the capture failed .*: ./run capture --model vgg16"):
        experiments._capture(["--model", "vgg16"])


def test_capture_without_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(OptionError, match=r"PyTorch is not installed in this Python: start the study"):
        experiments._capture(["--model", "vgg16"])


def without(text: str, field: str) -> str:
    """Return a result that lacks its second network, or a field's values in it."""
    document = json.loads(text)
    if field == "networks":
        del document["networks"][1]
    else:
        document["networks"][1][field] = []
    return json.dumps(document)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace('"schema": 1', '"schema": 0', 1), "schema is 0, must be 1"),
        (lambda text: text[:-10], "is no result of an experiment"),
        (lambda text: text.replace('"policy"', '"police"', 1), "police"),
        (
            lambda text: text.replace("no-batch-norm", "networks", 1),
            "experiment: is networks, must be no-batch-norm",
        ),
        (
            lambda text: text.replace("--epochs 8", "--epochs 9", 1),
            r"networks\[0\].command: is ./run capture .* --epochs 9 .*, must be .* --epochs 8 ",
        ),
        (lambda text: text.replace("--epochs 8", '--epochs \\"8', 1), "is no result of an experiment"),
        (
            lambda text: without(text, "networks"),
            "networks: are resnet18-narrow, must be resnet18-narrow, res",
        ),
        (lambda text: without(text, "layers"), r"networks\[1\]: has no layers or no traffic"),
    ],
)
def test_damaged_result(captured: Path, change, message: str) -> None:  # type: ignore[no-untyped-def]
    made(captured)
    path = captured / "no-batch-norm.json"
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(ExperimentError, match=message) as caught:
        find(Experiment.NO_BATCH_NORM, captured)
    assert "make it anew with ./run fidelity --experiment no-batch-norm" in str(caught.value)


def test_results_of_the_repository_are_of_this_schema() -> None:
    for which in Experiment:
        found = find(which, experiments.KEPT)
        assert found is not None, which
        assert [one.name for one in found.networks] == list(RECIPES[which])
        assert decode(Measured, json.loads(json.dumps(to_json(found)))) == found


# --- Options ----------------------------------------------------------------------------------------


def test_no_zeros_and_the_high_sparsity_are_always_there() -> None:
    assert parse_fidelity(["--sparsity", "0.5", "0"]).sparsities == (0.0, 0.5, HIGH_SPARSITY)
    assert parse_fidelity(["--sparsity", "0.8"]).sparsities == (0.0, 0.8, HIGH_SPARSITY)
    assert parse_fidelity(["--sparsity", "0.9"]).sparsities == (0.0, HIGH_SPARSITY)
    assert parse_fidelity([]).sparsities[-1] == 0.95


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--sparsity", "1"], "--sparsity 1.0: give shares, 0 to below 1"),
        (["--sparsity", "-0.1"], "--sparsity -0.1: give shares"),
        (["--tile", "layer1"], "tile 'layer1': give LAYER-STEP"),
        (["--save"], "--save: goes with --experiment"),
        (["--fresh"], "--fresh: goes with --experiment"),
        (["--steps", "XP"], "--steps XP: no such training step"),
    ],
)
def test_wrong_options(words: list[str], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        parse_fidelity(words)


def test_tile_without_its_step() -> None:
    with pytest.raises(OptionError, match="--tile stem-BP: training computes no BP at this layer"):
        run(parse_fidelity(["--tile", "stem-BP"]), silent)
