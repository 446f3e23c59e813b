"""Runs on disk: where each lies, whether it is there already, what it says."""

from __future__ import annotations

import ast
import dataclasses
import fcntl
import hashlib
import importlib.metadata
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from regressions.accuracy.formats import Format
from regressions.accuracy.options import AccuracyOptions, unit_options
from regressions.accuracy.records import TENSORS, Ending, RunResult, SharePoint, TestPoint
from regressions.capture.datasets import data_digest
from regressions.capture.errors import CaptureError
from regressions.option_error import OptionError
from regressions.problems import WriteError, writing
from regressions.training.errors import TrainingError
from regressions.training.options import Options as Training
from regressions.training.record import NAME as RECORD
from regressions.training.record import Record
from tb.toolchain import REPO_ROOT

CODE = (
    "golden/fgmp.py",
    "golden/formats.py",
    "golden/geometry.py",
    "golden/seeds.py",
    "regressions/training",
    "regressions/capture",
    "regressions/networks",
)
"""What decides the bits of a run."""
NOT_CODE = ("__main__", "arguments", "cli", "errors", "loss_chart", "options", "progress", "record", "speed")
"""Modules there that only read, say and keep: what they read is in the settings."""
SETTINGS = "settings.json"
LOCK = "lock"
KEY_LETTERS = 12
_OWN = ("mode", "policy", "seed", "exact")
"""Options of a run that are not common to all."""


@dataclass(frozen=True)
class Unit:
    """One run of the study: a format and a seed, the options that it is trained with, its folder."""

    format: Format
    seed: int
    options: Training

    @property
    def name(self) -> str:
        """Format and seed."""
        return f"{self.format.name}, seed {self.seed}"

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self.options.out


def settings(training: Training) -> dict[str, Any]:
    """Return the options that all runs have in common and that decide their bits."""
    return {name: value for name, value in training.recipe.items() if name not in _OWN}


def key(training: Training) -> str:
    """Return the hash of all that runs must share to be compared: settings, images, PyTorch, code.

    Raises
    ------
    OptionError
        If the images' files cannot be read.
    """
    try:
        images = data_digest(training.dataset)
    except CaptureError as error:
        raise OptionError(str(error)) from error
    content = json.dumps([settings(training), images, torch_version(), code_digest()], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def torch_version() -> str | None:
    """Return PyTorch's version; None if it is not installed."""
    try:
        return importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return None


def code_digest(root: Path = REPO_ROOT) -> str:
    """Return the hash of the code that decides the bits of a run; comments and docstrings do not count."""
    total = hashlib.sha256()
    for place in CODE:
        path = root / place
        files = [path] if path.is_file() else sorted(path.rglob("*.py"))
        for file in (one for one in files if one.stem not in NOT_CODE):
            total.update(file.relative_to(root).as_posix().encode())
            total.update(_code(file.read_text(encoding="utf-8")).encode())
    return total.hexdigest()


def _code(text: str) -> str:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and ast.get_docstring(node) is not None
        ):
            node.body = node.body[1:]
    return ast.dump(tree)


def units(options: AccuracyOptions, home: Path) -> list[Unit]:
    """Return the study's runs, seed by seed, so that a part of them is a study of fewer seeds."""
    return [
        Unit(
            chosen,
            seed,
            unit_options(options.training, chosen, seed, home / f"{chosen.folder}-seed-{seed}"),
        )
        for seed in options.seeds
        for chosen in options.formats
    ]


def home_of(options: AccuracyOptions, digest: str) -> Path:
    """Return the folder of all runs with these settings."""
    return options.runs / digest[:KEY_LETTERS]


@contextmanager
def held(home: Path, training: Training) -> Iterator[None]:
    """Make the folder of runs, say in it what they share, and keep other studies out of it meanwhile.

    Raises
    ------
    OptionError
        If another study is at work there.
    WriteError
        If it cannot be written.
    """
    with writing(home, "--runs"):
        home.mkdir(parents=True, exist_ok=True)
        (home / SETTINGS).write_text(json.dumps(settings(training), indent=1) + "\n", encoding="utf-8")
        lock = os.open(home / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise OptionError(
                f"--runs {home.parent}: another study of these settings is at work there: wait for its end, "
                "or name another folder"
            ) from None
        yield
    finally:
        os.close(lock)


def forget(unit: Unit) -> None:
    """Delete a run."""
    try:
        shutil.rmtree(unit.folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise WriteError(
            f"{unit.folder}: cannot be deleted: {error.strerror}; check its permissions, or name another "
            "folder with --runs"
        ) from error


def stored(unit: Unit) -> RunResult | None:
    """Return a run's result; None if it is not there, or has not come to its end.

    Raises
    ------
    OptionError
        If what lies there is damaged, or is the run of other options.
    """
    path = unit.folder / RECORD
    if not path.exists():
        return None
    try:
        record = Record.read(unit.folder)
        if record.recipe != unit.options.recipe:
            raise OptionError(f"{path}: is a run of other options; delete its folder, or train with --fresh")
        return _result(unit, record) if record.finished or record.diverged else None
    except (TrainingError, TypeError, KeyError, ValueError) as error:
        if isinstance(error, OptionError):
            raise
        raise OptionError(
            f"{path}: is damaged ({type(error).__name__}); delete its folder, or train with --fresh"
        ) from error


def sizes(unit: Unit) -> dict[str, int]:
    """Return images, weights and iterations of a run that is stored."""
    record = Record.read(unit.folder)
    return {
        "train_images": record.train_images,
        "test_images": record.test_images,
        "weights": record.weights,
        "iterations": record.total,
    }


def _result(unit: Unit, record: Record) -> RunResult:
    diverged = record.diverged
    per_epoch = max(1, record.train_images // unit.options.batch)
    return RunResult(
        format=unit.format.name,
        seed=unit.seed,
        ending=Ending.DIVERGED if diverged else Ending.FINISHED,
        message=str(diverged["reason"]) if diverged else None,
        accuracy=None if diverged else record.accuracy,
        loss=None if diverged else fmean(record.losses[-per_epoch:]),
        losses=[float(loss) for loss in record.losses],
        tests=[TestPoint(int(one["iteration"]), float(one["accuracy"])) for one in record.tests],
        shares=[
            SharePoint(int(point["iteration"]), tensor, *(int(point[tensor][name]) for name in _COUNTS))
            for point in record.shares
            for tensor in TENSORS
            if tensor in point
        ],
        skipped=len(record.skipped),
        seconds=record.seconds,
    )


_COUNTS = tuple(
    field.name for field in dataclasses.fields(SharePoint) if field.name not in ("iteration", "tensor")
)
