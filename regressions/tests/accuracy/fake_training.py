"""Takes the place of the training program in tests: the same options, a made-up record at once.

The environment's `WILL` says what happens to a format: ``mode=diverge``, ``mode=fail``, ``mode=sleep``;
`LIFTED` adds to FGMP's accuracy.
"""

from __future__ import annotations

import os
import sys
import time

import numpy as np

from golden.seeds import derive_seed
from regressions.training.cli import parse_options
from regressions.training.options import Options
from regressions.training.record import NAME, Record

WILL = "FAKE_TRAINING"
LIFTED = "FAKE_TRAINING_LIFTED"
ITERATIONS = 30
IMAGES = 80
LIFT = {"fp32": 0.0, "fp16": 0.001, "fp8-e4m3": -0.02, "fgmp": -0.001}


def made_up(options: Options, diverged: bool = False) -> Record:
    """Return the record of a run: accuracy by its mode and seed, losses that fall."""
    rng = np.random.default_rng(derive_seed(f"fake {options.mode} {options.policy}", options.seed))
    total = options.iterations or ITERATIONS
    done = total // 2 if diverged else total
    record = Record(options.recipe, total, "none", 1234, IMAGES, 200)
    record.losses = [float(2 / (1 + at / 4) + 0.01 * rng.random()) for at in range(done)]
    record.scales = [1024.0] * done
    base = 0.97 + LIFT.get(options.mode, 0.0)
    base += float(os.environ.get(LIFTED, "0")) if options.mode == "fgmp" else 0.0
    record.tests = [
        {"iteration": at, "accuracy": round(base * at / total + 0.002 * (options.seed % 3), 6)}
        for at in range(total // 3, done + 1, total // 3)
    ]
    if options.mode.startswith("f") and options.mode not in ("fp32", "fp16"):
        record.shares = [
            {"iteration": at}
            | {
                tensor: {"elements": 1000, "nonzeros": 800, "fp16": int(80 + at), "e_thr": {"stem": -2}}
                for tensor in ("X", "W", "delta")
            }
            for at in (1, *range(10, done + 1, 10))
        ]
    if diverged:
        record.diverged = {"iteration": done + 1, "reason": f"the loss is nan in iteration {done + 1}"}
    record.seconds = 1.5
    return record


def main() -> int:
    """Do what the environment says, else write a record."""
    options = parse_options(sys.argv[1:])
    will = dict(word.split("=") for word in os.environ.get(WILL, "").split())
    act = will.get(options.mode, "")
    if act == "fail":
        print("error: --dataset nothing: is not a known data set. Remedy: choose digits.", file=sys.stderr)
        return 1
    print("note: the files are few")
    if act == "sleep":
        time.sleep(60)
    record = made_up(options, diverged=act == "diverge")
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / NAME).write_text(record.to_json(), encoding="utf-8")
    return 1 if act == "diverge" else 0


if __name__ == "__main__":
    sys.exit(main())
