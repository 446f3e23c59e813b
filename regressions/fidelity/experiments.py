"""Experiments: networks are captured if they are not there yet, measured, and the result is kept.

Results lie in the working folder, where ``--experiment`` writes them; those that the repository holds
(``kept/``) are used where there is none. A result says when, by which commit and command it was made.
"""

from __future__ import annotations

import importlib.util
import json
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from regressions.capture.options import NETWORKS
from regressions.fidelity.networks import measure_network
from regressions.fidelity.records import SCHEMA, Experiment, Measured
from regressions.json_codec import ResultsError, decode, encode
from regressions.option_error import OptionError
from regressions.problems import writing
from regressions.run import git_info, shown
from regressions.traces import Trace
from tb.build_cache import write_whole
from tb.toolchain import REPO_ROOT

KEPT = Path(__file__).resolve().parent / "kept"
FULL = "full.safetensors"


@dataclass(frozen=True)
class Recipe:
    """A network's capture: options besides the defaults, images of the recorded iteration."""

    model: str
    options: tuple[str, ...] = ()
    images: int = 16


_SLOWLY = ("--learning-rate", "0.01", "--threads", "1")
_PAIR = ("--learning-rate", "0.02", "--epochs", "8", "--threads", "1")
RECIPES: dict[Experiment, dict[str, Recipe]] = {
    Experiment.NETWORKS: {
        "resnet18": Recipe("resnet18"),
        "vgg16": Recipe("vgg16", (*_SLOWLY, "--min-accuracy", "0.9")),
        "alexnet": Recipe("alexnet", _SLOWLY),
    },
    Experiment.NO_BATCH_NORM: {
        "resnet18-narrow": Recipe("resnet18-narrow", _PAIR),
        "resnet18-without-norm": Recipe("resnet18-without-norm", _PAIR),
    },
    Experiment.BATCH: {"resnet18-batch-32": Recipe("resnet18", ("--record-batch", "32"), 32)},
}
"""Captures of each experiment by name.

Networks without batch-norm do not train with the default rate, and take longer (VGG16 reaches 0.93 in three
epochs); the two that differ in batch-norm alone have all else alike.
"""


class ExperimentError(RuntimeError):
    """A network could not be captured, or a kept result is damaged."""


def perform(
    which: Experiment, work: Path, policy: str, fresh: bool, command: str, tell: Callable[[str], None]
) -> Measured:
    """Make an experiment, and keep its result in the working folder.

    Raises
    ------
    ExperimentError
        If a capture fails.
    regressions.traces.TraceError
        If a trace that is there is damaged.
    """
    begin, started = time.monotonic(), datetime.now(UTC)
    networks = []
    for name, recipe in RECIPES[which].items():
        path = work / name / FULL
        words = ["--model", recipe.model, *recipe.options, "--out", str(shown(path.parent))]
        if fresh or not _is_there(path, recipe):
            tell(f"{name}: training and capturing it; {shlex.join(words)}")
            _capture(words)
        networks.append(measure_network(path, name, shlex.join(["./run", "capture", *words]), policy, tell))
    result = Measured(
        SCHEMA,
        which,
        started.isoformat(timespec="seconds"),
        git_info(),
        time.monotonic() - begin,
        command,
        policy,
        networks,
    )
    keep(result, work)
    return result


def _is_there(path: Path, recipe: Recipe) -> bool:
    """Tell whether a trace is there, and of this network and batch."""
    if not path.is_file():
        return False
    run = Trace.open(path, verify=False).run
    return (run.model, run.batch) == (NETWORKS.get(recipe.model, recipe.model), recipe.images)


def _capture(words: list[str]) -> None:
    if importlib.util.find_spec("torch") is None:
        raise OptionError(
            "--experiment: PyTorch is not installed in this Python: start the study as ./run fidelity, "
            "which installs it"
        )
    done = subprocess.run(
        [sys.executable, "-m", "regressions.capture", *words],
        cwd=REPO_ROOT,
        stdout=sys.stderr,
        check=False,
    )
    if done.returncode:
        raise ExperimentError(
            f"the capture failed (its messages are above): ./run capture {shlex.join(words)}"
        )


def keep(result: Measured, folder: Path) -> None:
    """Write a result into a folder."""
    path = folder / f"{result.experiment}.json"
    with writing(path, "--work"):
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, (json.dumps(encode(result), indent=1) + "\n").encode())


def find(which: Experiment, *folders: Path) -> Measured | None:
    """Return what the first folder that has it holds of an experiment; None if none has.

    Raises
    ------
    ExperimentError
        If it is of another schema, or damaged.
    """
    for folder in folders:
        path = folder / f"{which}.json"
        if path.is_file():
            return _read(path, which)
    return None


def _read(path: Path, which: Experiment) -> Measured:
    again = f"make it anew with ./run fidelity --experiment {which}"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        found = document.get("schema") if isinstance(document, dict) else None
        if found != SCHEMA:
            raise ExperimentError(f"{shown(path)}: schema is {found!r}, must be {SCHEMA}; {again}")
        result = decode(Measured, document)
    except (ValueError, ResultsError) as error:
        raise ExperimentError(f"{shown(path)}: is no result of an experiment: {error}; {again}") from error
    if result.experiment is not which or not result.networks:
        raise ExperimentError(f"{shown(path)}: holds no {which}; {again}")
    return result
