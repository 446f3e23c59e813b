"""The training program: load, build, go on from a checkpoint, train, test, record."""

from __future__ import annotations

import time
from functools import partial

import torch
from torch import nn

from golden.seeds import derive_seed
from regressions.capture.datasets import DataSet, Split, data_digest, load_dataset
from regressions.capture.models import build_model
from regressions.capture.options import BUILT_IN_MODEL
from regressions.capture.progress import Progress, duration
from regressions.capture.resnet import FULL_WIDTH, ResNet18
from regressions.capture.training import (
    accuracy,
    epoch_batches,
    learning_rate_factor,
    load_batch,
    make_deterministic,
)
from regressions.training import checkpoint
from regressions.training.arithmetic import Arithmetic, install
from regressions.training.emulation import Emulation
from regressions.training.errors import DivergedError, TrainingError
from regressions.training.exact import GoldenCore
from regressions.training.iteration import iterate
from regressions.training.loss_chart import loss_chart
from regressions.training.loss_scale import FIRST_DYNAMIC, LossScale
from regressions.training.optimizers import make_optimizer, round_masters
from regressions.training.options import DYNAMIC, Options
from regressions.training.precision import codings
from regressions.training.record import Record, compare
from regressions.training.state import State

BESIDE_NAME = "beside.csv"
BESIDE_CHART = "beside.svg"

say = partial(print, flush=True)
"""Standard output keeps its place among the progress lines also in a log file."""


def train(options: Options) -> Record:
    """Train, or go on where the checkpoint in ``options.out`` ends.

    Raises
    ------
    regressions.capture.errors.CaptureError
        If data set, network, options, checkpoint or training are at fault.
    """
    other = _read_beside(options)
    dataset = load_dataset(options.dataset, options.image_size)
    split = _training_images(dataset, options)
    state = make_state(options, dataset, split)
    for note in dataset.notes:
        say(f"note: {note}")
    products = ", products by the golden model" if options.exact else ""
    say(
        f"{options.model} ({state.record.weights:,} weights) on {dataset.name}: {len(split)} training and "
        f"{len(dataset.test)} test images of {dataset.image_size}x{dataset.image_size}, "
        f"batch {options.batch}, {options.mode}{products}, seed {options.seed}"
    )
    if options.fresh:
        checkpoint.forget(options.out)
    elif checkpoint.restore(options.out, options, state):
        say(f"going on after iteration {state.record.done} of {state.record.total}")
    _train_on(state, options, dataset, split)
    _say_results(state.record)
    if other is not None:
        _write_beside(state.record, other, options)
    return state.record


def _read_beside(options: Options) -> Record | None:
    """Return the record of the run beside this one; None if none was named."""
    if options.beside is None:
        return None
    other = Record.read(options.beside)
    if not other.losses:
        why = f" (it diverged in iteration {other.diverged['iteration']})" if other.diverged else ""
        raise TrainingError(
            f"--beside {options.beside}",
            f"the run there has no loss to set beside{why}",
            "name a run that has ended an iteration",
        )
    return other


def make_state(options: Options, dataset: DataSet, split: Split) -> State:
    """Return the state of a run before its first iteration."""
    make_deterministic(derive_seed("training weights", options.seed), options.threads)
    # Else PyTorch writes NaNs into each new tensor, so that reading one before writing it shows.
    torch.utils.deterministic.fill_uninitialized_memory = False
    arithmetic = _make_arithmetic(options)
    model = _make_model(options, dataset)
    if options.masters == "fp16":
        round_masters(model)
    dynamic = options.loss_scale == DYNAMIC
    per_epoch = len(split) // options.batch
    return State(
        model=model,
        arithmetic=arithmetic,
        layers={} if arithmetic is None else install(model, arithmetic),
        optimizer=make_optimizer(model, options.optimizer, options.highest_rate, options.weight_decay),
        scale=LossScale(FIRST_DYNAMIC if dynamic else float(options.loss_scale), dynamic),
        record=Record(
            recipe=options.recipe,
            total=options.iterations or options.epochs * per_epoch,
            torch=str(torch.__version__),
            weights=sum(parameter.numel() for parameter in model.parameters()),
            train_images=len(split),
            test_images=len(dataset.test),
            data=data_digest(options.dataset),
        ),
    )


def _make_arithmetic(options: Options) -> Arithmetic | None:
    coded = codings(options.mode, options.policy)
    fp32_gradients = options.gradients == "fp32"
    if options.mode == "fp32":
        if options.exact:
            raise TrainingError("--exact", "the hardware does not multiply FP32", "choose another --mode")
        return None
    if options.exact:
        return GoldenCore(coded, fp32_gradients, options.threads)
    return Emulation(coded, fp32_gradients)


