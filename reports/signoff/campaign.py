"""The fault campaign (`./run faults`): carry it out, and report what share of faults the tests catch.

Exit status: 0 if the share is at least the target and enough faults were judged, 1 if not, 2 if nothing could
be measured or reported, 3 if all is well but the campaign is not in the history, 130 if it was interrupted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from golden.seeds import DEFAULT_MASTER_SEED
from regressions.capture.arguments import positive
from regressions.json_codec import ResultsError
from regressions.options import REPORTS, add_history_options, history_file
from regressions.run import git_info, shown, tool_versions
from reports import ReportError
from reports.gate.documents import (
    DIRTY,
    FAULTS_SCHEMA,
    HOW_CAUGHT,
    Caught,
    Equivalent,
    FaultsDocument,
    Survivor,
)
from reports.gate.targets import FAULTS, campaign_lacks
from reports.signoff.faults import DOCUMENT, write
from reports.signoff.interrupt import obey_signals
from reports.signoff.page import INDEX
from reports.signoff.record import append_to_history
from tb.mutation.campaign import MUTANTS, WORKERS, carry_out
from tb.mutation.equivalents import EquivalentsError
from tb.mutation.mutant import Mutant
from tb.mutation.operators import DesignError
from tb.mutation.result import Result, summary
from tb.mutation.tier import NoTestsError
from tb.mutation.worker import BUDGET_S
from tb.mutation.workers import CampaignError
from tb.toolchain import RTL_ROOT, Toolchain, ToolchainError

COMMAND = "./run faults"
EQUIVALENTS = "tb/mutation/equivalents.toml"
MISSES, NOTHING_RUN, NOT_IN_HISTORY, INTERRUPTED = 1, 2, 3, 130
KNOWN = (
    *(CampaignError, DesignError, EquivalentsError, NoTestsError),
    *(OSError, ReportError, ResultsError, ToolchainError),
)
"""Errors whose message says all that the user needs; the file system's name file and cause."""


def document(
    result: Result,
    *,
    seed: int,
    budget_s: float,
    git: str,
    tools: dict[str, str],
    started: datetime,
    wall_s: float,
    rerun: str,
) -> FaultsDocument:
    """Turn what a campaign found into its document."""
    survived = {one.key for one in result.survivors}

    def counts(group: Callable[[Mutant], str]) -> dict[str, Caught]:
        names = sorted({group(one) for one in result.mutants.values()})
        sorts = {name: [one.key for one in result.mutants.values() if group(one) == name] for name in names}
        return {
            name: Caught(
                len(keys),
                sum(key in result.outcomes and key not in survived for key in keys),
                sum(key in result.equivalent for key in keys),
            )
            for name, keys in sorts.items()
        }

    return FaultsDocument(
        schema=FAULTS_SCHEMA,
        seed=seed,
        budget_s=budget_s,
        git=git,
        tools=tools,
        started=started.isoformat(timespec="seconds"),
        wall_s=wall_s,
        rerun=rerun,
        mutants=len(result.mutants),
        caught=len(result.outcomes) - len(survived),
        equivalent=len(result.equivalent),
        survived=len(survived),
        score=result.score,
        verdicts={how: sum(one.verdict == how for one in result.outcomes.values()) for how in HOW_CAUGHT},
        judged=[[key, str(one.verdict), one.test] for key, one in sorted(result.outcomes.items())],
        files=counts(file_of),
        operators=counts(lambda one: str(one.operator)),
        survivors=[
            Survivor(
                one.key,
                file_of(one),
                one.line,
                str(one.operator),
                one.right,
                one.faulty,
                result.nearest.get(one.key, []),
                one.key not in result.not_met,
            )
            for key, one in result.mutants.items()  # not in the order in which workers came to their ends
            if key in survived
        ],
        equivalents=[
            Equivalent(
                one.key,
                file_of(one),
                one.line,
                str(one.operator),
                one.right,
                one.faulty,
                result.equivalent[key],
            )
            for key, one in result.mutants.items()
            if key in result.equivalent
        ],
        problems=problems(result),
    )


