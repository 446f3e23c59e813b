"""Run the benchmarks and print their figures; the exit status is 1 if one misses its target or cannot run."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

PREFIX = "bench_"


def main(arguments: list[str]) -> int:
    """Run the benchmarks named, or all; return the exit status."""
    names = sorted(path.stem.removeprefix(PREFIX) for path in Path(__file__).parent.glob(f"{PREFIX}*.py"))
    description = "Measure speed against the targets."
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=description)
    parser.add_argument("name", nargs="*", help=f"benchmarks to run: {', '.join(names)} (default: all)")
    chosen = parser.parse_args(arguments).name or names
    unknown = [name for name in chosen if name not in names]
    if unknown:
        parser.error(f"unknown benchmark '{unknown[0]}': choose from {', '.join(names)}")
    missed, broken = 0, []
    for name in chosen:
        module = importlib.import_module(f"benchmarks.{PREFIX}{name}")
        print(f"{name}: {(module.__doc__ or '').splitlines()[0]}", flush=True)
        try:
            for figure in module.figures():
                print(figure.row(), flush=True)
                missed += not figure.met
        except RuntimeError as error:  # one that needs a trace that is not there must not end the others
            print(f"error: {name}: {error}", file=sys.stderr, flush=True)
            broken.append(name)
    print(f"{missed} targets missed" if missed else "every target met" if not broken else "no target missed")
    if broken:
        print(f"not measured: {', '.join(broken)}")
    return 1 if missed or broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
