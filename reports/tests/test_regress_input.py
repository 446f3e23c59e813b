"""What the main job is given: one message names file or option, field and remedy; the rest is kept."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from regressions.tests.small_run import REPLAYS, arguments
from regressions.tests.small_trace import RUN, Tensors, random_layers, rewrite
from regressions.traces import TensorStatistics, write_trace
from reports import regress
from reports.tests.regress_runs import Json, regress_command, report, statuses

pytestmark = pytest.mark.xdist_group("regress command")

# --- Traces that are wrong --------------------------------------------------------------------------


def test_a_damaged_layer_spares_the_others(tmp_path: Path, built: None, rng: np.random.Generator) -> None:
    """One layer filled with NaNs and one with a flipped bit are errors; the third one is replayed."""
    layers = random_layers(rng)
    layers[1].delta.fill(0x7E00)
    statistics = {**layers[1].statistics, "delta": TensorStatistics.of(layers[1].delta)}
    layers[1] = replace(layers[1], statistics=statistics)
    path = tmp_path / "damaged.safetensors"
    write_trace(path, RUN, layers)

    def flip(header: Json, tensors: Tensors) -> None:
        tensors["stem/x"].view(np.uint16).flat[0] ^= 1

    rewrite(path, flip)
    status, out, err = regress_command(arguments(tmp_path, path))
    assert status == 1
    document = report(tmp_path)
    assert statuses(document) == {name: "pass" if name.startswith("fc") else "error" for name in REPLAYS}
    messages = {f"{one['layer']}-{one['step']}": one["message"] for one in document["replays"]}
    flipped = f"trace {path}: stem/x: does not match its SHA-256"
    diverged = f"trace {path}: block.conv/delta: holds 720 NaNs among 720 elements"
    for name, message in messages.items():
        if not name.startswith("fc"):
            assert message.startswith(flipped if name.startswith("stem") else diverged)
            assert "Remedy: " in message
            assert f"regress: {name}: ERROR: {message}" in err.splitlines()
    assert out.splitlines()[1].strip().startswith(f"error stem-FP: {flipped}")


OUTSIDE = "layers[1].geometry: lies outside the hardware contract"


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _foreign(path: Path) -> None:
    save_file({"conv1.weight": np.zeros((2, 3), np.float16)}, path)


def _change(path: Path, change: Callable[[Json, Tensors], Any]) -> None:
    rewrite(path, lambda header, tensors: change(header, tensors) and None)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (Path.unlink, "file: does not exist"),
        (_truncate, "file: is truncated, or no safetensors file"),
        (lambda path: path.write_text("layer,step\n"), "file: is truncated, or no safetensors file"),
        (_foreign, "metadata 'lnpu_trace': is missing: a safetensors file, but not a trace"),
        (
            lambda path: _change(path, lambda h, t: t.update({"fc/w": t["fc/w"].astype(np.float32)})),
            "fc/w: has dtype F32, must be F16",
        ),
        (
            lambda path: _change(path, lambda h, t: t.update({"fc/w": t["fc/w"][:-1]})),
            "fc/w: has shape [9, 20, 1, 1], must be [10, 20, 1, 1]",
        ),
        (
            lambda path: _change(path, lambda h, t: h["layers"][1]["geometry"].update(stride=3)),
            f"{OUTSIDE} (layer block.conv: stride is 3, the hardware takes 1 to 2)",
        ),
        (
            lambda path: _change(path, lambda h, t: h["layers"][1]["geometry"].update(kernel=9)),
            f"{OUTSIDE} (layer block.conv: kernel is 9, the hardware takes 1 to 7)",
        ),
    ],
    ids=["missing", "truncated", "renamed", "foreign", "dtype", "shape", "stride", "kernel"],
)
def test_a_trace_that_cannot_be_used(
    trace: Path,
    tmp_path: Path,
    damage: Callable[[Path], Any],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    damage(trace)
    assert regress.main(arguments(tmp_path, trace)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"error: trace {trace}: {message}")
    assert err.count("\n") == 1
    assert ". Remedy: " in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--layers", "layer9"], "--layers layer9: no such layer in the trace, choose from "),
        (["--steps", "WP"], "--steps WP: no such training step, choose from FP, BP, WG"),
        (["--preset", "huge"], "unknown preset 'huge': choose one of tiny, core, lnpu"),
        (["--policy", "share=3"], "--policy share=3: "),
        (["--layers", "stem", "--steps", "BP"], "--steps BP: nothing to replay"),
    ],
    ids=shlex.join,
)
def test_a_request_that_cannot_be_met(
    trace: Path, tmp_path: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert regress.main(arguments(tmp_path, trace, *words)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"error: {message}")
    assert err.count("\n") == 1
    assert not (tmp_path / "runs").exists(), "nothing was started"