def file_of(mutant: Mutant) -> str:
    """Return the mutant's file below the repository's root, as all documents name files."""
    return f"{RTL_ROOT.name}/{mutant.file}"


def problems(result: Result) -> list[str]:
    """Say why a campaign is not enough for sign-off, if so."""
    caught = len(result.outcomes) - len(result.survivors)
    found = campaign_lacks(len(result.mutants), caught, len(result.equivalent))
    if result.changed:
        found.append(f"the design or its tests changed during the campaign; run it again ({COMMAND})")
    return [*found, *refuted(result)]


def refuted(result: Result) -> list[str]:
    """Name each mutant that is called no fault and is caught all the same, with what says so and the test."""
    found = []
    for one, outcome in result.refuted:
        found.append(
            f"{EQUIVALENTS}: the entry of {file_of(one)}:{one.line} ({one.diff}) says that it is no fault, "
            f"but {outcome.test} tells it from the design ({outcome.verdict}); "
            "correct the entry or take it out"
        )
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    options = _parser().parse_args(arguments)
    part = options.mutants != MUTANTS or bool(options.files)
    started = datetime.now(UTC)
    git = git_info()
    try:
        tools = tool_versions(Toolchain.find())
        result = carry_out(
            options.mutants,
            options.seed,
            options.workers,
            options.budget,
            options.files or (),
            options.challenge,
        )
        made = document(
            result,
            seed=options.seed,
            budget_s=options.budget,
            git=f"{git.commit or 'unknown'}{DIRTY * git.dirty}",
            tools=tools,
            started=started,
            wall_s=result.wall_s,
            rerun=rerun(options),
        )
        print("\n".join(summary(result)))
        if part:
            print("faults: a part of the campaign; reports and gate keep the last whole one")
            wrong = refuted(result)
            print("".join(f"faults: {one}\n" for one in wrong), end="")
            return MISSES if wrong or result.score < FAULTS else 0
        folder = write(made, options.out, result.cut)
    except KeyboardInterrupt:
        print(f"error: interrupted; verdicts are kept, {COMMAND} goes on there", file=sys.stderr)
        return INTERRUPTED
    except KNOWN as error:
        print(f"error: {error}", file=sys.stderr)
        return NOTHING_RUN
    history = history_file(options)
    appended = append_to_history(folder / DOCUMENT, history, options.out)
    for problem in made.problems:
        print(f"faults: {problem}")
    print(f"report: {shown(folder / INDEX)}")
    if made.problems:
        return MISSES
    return 0 if appended else NOT_IN_HISTORY


def rerun(options: argparse.Namespace) -> str:
    """Return the command that carries out the same campaign."""
    words = [COMMAND]
    words += [f"--seed {options.seed}"] if options.seed != DEFAULT_MASTER_SEED else []
    words += [f"--budget {options.budget:g}"] if options.budget != BUDGET_S else []
    return " ".join(words)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    add = parser.add_argument
    seed = DEFAULT_MASTER_SEED
    add(
        "--mutants",
        type=positive,
        default=MUTANTS,
        metavar="N",
        help="mutants to draw (default: %(default)s)",
    )
    add("--files", nargs="+", metavar="START", help="only files below rtl/ that begin so")
    add("--seed", type=int, default=seed, metavar="N", help="of the draw (default: %(default)s)")
    add("--workers", type=positive, default=WORKERS, metavar="N", help="at a time (default: %(default)s)")
    help_of_budget = "seconds of its room's tests that a mutant meets (default: %(default)s)"
    add("--budget", type=float, default=BUDGET_S, metavar="S", help=help_of_budget)
    add("--challenge", action="store_true", help=f"run those of {EQUIVALENTS}, too: no test may catch one")
    add("--out", type=Path, default=REPORTS, metavar="FOLDER", help="reports (default: reports/out)")
    add_history_options(parser)
    return parser


if __name__ == "__main__":
    obey_signals()
    sys.exit(main())
