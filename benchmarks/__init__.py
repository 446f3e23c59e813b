"""Speed of the suite's parts against its targets: ``python -m benchmarks [NAME ...]``.

A benchmark is a module ``bench_<name>.py`` in this folder with a function ``figures()`` that yields
`Figure`s. Numbers from different runs or machines do not compare, so a benchmark also measures what it is
compared with, turn by turn, and takes the best of several turns.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

# Figures are per core. BLAS libraries read these when NumPy is first imported, so they are set here.
for _variable in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[_variable] = "1"


@dataclass(frozen=True)
class Figure:
    """One measured number.

    Attributes
    ----------
    name : str
        What was measured, on what.
    value : float
    unit : str
    target : float, optional
        The least value that the project promises; None for numbers that only inform.
    limit : float, optional
        The greatest value that it promises.
    """

    name: str
    value: float
    unit: str
    target: float | None = None
    limit: float | None = None

    @property
    def met(self) -> bool:
        """Whether the value reaches its target and keeps its limit; True without either."""
        reached = self.target is None or self.value >= self.target
        return reached and (self.limit is None or self.value <= self.limit)

    def row(self) -> str:
        """Return the figure as a line of a table."""
        bounds = [f"at least {self.target:g}"] if self.target is not None else []
        bounds += [f"at most {self.limit:g}"] if self.limit is not None else []
        verdict = f"  {'met' if self.met else 'MISSED'} ({', '.join(bounds)})" if bounds else ""
        return f"  {self.name:<52} {self.value:>9.3g} {self.unit:<8}{verdict}".rstrip()


def best_seconds(runs: Sequence[Callable[[], object]], turns: int = 5) -> list[float]:
    """Return the shortest wall time of each of `runs`, measured turn by turn beside each other.

    One turn before the first is not counted: it compiles, imports and warms caches.
    """
    best = [float("inf")] * len(runs)
    for turn in range(turns + 1):
        for index, run in enumerate(runs):
            start = time.perf_counter()
            run()
            elapsed = time.perf_counter() - start
            if turn:
                best[index] = min(best[index], elapsed)
    return best
