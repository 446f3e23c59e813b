"""The capture program: load, try, train, record, write."""

from __future__ import annotations

import copy
import os
import shutil
import time
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
    _prepare_folder(options.out, recordings)

    train(model, train_split, Recipe(options.epochs, options.batch, options.learning_rate, options.seed))
    reached = accuracy(model, dataset.test)
    say(f"test accuracy {reached:.4f} after {options.epochs} epochs, {duration(time.monotonic() - start)}")
    if reached < options.accuracy_floor:
        raise CaptureError(
            "training",
            f"test accuracy is {reached:.4f}, must be at least {options.accuracy_floor}",
            "train for more --epochs, or lower --min-accuracy",
        )

    images, labels = _iteration_batch(train_split, options, options.epochs + 1)
    recordings, _, loss = record_iteration(
        model, images, labels, options.loss_scale, options.skip_unsupported
    )
    run = TraceRun(
        model=options.model,
        dataset=dataset.name,
        classes=len(dataset.classes),
        image_size=dataset.image_size,
        batch=options.recorded_images,
        seed=options.seed,
        threads=options.threads,
        epoch=options.epochs + 1,
        iteration=1,
        loss=loss,
        label_smoothing=LABEL_SMOOTHING,
        loss_scale=options.loss_scale,
        accuracy=reached,
        torch_version=str(torch.__version__),
    )
    layers = [_layer_trace(recording) for recording in recordings.values()]
    _print_summary(layers, recordings)
    full, sample = options.out / FULL_NAME, options.out / SAMPLE_NAME
    write_trace(full, run, layers)
    write_sample(Trace.open(full, verify=False), sample)
    for path in (full, sample):
        say(f"wrote {path} ({path.stat().st_size:,} bytes)")
    say(f"captured {len(layers)} layers in {duration(time.monotonic() - start)}")


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


def _iteration_batch(split: Split, options: Options, epoch: int) -> tuple[Tensor, Tensor]:
    """Return images and labels of the first iteration of an epoch."""
    return load_batch(split, next(epoch_batches(len(split), options.recorded_images, options.seed, epoch)))


def _trial(model: nn.Module, split: Split, options: Options) -> dict[str, Recording]:
    """Record an iteration of a copy of the untrained network."""
    images, labels = _iteration_batch(split, options, 1)
    state = torch.random.get_rng_state()
    try:
        recordings, skipped, _ = record_iteration(
            copy.deepcopy(model), images, labels, options.loss_scale, options.skip_unsupported
        )
    except CaptureError:
        raise
    except Exception as error:  # the user's network may raise anything
        shape = "x".join(str(size) for size in images.shape)
        raise CaptureError(
            f"--model {options.model}",
            f"an iteration on {shape} images failed ({' '.join(str(error).split())})",
            "choose another --image-size or --batch, or another network",
        ) from error
    torch.random.set_rng_state(state)
    for problem in skipped:
        say(f"skipped: {problem}")
    return recordings


def _prepare_folder(out: Path, recordings: dict[str, Recording]) -> None:
    """Make the folder, and see that it can be written to and has room."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(out).free
    except OSError as error:
        raise CaptureError(
            f"--out {out}", f"cannot be made ({error.strerror})", "name another folder"
        ) from error
    if not os.access(out, os.W_OK | os.X_OK):
        raise CaptureError(f"--out {out}", "cannot be written to", "name another folder")
    elements = sum(recording.x.size + recording.w.size for recording in recordings.values())
    elements += sum(recording.delta.size for recording in recordings.values() if recording.delta is not None)
    needed = int(elements * _BYTES * _SPARE)
    if free < needed:
        raise CaptureError(
            f"--out {out}",
            f"has {free:,} bytes free, the trace needs {needed:,}",
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
