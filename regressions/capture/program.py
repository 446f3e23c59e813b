"""The capture program: load, try, train, record, write."""

from __future__ import annotations

import copy
import os
import shutil
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from regressions.capture.datasets import DataSet, Split, load_dataset
from regressions.capture.errors import CaptureError
from regressions.capture.hooks import Recording, record_iteration
from regressions.capture.models import build_model
from regressions.capture.options import Options
from regressions.capture.progress import duration
from regressions.capture.training import (
    LABEL_SMOOTHING,
    Recipe,
    accuracy,
    epoch_batches,
    load_batch,
    make_deterministic,
    train,
)
from regressions.traces import LayerTrace, TensorStatistics, Trace, TraceRun, write_sample, write_trace

FULL_NAME = "full.safetensors"
SAMPLE_NAME = "sample.safetensors"

say = partial(print, flush=True)
"""Standard output keeps its place among the progress lines also in a log file."""

_BYTES = 2
_SPARE = 1.5
"""The sample never is half as large as the full trace."""


def capture(options: Options) -> None:
    """Run a whole capture.

    A trial iteration on the untrained network comes first, so that a layer outside the contract, a
    folder that cannot be written and a disk that is too small show before the training, not after it.

    Raises
    ------
    CaptureError
        If the data set, the network or the training is at fault.
    TraceError
        If the result cannot be written.
    """
    start = time.monotonic()
    make_deterministic(options.seed, options.threads)
    dataset = load_dataset(options.dataset, options.image_size)
    train_split = _choose_images(dataset, options)
    for note in dataset.notes:
        say(f"note: {note}")
    model = build_model(options.model, len(dataset.classes), dataset.image_size)
    say(
        f"{options.model} on {dataset.name}: {len(train_split)} training and {len(dataset.test)} test images "
        f"of {dataset.image_size}x{dataset.image_size}, {len(dataset.classes)} classes, seed {options.seed}"
    )
    recordings = _trial(model, train_split, options)
    if options.list_layers:
        _print_layers(recordings)
        return
    total = options.epochs * (len(train_split) // options.batch)
    moments = _moments(options, total)
    _prepare_folder(options.out, recordings, len(moments))

    def record(updates: int) -> None:
        reached = accuracy(model, dataset.test)
        say(
            f"test accuracy {reached:.4f} after {updates} of {total} updates, "
            f"{duration(time.monotonic() - start)}"
        )
        if updates == total and reached < options.accuracy_floor:
            raise CaptureError(
                "training",
                f"test accuracy is {reached:.4f}, must be at least {options.accuracy_floor}",
                "train for more --epochs, or lower --min-accuracy",
            )
        folder = options.out if options.at is None else options.out / f"after-{updates}"
        _record(model, train_split, dataset, options, Captured(updates, total, reached), folder)

    recipe = Recipe(options.epochs, options.batch, options.learning_rate, options.seed)
    train(model, train_split, recipe, moments, record)
    say(f"captured {len(recordings)} layers in {duration(time.monotonic() - start)}")


@dataclass(frozen=True)
class Captured:
    """When an iteration was recorded: updates before it, those of the whole training, test accuracy."""

    updates: int
    total: int
    accuracy: float


def _moments(options: Options, total: int) -> list[int]:
    """Return after how many updates to record, ascending.

    Raises
    ------
    CaptureError
        If the training is not as long.
    """
    if options.at is None:
        return [total]
    moments = sorted({moment.updates(total) for moment in options.at})
    if moments[-1] > total:
        raise CaptureError(
            f"--at {moments[-1]}",
            f"the training has {total} updates",
            f"name 0 to {total}, or train for more --epochs",
        )
    return moments


def _record(
    model: nn.Module, split: Split, dataset: DataSet, options: Options, when: Captured, folder: Path
) -> None:
    """Record the next iteration of the training, and write its files; the network stays as it is."""
    per_epoch = len(split) // options.batch
    epoch, within = when.updates // per_epoch + 1, when.updates % per_epoch
    images, labels = _iteration_batch(split, options, epoch, within)
    recordings, _, loss = _record_copy(model, images, labels, options)
    run = TraceRun(
        model=options.model,
        dataset=dataset.name,
        classes=len(dataset.classes),
        image_size=dataset.image_size,
        batch=options.recorded_images,
        seed=options.seed,
        threads=options.threads,
        epoch=epoch,
        iteration=within + 1,
        loss=loss,
        label_smoothing=LABEL_SMOOTHING,
        loss_scale=options.loss_scale,
        accuracy=when.accuracy,
        torch_version=str(torch.__version__),
        updates=when.updates,
        total_updates=when.total,
    )
    layers = [_layer_trace(recording) for recording in recordings.values()]
    _print_summary(layers, recordings)
    _make_folder(folder)
    full, sample = folder / FULL_NAME, folder / SAMPLE_NAME
    write_trace(full, run, layers)
    write_sample(Trace.open(full, verify=False), sample)
    for path in (full, sample):
        say(f"wrote {path} ({path.stat().st_size:,} bytes)")


def _choose_images(dataset: DataSet, options: Options) -> Split:
    split = dataset.train
    if options.train_images is not None:
        split = split.limited(options.train_images, options.seed)
    for option, images in (("--batch", options.batch), ("--record-batch", options.recorded_images)):
        if len(split) < images:
            raise CaptureError(
                option, f"is {images}, there are {len(split)} training images", "choose a smaller batch"
            )
    return split


def _iteration_batch(split: Split, options: Options, epoch: int, within: int = 0) -> tuple[Tensor, Tensor]:
    """Return images and labels of an iteration (`within` an epoch, from 0), as many as are to be recorded.

    They begin where those of the training do, or earlier if the epoch has no more.
    """
    order = next(epoch_batches(len(split), len(split), options.seed, epoch))
    start = min(within * options.batch, len(split) - options.recorded_images)
    return load_batch(split, order[start : start + options.recorded_images])


def _trial(model: nn.Module, split: Split, options: Options) -> dict[str, Recording]:
    """Record an iteration of a copy of the untrained network."""
    images, labels = _iteration_batch(split, options, 1)
    try:
        recordings, skipped, _ = _record_copy(model, images, labels, options)
    except CaptureError:
        raise
    except Exception as error:  # the user's network may raise anything
        shape = "x".join(str(size) for size in images.shape)
        raise CaptureError(
            f"--model {options.model}",
            f"an iteration on {shape} images failed ({' '.join(str(error).split())})",
            "choose another --image-size or --batch, or another network",
        ) from error
    for problem in skipped:
        say(f"skipped: {problem}")
    return recordings


def _record_copy(
    model: nn.Module, images: Tensor, labels: Tensor, options: Options
) -> tuple[dict[str, Recording], list[str], float]:
    """Record an iteration of a copy of the network; the training is not disturbed."""
    state = torch.random.get_rng_state()
    result = record_iteration(
        copy.deepcopy(model), images, labels, options.loss_scale, options.skip_unsupported
    )
    torch.random.set_rng_state(state)
    return result


def _make_folder(out: Path) -> int:
    """Make a folder; return the bytes that are free there."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        return shutil.disk_usage(out).free
    except OSError as error:
        raise CaptureError(
            f"--out {out}", f"cannot be made ({error.strerror})", "name another folder"
        ) from error


def _prepare_folder(out: Path, recordings: dict[str, Recording], traces: int) -> None:
    """Make the folder, and see that it can be written to and has room for so many traces."""
    free = _make_folder(out)
    if not os.access(out, os.W_OK | os.X_OK):
        raise CaptureError(f"--out {out}", "cannot be written to", "name another folder")
    whose = "the trace needs" if traces == 1 else f"{traces} traces need"
    elements = sum(recording.x.size + recording.w.size for recording in recordings.values())
    elements += sum(recording.delta.size for recording in recordings.values() if recording.delta is not None)
    needed = int(elements * _BYTES * _SPARE) * traces
    if free < needed:
        raise CaptureError(
            f"--out {out}",
            f"has {free:,} bytes free, {whose} {needed:,}",
            "free space, or name another folder",
        )


def _layer_trace(recording: Recording) -> LayerTrace:
    assert recording.delta is not None  # the recorder hands out whole recordings only
    tensors = {"x": recording.x, "w": recording.w, "delta": recording.delta}
    return LayerTrace(
        geometry=recording.geometry,
        steps=recording.steps,
        x=recording.x,
        w=recording.w,
        delta=recording.delta,
        statistics={operand: TensorStatistics.of(bits) for operand, bits in tensors.items()},
    )


def _print_layers(recordings: dict[str, Recording]) -> None:
    for name, recording in recordings.items():
        g = recording.geometry
        x = f"{g.in_channels:4} x {g.in_height:3} x {g.in_width:3}"
        y = f"{g.out_channels:4} x {g.out_height:3} x {g.out_width:3}"
        window = f"kernel {g.kernel}  stride {g.stride}  padding {g.padding}"
        say(f"{name:24} {x} -> {y}  {window}  {' '.join(recording.steps)}")


def _print_summary(layers: list[LayerTrace], recordings: dict[str, Recording]) -> None:
    """Print the zeros of each layer, and what did not fit FP16."""
    say(f"{'layer':24} {'X zeros':>9} {'δ zeros':>9}")
    for layer in layers:
        x, delta = layer.statistics["x"], layer.statistics["delta"]
        say(f"{layer.name:24} {x.zero_fraction:9.1%} {delta.zero_fraction:9.1%}")
    for name, recording in recordings.items():
        for operand, count in recording.overflows.items():
            if count:
                say(f"warning: {name}: {count} values of {operand} exceed FP16 and became infinite")
