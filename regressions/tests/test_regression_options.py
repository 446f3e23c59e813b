"""The command line: each wrong value gets one message, and a rerun command means the same replay."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from golden.geometry import Step
from golden.presets import PresetError
from regressions import options as options_module
from regressions.operands import PolicyError
from regressions.option_error import OptionError
from regressions.options import Options, parse, rerun_command
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
        (["--preset", "lnpu", "--level", "core"], "--level core: preset lnpu has 12 cores; choose --level"),
        (
            ["--memory-bytes", "16"],
            "--memory-bytes: only the chip has it; add --level chip, or --preset lnpu",
        ),
        (["--output", "fp16"], "--output: only the chip has it"),
        (["--preset", "lnpu", "--slow-core", "3"], "--slow-core 3: give a core and a factor as I:N"),
        (["--preset", "lnpu", "--slow-core", "12:8"], "--slow-core 12:8: preset lnpu has cores 0 to 11"),
        (["--preset", "lnpu", "--slow-core", "1:0"], "--slow-core 1:0: the factor must be 1 to 64"),
        (["--preset", "lnpu", "--memory-latency", "-1"], "--memory-latency -1: give 0 to 100000 cycles"),
        (["--preset", "lnpu", "--output", "fp16", "--dump", "x"], "--output fp16: a dump holds FP32 results"),
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
        ["--history", "my runs.sqlite"],
        ["--no-history"],
        ["--preset", "tiny", "--level", "chip", "--output", "fp32"],
        ["--preset", "lnpu", "--memory-bytes", "16", "--memory-latency", "7", "--slow-core", "3:8"],
    ],
    ids=["defaults", "settings", "places", "a history", "no history", "small chip", "chip"],
)
@pytest.mark.parametrize("trace", [None, "a trace; of mine $(x).safetensors"])
def test_a_rerun_means_the_same_replay(words: list[str], trace: str | None) -> None:
    """Whatever needs quoting is quoted."""
    given = parse([*words, *(["--trace", trace] if trace else []), "--layers", "layer*", "--jobs", "3"])
    again = reparse(rerun_command(given, "layer1.0.conv1", Step.BP))
    assert (again.layers, again.steps) == (("layer1.0.conv1",), (Step.BP,))
    for name in ("trace", "settings", "coverage", "rtl", "out", "runs", "history"):
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
