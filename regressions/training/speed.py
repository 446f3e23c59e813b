"""Time of an FGMP training step beside that of plain FP32, and of one by the golden model.

``python -m regressions.training.speed [--width N] [--threads N] ...`` prints one JSON object; the seconds are
the least of several turns, each of which runs every step once.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence

import torch

from regressions.capture.arguments import positive
from regressions.capture.datasets import load_dataset
from regressions.capture.training import epoch_batches, load_batch
from regressions.training import cli
from regressions.training.iteration import iterate
from regressions.training.program import make_state

STEPS = {
    "fp32": ["--mode", "fp32"],
    "fp16": ["--mode", "fp16"],
    "fgmp": ["--mode", "fgmp"],
    "exact": ["--mode", "fgmp", "--exact"],
}
"""What is measured: name, and options of the training program."""


def measure(names: Sequence[str], words: Sequence[str], turns: int) -> dict[str, float]:
    """Return the seconds of one step of each kind: forward, backward, loss scale and update.

    Parameters
    ----------
    names : sequence of str
        Keys of `STEPS`.
    words : sequence of str
        Options of the training program that all share.
    turns : int
        Turns that count; one more goes before them.
    """
    steps = {name: _step([*words, *STEPS[name]]) for name in names}
    best = dict.fromkeys(names, float("inf"))
    for turn in range(turns + 1):
        for name, step in steps.items():
            begin = time.perf_counter()
            step()
            if turn:
                best[name] = min(best[name], time.perf_counter() - begin)
    return best


def _step(words: Sequence[str]) -> Callable[[], None]:
    """Return a function that runs one more iteration of a run with these options."""
    options = cli.parse_options(words)
    dataset = load_dataset(options.dataset, options.image_size)
    state = make_state(options, dataset, dataset.train)
    state.model.train()
    images, labels = load_batch(
        dataset.train, next(epoch_batches(len(dataset.train), options.batch, options.seed, 1))
    )
    rate = options.highest_rate / 20  # the first of the schedule

    def step() -> None:
        iterate(state, images, labels, rate, options.masters == "fp16")

    return step


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the seconds of each kind of step as JSON."""
    parser = argparse.ArgumentParser(prog="python -m regressions.training.speed", description=__doc__)
    parser.add_argument("--steps", nargs="+", choices=tuple(STEPS), default=["fp32", "fgmp"])
    parser.add_argument("--turns", type=positive, default=5)
    chosen, words = parser.parse_known_args(arguments)
    seconds = measure(chosen.steps, words, chosen.turns)
    print(json.dumps({"seconds": seconds, "threads": torch.get_num_threads()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
