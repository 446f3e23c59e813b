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
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from regressions.capture.cli import parse_options
from regressions.capture.options import NETWORKS
from regressions.fidelity.networks import measure_network
from regressions.fidelity.records import EXPERIMENT_SCHEMA, Experiment, Measured
from regressions.json_codec import ResultsError, decode, encode
from regressions.option_error import OptionError
from regressions.problems import writing
from regressions.results import GitInfo
from regressions.run import shown
from regressions.traces import Trace
from tb.build_cache import write_whole
from tb.toolchain import REPO_ROOT

CAPTURE = ("./run", "capture")
KEPT = Path(__file__).resolve().parent / "kept"
FULL = "full.safetensors"
RECIPE = "recipe.json"
"""What a network was captured with, beside its trace: all options, also those that are defaults."""


@dataclass(frozen=True)
class Recipe:
    """A network's capture: options besides the defaults, images of the recorded iteration."""

    model: str
    options: tuple[str, ...] = ()
    images: int = 16

    @property
    def words(self) -> list[str]:
        """Words of the capture's command line, the folder aside."""
        return ["--model", self.model, *self.options]

    def in_force(self) -> dict[str, str]:
        """Return all options of the capture, also those that are defaults; the folder aside."""
        options = asdict(parse_options(self.words))
        return {name: str(value) for name, value in options.items() if name != "out"}


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
    which: Experiment,
    work: Path,
    policy: str,
    fresh: bool,
    command: str,
    tell: Callable[[str], None],
    git: GitInfo,
) -> Measured:
    """Make an experiment, and keep its result in the working folder.

    Parameters
    ----------
    git : GitInfo
        Of the program's start: results that it saves must not pass for changes.

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
        words = [*recipe.words, "--out", str(shown(path.parent))]
        if fresh or not _is_there(path, recipe):
            tell(f"{name}: training and capturing it; {shlex.join(words)}")
            _capture(words)
            remember(path, recipe)
        networks.append(measure_network(path, name, shlex.join([*CAPTURE, *words]), policy, tell))
    result = Measured(
        EXPERIMENT_SCHEMA,
        which,
        started.isoformat(timespec="seconds"),
        git,
        time.monotonic() - begin,
        command,
        policy,
        networks,
    )
    keep(result, work)
    return result


def _is_there(path: Path, recipe: Recipe) -> bool:
    """Tell whether a trace is there, and was captured by this recipe and nothing else."""
    try:
        known = json.loads((path.parent / RECIPE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if not path.is_file():
        return False
    trace = Trace.open(path, verify=False)
    return (
        known == _identity(trace, recipe)
        and trace.run.model == NETWORKS.get(recipe.model, recipe.model)
        and trace.run.batch == recipe.images
    )


def remember(path: Path, recipe: Recipe) -> None:
    """Write beside a trace what it was captured with."""
    known = _identity(Trace.open(path, verify=False), recipe)
    with writing(path.parent / RECIPE, "--work"):
        write_whole(path.parent / RECIPE, (json.dumps(known, indent=1) + "\n").encode())


def _identity(trace: Trace, recipe: Recipe) -> dict[str, object]:
    """Return what `RECIPE` holds; the digest tells whether the trace is still the one it was written for."""
    return {"digest": trace.digest, "options": recipe.in_force()}


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
        If it is of another schema, damaged, or not of the networks and recipes of today.
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
        if found != EXPERIMENT_SCHEMA:
            raise ExperimentError(f"{shown(path)}: schema is {found!r}, must be {EXPERIMENT_SCHEMA}; {again}")
        result = decode(Measured, document)
        problem = _misfit(result, which)
    except (ValueError, ResultsError) as error:
        raise ExperimentError(f"{shown(path)}: is no result of an experiment: {error}; {again}") from error
    if problem:
        raise ExperimentError(f"{shown(path)}: {problem}; {again}")
    return result


def _misfit(result: Measured, which: Experiment) -> str | None:
    """Return why a result is not this experiment's, by its field; None if it is."""
    if result.experiment is not which:
        return f"experiment: is {result.experiment}, must be {which}"
    recipes, names = RECIPES[which], [one.name for one in result.networks]
    if names != list(recipes):
        return f"networks: are {', '.join(names) or 'none'}, must be {', '.join(recipes)}"
    for place, one in enumerate(result.networks):
        words, wanted = shlex.split(one.command), [*CAPTURE, *recipes[one.name].words]
        if words[: len(wanted)] != wanted or words[len(wanted) : -1] != ["--out"]:
            return f"networks[{place}].command: is {one.command}, must be {shlex.join(wanted)} --out FOLDER"
        if not one.layers or not one.traffic:
            return f"networks[{place}]: has no layers or no traffic"
    return None
