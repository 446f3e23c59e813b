"""Which of all mutants a campaign judges."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from golden.seeds import derive_seed
from tb.mutation.mutant import Mutant

LEAST_OF_A_FILE = 4


def draw(mutants: Sequence[Mutant], count: int, seed: int) -> list[Mutant]:
    """Draw `count` mutants: of each file its share but a few at least, its operators in turn.

    A mutant's place in the order of its file and operator follows from its name and the seed alone, so that
    a change of one line leaves the others of its file as they are drawn.
    """

    def rank(mutant: Mutant) -> int:
        return derive_seed(mutant.key, seed)

    queues: dict[str, list[Mutant]] = {}
    by_file: dict[str, dict[str, list[Mutant]]] = defaultdict(lambda: defaultdict(list))
    for mutant in sorted(mutants, key=rank):
        by_file[mutant.file][mutant.operator].append(mutant)
    for file, operators in by_file.items():
        turns = max(len(of) for of in operators.values())
        queues[file] = [of[turn] for turn in range(turns) for of in operators.values() if turn < len(of)]
    share = count / max(len(mutants), 1)
    chosen = [
        mutant
        for queue in queues.values()
        for mutant in queue[: max(LEAST_OF_A_FILE, round(share * len(queue)))]
    ]
    return sorted(chosen, key=lambda one: (one.file, one.start, one.faulty))