def _make_model(options: Options, dataset: DataSet) -> nn.Module:
    classes = len(dataset.classes)
    if options.model == BUILT_IN_MODEL:
        return ResNet18(classes, dataset.image_size, options.width)
    if options.width != FULL_WIDTH:
        raise TrainingError(
            f"--width {options.width}", f"only {BUILT_IN_MODEL} has a width to choose", "leave it out"
        )
    return build_model(options.model, classes, dataset.image_size)


def _training_images(dataset: DataSet, options: Options) -> Split:
    split = dataset.train
    if options.train_images is not None:
        split = split.limited(options.train_images, derive_seed("training images", options.seed))
    if len(split) < options.batch:
        raise TrainingError(
            "--batch",
            f"is {options.batch}, there are {len(split)} training images",
            "choose a smaller batch",
        )
    return split


def _train_on(state: State, options: Options, dataset: DataSet, split: Split) -> None:
    """Run the iterations that are left, or those that this call may run."""
    record = state.record
    per_epoch = len(split) // options.batch
    order = derive_seed("training order", options.seed)
    end = record.total if options.stop_after is None else min(record.total, record.done + options.stop_after)
    first = record.done
    progress = Progress(end - first)
    saved = first
    state.model.train()
    try:
        while record.done < end:
            epoch = record.done // per_epoch + 1
            batches = list(epoch_batches(len(split), options.batch, order, epoch))
            for indices in batches[record.done % per_epoch : record.done % per_epoch + end - record.done]:
                images, labels = load_batch(split, indices)
                begin = time.monotonic()
                rate = options.highest_rate * learning_rate_factor(record.done / record.total)
                loss = iterate(state, images, labels, rate, options.masters == "fp16")
                record.seconds += time.monotonic() - begin
                progress.show(
                    record.done - first,
                    f"epoch {epoch}  iteration {record.done}/{record.total}  loss {loss:.4f}",
                )
                if record.done % per_epoch == 0 or record.finished:
                    reached = accuracy(state.model, dataset.test)
                    record.tests.append({"iteration": record.done, "accuracy": reached})
                    state.model.train()
                if record.done - saved >= options.checkpoint_every or record.done == end:
                    checkpoint.save(options.out, options, state)
                    saved = record.done
    except KeyboardInterrupt:
        say(f"\ninterrupted in iteration {record.done + 1}: the same command goes on after iteration {saved}")
        raise
    except DivergedError as error:
        checkpoint.save_diverged(options.out, record, error)
        raise
    finally:
        if end > first:
            progress.close()


def _say_results(record: Record) -> None:
    if not record.finished:
        say(f"stopped after iteration {record.done} of {record.total}: the same command goes on")
    for test in record.tests:
        say(f"iteration {test['iteration']:6}  test accuracy {test['accuracy']:.4f}")
    if record.shares:
        last = record.shares[-1]
        for tensor in (name for name in ("X", "W", "delta") if name in last):
            share = last[tensor]
            zeros = 1 - share["nonzeros"] / share["elements"]
            fp16 = share["fp16"] / max(1, share["nonzeros"])
            number = last["iteration"]
            say(f"iteration {number:6}  {tensor:5} zero {zeros:6.1%}, FP16 of non-zeros {fp16:6.1%}")
    mean = record.seconds / max(1, record.done)
    say(
        f"{record.done} iterations in {duration(record.seconds)} ({mean:.3f} s each), "
        f"last loss {record.losses[-1]:.4f}, {len(record.skipped)} skipped"
    )


def _write_beside(record: Record, other: Record, options: Options) -> None:
    """Write both runs' losses and their chart, and say how far they lie apart."""
    rows = compare(record, other)
    lines = [
        "iteration,loss,loss_beside",
        *(f"{number},{mine!r},{others!r}" for number, mine, others in rows),
    ]
    files = {
        BESIDE_NAME: "\n".join(lines) + "\n",
        BESIDE_CHART: loss_chart(rows, _kind(record), f"beside: {_kind(other)}"),
    }
    for name, text in files.items():
        path = options.out / name
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise TrainingError(
                str(path), f"cannot be written ({error.strerror})", "see that the disk is not full"
            ) from error
    gaps = [abs(mine - others) for _, mine, others in rows]
    equal = next((number - 1 for number, mine, others in rows if mine != others), len(rows))
    say(
        f"beside {options.beside} over {len(rows)} iterations: losses equal up to iteration {equal}, "
        f"apart by {sum(gaps) / len(gaps):.4f} in the mean and {max(gaps):.4f} at most "
        f"({options.out / BESIDE_NAME}; chart: {options.out / BESIDE_CHART})"
    )


def _kind(record: Record) -> str:
    """Return a run's precision, what computed its products, and its seed."""
    mode, exact, seed = (record.recipe.get(name) for name in ("mode", "exact", "seed"))
    products = "golden model" if exact else "PyTorch" if mode == "fp32" else "emulation"
    return f"{mode}, {products}, seed {seed}"
