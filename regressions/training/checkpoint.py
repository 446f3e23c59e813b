"""Checkpoints: all that the next iteration depends on, in one file that is whole or not there."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

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
        "random": torch.get_rng_state(),  # dropout draws from it
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
        If the checkpoint is damaged, or was made with other options, images or PyTorch.
    """
    path = folder / NAME
    if not path.exists():
        return False
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        record = Record.from_json(content["record"])
        same = (
            content["digest"] == options.digest
            and record.torch == state.record.torch
            and record.data == state.record.data
        )
        if same:
            _put_back(content, record, state)
    except (
        OSError,
        RuntimeError,
        EOFError,
        pickle.UnpicklingError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
    ) as error:
        raise TrainingError(
            str(path), f"cannot be read ({_first_line(error)})", "begin anew with --fresh"
        ) from error
    if not same:
        raise TrainingError(
            str(path),
            f"is of another run ({_differences(record, state.record, options)})",
            "name another --out, give the options of that run, or begin anew with --fresh",
        )
    return True


def _put_back(content: dict[str, Any], record: Record, state: State) -> None:
    state.record = record
    state.model.load_state_dict(content["model"])
    state.optimizer.load_state_dict(content["optimizer"])
    state.scale = LossScale(**content["scale"])
    for name, histograms in content["previous"].items():
        state.layers[name].previous = {
            tensor: np.array(histogram, np.int64) for tensor, histogram in histograms.items()
        }
    torch.set_rng_state(content["random"])


def forget(folder: Path) -> None:
    """Delete checkpoint and record of the run in a folder, if there are any.

    Raises
    ------
    TrainingError
        If one cannot be deleted.
    """
    for name in (NAME, RECORD_NAME):
        try:
            (folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise TrainingError(
                str(folder / name),
                f"cannot be deleted ({error.strerror})",
                "take it away, check the folder's permissions, or name another --out",
            ) from error


def _first_line(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"it has no {error}"
    return str(error).partition("\n")[0].rstrip(":") or type(error).__name__


def _differences(record: Record, new: Record, options: Options) -> str:
    """Name the options whose values differ, with those of the record; else images or PyTorch's version."""
    theirs, ours = record.recipe, options.recipe
    differing = [name for name in ours if theirs.get(name) != ours[name]]
    if differing:
        return ", ".join(f"{name.replace('_', '-')} {theirs.get(name)}" for name in differing)
    return f"PyTorch {record.torch}" if record.torch != new.torch else "other images"
