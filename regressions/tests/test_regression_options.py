"""The command line: each wrong value gets one message, and a rerun command means the same replay."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from golden.geometry import Step
from golden.presets import PresetError
from regressions import options as options_module
from regressions.operands import PolicyError
from regressions.options import OptionError, Options, parse, rerun_command
from regressions.traces import SAMPLE_PATH
from tb.toolchain import RTL_ROOT


def reparse(command: str) -> Options:
    """Parse a command as the shell and ./run would hand it on."""
    words = shlex.split(command)
    assert words[:2] == ["./run", "regress"]
    return parse(words[2:])


def test_defaults() -> None:
    found = parse([])
    assert (found.trace, found.rtl) == (SAMPLE_PATH, RTL_ROOT)
    assert (found.layers, found.steps) == ((), (Step.FP, Step.BP, Step.WG))
    assert (found.settings.preset, found.settings.balancer, found.settings.seed) == ("core", True, 1)
    assert found.coverage
    assert not found.waves
    assert found.command == "./run regress"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--steps", "XX"], "--steps XX: no such training step, choose from FP, BP, WG"),
        (["--preset", "big"], "unknown preset 'big': choose one of tiny, core, lnpu"),
        (["--preset", "lnpu"], "--preset lnpu: a chip of 12 cores; this regression replays one core"),
        (["--jobs", "0"], "--jobs 0: give 1 or more"),
        (["--stalls", "1000"], "--stalls 1000: give 0 to 999"),
        (["--stalls", "-1"], "--stalls -1: give 0 to 999"),
        (["--policy", "best"], "--policy best: choose share=SHARE (0 to 1) or fixed=E (-24 to 16)"),
        (["--policy", "share=2"], "--policy share=2: "),
        (["--policy", "share=half"], "--policy share=half: "),
        (["--policy", "fixed=17"], "--policy fixed=17: "),
        (["--policy", "fixed=x"], "--policy fixed=x: "),
        (["--rtl", "docs"], "--rtl docs: no SystemVerilog file below it; name the folder of a design"),
    ],
    ids=shlex.join,
)
def test_values_out_of_place(words: list[str], message: str) -> None:
    with pytest.raises((OptionError, PresetError, PolicyError)) as caught:
        parse(words)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_full_trace_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options_module, "FULL_TRACE", tmp_path / "full.safetensors")
    with pytest.raises(
        OptionError, match=r"--full: .*full\.safetensors does not exist; './run capture' makes"
    ):
        parse(["--full"])


@pytest.mark.parametrize("words", [["--layer-s", "fc"], ["--jobs", "two"], ["--trace", "x", "--full"]])
def test_unknown_words_end_with_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(words)
    assert caught.value.code == 2
    assert "usage: ./run regress" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--preset", "tiny", "--balancer", "off", "--policy", "fixed=-3", "--stalls", "50", "--seed", "9"],
        ["--no-coverage", "--rtl", "rtl/pe", "--out", "some reports", "--runs", "it's here"],
    ],
    ids=["defaults", "settings", "places"],
)
@pytest.mark.parametrize("trace", [None, "a trace; of mine $(x).safetensors"])
def test_a_rerun_means_the_same_replay(words: list[str], trace: str | None) -> None:
    """Whatever needs quoting is quoted."""
    given = parse([*words, *(["--trace", trace] if trace else []), "--layers", "layer*", "--jobs", "3"])
    again = reparse(rerun_command(given, "layer1.0.conv1", Step.BP))
    assert (again.layers, again.steps) == (("layer1.0.conv1",), (Step.BP,))
    for name in ("trace", "settings", "coverage", "rtl", "out", "runs"):
        assert getattr(again, name) == getattr(given, name), name
    assert not again.waves
    assert reparse(f"{rerun_command(given, 'fc', Step.FP)} --waves").waves


def test_the_rerun_of_a_full_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "full.safetensors"
    path.write_bytes(b"")
    monkeypatch.setattr(options_module, "FULL_TRACE", path)
    command = rerun_command(parse(["--full"]), "fc", Step.WG)
    assert command == "./run regress --layers fc --steps WG --seed 1 --full"


def test_the_command_is_kept_as_typed() -> None:
    words = ["--layers", "layer*", "--steps", "fp", "wg", "fp"]
    found = parse(words)
    assert found.command == "./run regress --layers 'layer*' --steps fp wg fp"
    assert found.steps == (Step.FP, Step.WG)
