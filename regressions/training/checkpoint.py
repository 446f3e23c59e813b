"""Checkpoints: all that the next iteration depends on, in one file that is whole or not there."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from regressions.training.errors import DivergedError, TrainingError
from regressions.training.loss_scale import LossScale
from regressions.training.options import Options
from regressions.training.record import NAME as RECORD_NAME
from regressions.training.record import Record
from regressions.training.state import State

NAME = "checkpoint.pt"


def save(folder: Path, options: Options, state: State) -> None:
    """Write checkpoint and record of a run into its folder.

    Raises
    ------
    TrainingError
        If a file cannot be written.
    """
    previous = {
        name: {tensor: histogram.tolist() for tensor, histogram in layer.previous.items()}
        for name, layer in state.layers.items()
    }
    content = {
        "digest": options.digest,
        "record": state.record.to_json(),
        "model": state.model.state_dict(),
        "optimizer": state.optimizer.state_dict(),
        "scale": asdict(state.scale),
        "previous": previous,
    }
    with _writing(folder):
        # The record first: where there is a checkpoint, the record is at least as new.
        _save_record(folder, state.record)
        partial = folder / f"{NAME}.partial"
        torch.save(content, partial)
        partial.replace(folder / NAME)


def save_diverged(folder: Path, record: Record, error: DivergedError) -> None:
    """Write the record of a run that cannot go on; its last checkpoint stays.

    Raises
    ------
    TrainingError
        If the file cannot be written.
    """
    record.diverged = {"iteration": error.iteration, "reason": error.problem}
    with _writing(folder):
        _save_record(folder, record)


def _save_record(folder: Path, record: Record) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{RECORD_NAME}.partial"
    partial.write_text(record.to_json(), encoding="utf-8")
    partial.replace(folder / RECORD_NAME)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError) as error:  # PyTorch reports a full disk as a RuntimeError
        raise TrainingError(
            f"--out {folder}",
            f"cannot be written to ({error})",
            "name another folder, or see that the disk is not full",
        ) from error


def restore(folder: Path, options: Options, state: State) -> bool:
    """Put a run's state back to that of its last checkpoint; return whether there is one.

    Raises
    ------
    TrainingError
        If the checkpoint is damaged, or was made with other options.
    """
    path = folder / NAME
    if not path.exists():
        return False
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        record = Record.from_json(content["record"])
        same = content["digest"] == options.digest and record.torch == state.record.torch
    except (
        OSError,
        RuntimeError,
        EOFError,
        pickle.UnpicklingError,
        ValueError,
        TypeError,
        KeyError,
    ) as error:
        raise TrainingError(
            str(path), f"cannot be read ({_first_line(error)})", "begin anew with --fresh"
        ) from error
    if not same:
        raise TrainingError(
            str(path),
            f"is of another run ({_differences(record, options)})",
            "name another --out, give the options of that run, or begin anew with --fresh",
        )
    state.record = record
    state.model.load_state_dict(content["model"])
    state.optimizer.load_state_dict(content["optimizer"])
    state.scale = LossScale(**content["scale"])
    for name, histograms in content["previous"].items():
        state.layers[name].previous = {
            tensor: np.array(histogram, np.int64) for tensor, histogram in histograms.items()
        }
    return True


def forget(folder: Path) -> None:
    """Delete checkpoint and record of the run in a folder, if there are any."""
    for name in (NAME, RECORD_NAME):
        (folder / name).unlink(missing_ok=True)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__


def _differences(record: Record, options: Options) -> str:
    """Name the options whose values differ, with those of the record; else the version of PyTorch."""
    theirs, ours = record.recipe, options.recipe
    differing = [name for name in ours if theirs.get(name) != ours[name]]
    return (
        ", ".join(f"{name.replace('_', '-')} {theirs.get(name)}" for name in differing)
        or f"PyTorch {record.torch}"
    )
