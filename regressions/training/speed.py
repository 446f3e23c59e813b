"""Time of a training step in each precision, side by side: what ``--speed`` measures."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace

from regressions.capture.datasets import load_dataset
from regressions.capture.training import epoch_batches, load_batch
from regressions.training.errors import TrainingError
from regressions.training.iteration import iterate
from regressions.training.options import Options
from regressions.training.program import make_state

NAME = "speed.json"
TURNS = 5
KINDS = {"fp32": ("fp32", False), "fp16": ("fp16", False), "fgmp": ("fgmp", False), "exact": ("fgmp", True)}
"""What is measured: name, mode, and whether the golden model computes the products."""


def report(options: Options) -> None:
    """Measure, print and write the seconds of a step of each kind.

    Raises
    ------
    TrainingError
        If the file cannot be written.
    """
    seconds = measure(options)
    print(
        f"a step of {options.model}, width {options.width}, batch {options.batch}, threads {options.threads}"
    )
    for name, value in seconds.items():
        print(f"{name:6} {value:8.4f} s  {value / seconds['fp32']:6.2f} times fp32")
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / NAME).write_text(json.dumps(seconds), encoding="utf-8")
    except OSError as error:
        raise TrainingError(
            f"--out {options.out}", f"cannot be written to ({error.strerror})", "name another folder"
        ) from error


def measure(options: Options) -> dict[str, float]:
    """Return the seconds of one step of each of `KINDS`: forward, backward, loss scale and update.

    The least of several turns, each of which runs every kind once; one more turn goes before them.
    """
    steps = {
        name: _step(
            replace(options, mode=mode, exact=exact, policy=options.policy if mode == "fgmp" else None)
        )
        for name, (mode, exact) in KINDS.items()
    }
    best = dict.fromkeys(steps, float("inf"))
    for turn in range(TURNS + 1):
        for name, step in steps.items():
            begin = time.perf_counter()
            step()
            if turn:
                best[name] = min(best[name], time.perf_counter() - begin)
    return best


def _step(options: Options) -> Callable[[], object]:
    """Return a function that runs one more iteration of a run with these options, on the same images."""
    dataset = load_dataset(options.dataset, options.image_size)
    state = make_state(options, dataset, dataset.train)
    state.model.train()
    indices = next(epoch_batches(len(dataset.train), options.batch, options.seed, 1))
    images, labels = load_batch(dataset.train, indices)
    rate = options.highest_rate / 20  # the first of the schedule
    return lambda: iterate(state, images, labels, rate, options.masters == "fp16")
